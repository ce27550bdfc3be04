//! What is kept of a Deployment.

use std::mem;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use kube::core::ObjectMeta;

use super::{Kept, Part, Text};
use crate::cluster::template;
use crate::release::Template;

/// What a Deployment rolls out.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    /// What it says; of the pod template, nothing but the labels.
    pub spec: DeploymentSpec,
    /// What its pod template comes to.
    pub template: Option<Template>,
    pod_template: Text<PodTemplateSpec>,
}

impl Part for Rollout {
    type Of = Deployment;
}

impl Rollout {
    /// What is kept of `deployment`.
    #[must_use]
    pub fn kept(deployment: Deployment) -> Kept<Self> {
        let Deployment { metadata, mut spec, .. } = deployment;
        let pod_template = mem::take(&mut spec.template);
        let (template, text) = (template::read(Some(&pod_template)), Text::of(&pod_template));
        let labels = pod_template.metadata.and_then(|metadata| metadata.labels);
        spec.template.metadata = Some(ObjectMeta { labels, ..ObjectMeta::default() });
        Kept::new(metadata, Self { spec, template, pod_template: text })
    }

    /// The whole pod template.
    pub(in crate::cluster) fn pod_template(&self) -> Option<PodTemplateSpec> {
        self.pod_template.read()
    }
}

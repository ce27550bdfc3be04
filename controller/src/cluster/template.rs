//! What a pod template comes to.

use graylane_core::name::VersionName;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::PodTemplateSpec;

use super::HASH_LABEL;
use crate::release::{Template, fingerprint};

/// What `kubectl rollout restart` changes.
const RESTART: &str = "kubectl.kubernetes.io/restartedAt";

/// The version that a Deployment says, as releases call it.
#[must_use]
pub fn version_of(deployment: &Deployment) -> Option<VersionName> {
    read(Some(&deployment.spec.template)).map(|template| template.version)
}

/// The name and the content of a template; `None` where there is none.
///
/// Both are taken from what the API server stores, with all defaults, so that a Deployment and a `ReplicaSet` that came
/// from it agree.
pub(super) fn read(template: Option<&PodTemplateSpec>) -> Option<Template> {
    let mut template = template?.clone();
    let metadata = template.metadata.get_or_insert_default();
    if let Some(labels) = &mut metadata.labels {
        labels.remove(HASH_LABEL);
    }
    metadata.creation_timestamp = None;
    let version = VersionName::new(fingerprint(&template)).ok()?;
    let metadata = template.metadata.get_or_insert_default();
    if let Some(annotations) = &mut metadata.annotations {
        annotations.remove(RESTART);
    }
    metadata.annotations = metadata.annotations.take().filter(|annotations| !annotations.is_empty());
    Some(Template { version, content: fingerprint(&template) })
}

//! What is kept of a `ReplicaSet`.

use graylane_core::name::VersionName;
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetStatus};
use kube::{Resource, ResourceExt};

use super::{Kept, Part, Text};
use crate::api::GrayRelease;
use crate::cluster::{HASH_LABEL, RELEASE_LABEL, template};
use crate::release::{Owner, PodSet, Template};

/// The pods of one version. Deployments leave ten sets without any behind, of which hardly more than the name is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicas {
    /// The version, as Kubernetes labels its pods.
    pub version: Option<VersionName>,
    /// What the pod template comes to.
    template: Option<Template>,
    /// How many pods there are to be, are, and are available.
    wanted: u32,
    pods: u32,
    available: u32,
    /// What the controller of `ReplicaSet`s says when the API server refuses a pod.
    failure: Option<String>,
    /// What a release needs to know of what it has made.
    made: Option<Made>,
}

/// A `ReplicaSet` that a release has made and no Deployment has taken.
#[derive(Debug, Clone, PartialEq)]
struct Made {
    release: String,
    whole: Text<ReplicaSet>,
}

impl Part for Replicas {
    type Of = ReplicaSet;
}

impl Replicas {
    /// What is kept of `set`.
    #[must_use]
    pub fn kept(mut set: ReplicaSet) -> Kept<Self> {
        set.metadata.managed_fields = None;
        let status = set.status.as_ref();
        let count = |number: Option<i32>| u32::try_from(number.unwrap_or_default()).unwrap_or_default();
        let replicas = Self {
            version: set.labels().get(HASH_LABEL).and_then(|hash| VersionName::new(hash).ok()),
            template: template::read(set.spec.template.as_ref()),
            wanted: count(set.spec.replicas.or(Some(1))),
            pods: count(status.map(|status| status.replicas)),
            available: count(status.and_then(|status| status.available_replicas)),
            failure: status.and_then(failure),
            made: Made::of(&set),
        };
        set.metadata.labels = None;
        Kept::new(set.metadata, replicas)
    }

    /// The release that has made it, while no Deployment has taken it.
    pub(in crate::cluster) fn release(&self) -> Option<&str> {
        self.made.as_ref().map(|made| made.release.as_str())
    }

    /// The whole object, of one that a release has made and no Deployment has taken.
    pub(in crate::cluster) fn whole(&self) -> Option<&Text<ReplicaSet>> {
        self.made.as_ref().map(|made| &made.whole)
    }

    /// As the state machine is told, with its version; `None`: it is of no version, or has no pods to make.
    pub(in crate::cluster) fn pod_set(&self, owner: Owner) -> Option<(VersionName, PodSet)> {
        let facts = PodSet {
            template: self.template.clone()?,
            owner,
            replicas: self.wanted,
            pods: self.pods,
            available: self.available,
            failure: self.failure.clone(),
        };
        Some((self.version.clone()?, facts))
    }
}

impl Made {
    fn of(set: &ReplicaSet) -> Option<Self> {
        let controller = set.owner_references().iter().find(|owner| owner.controller == Some(true));
        let release = set.labels().get(RELEASE_LABEL)?;
        let is_made = controller.is_none_or(|owner| owner.kind == GrayRelease::kind(&()));
        is_made.then(|| Self { release: release.clone(), whole: Text::of(set) })
    }
}

fn failure(status: &ReplicaSetStatus) -> Option<String> {
    let mut failures = status.conditions.iter().flatten().filter(|one| one.type_.as_deref() == Some("ReplicaFailure"));
    failures.find(|failure| failure.status.as_deref() == Some("True"))?.message.clone()
}

//! What the state machine knows of the world.

use std::collections::BTreeMap;
use std::sync::Arc;

use graylane_core::name::VersionName;

use crate::api::Reason;

/// What a release needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What is known of each workload, in the order of the spec; `None` where the Deployment is not there.
    pub workloads: Vec<Option<WorkloadFacts>>,
    /// The live proxies in scope, as `NAMESPACE/POD`, and the generation each reported last; `None`: none so far.
    pub proxies: Arc<BTreeMap<String, Option<u64>>>,
    /// How many requests of the versions that are released each proxy has sent to another one, where it has.
    pub mismatches: BTreeMap<String, u64>,
    /// The generation by which the traffic of the stored status is published; `None`: it is not.
    pub published: Option<u64>,
    /// Whether proxies have the filter's module that they are to have.
    pub filter: Filter,
    /// The verb that was written on the object last.
    pub verb: Option<String>,
    /// Whether the object is being deleted.
    pub life: Life,
    /// The generation of the object.
    pub generation: i64,
    /// What stands in the way of what the object says; the planner leaves it out then.
    pub objection: Option<Objection>,
    /// What the object was changed to, if that is refused: the spec is then what was accepted last.
    pub edit: Option<RefusedEdit>,
}

/// What an object was changed to, and can not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedEdit {
    /// Why.
    pub objection: Objection,
    /// The generation of the object that was accepted last.
    pub in_force: i64,
}

impl RefusedEdit {
    /// What is said of it.
    #[must_use]
    pub fn told(&self) -> Objection {
        let Self { objection: Objection { reason, message }, in_force } = self;
        let message = format!("{message}; what was accepted last (generation {in_force}) stays in force");
        Objection { reason: *reason, message }
    }
}

/// What stands in the way of what an object says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// Why, in a word.
    pub reason: Reason,
    /// The field, what is wrong with it, and what to do.
    pub message: String,
}

/// Whether an object is being deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It stays.
    Kept,
    /// It is being deleted.
    Deleted,
}

/// Whether proxies have the filter's module that they are to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// They have, or go on with the one that they have.
    InPlace,
    /// They get another one: no release gets on meanwhile.
    Exchanged,
}

/// What is known of one Deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadFacts {
    /// How many pods it is to have.
    pub replicas: u32,
    /// Whether it is paused.
    pub paused: bool,
    /// Whether it carries the label by which the admission policy holds its changes.
    pub labelled: bool,
    /// Its pod template.
    pub template: Template,
    /// Its pods, by the `pod-template-hash` of their `ReplicaSet`, whoever owns that.
    pub sets: BTreeMap<VersionName, PodSet>,
}

/// What a pod template comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The name of the version that this template is.
    pub version: VersionName,
    /// Equal for templates that differ by a restart only.
    pub content: String,
}

/// The pods of one `ReplicaSet`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSet {
    /// Its template.
    pub template: Template,
    /// Who looks after it.
    pub owner: Owner,
    /// How many pods it is to have.
    pub replicas: u32,
    /// How many it has.
    pub pods: u32,
    /// How many of them have been ready for `minReadySeconds`.
    pub available: u32,
    /// Why more pods can not be made, as a quota or an admission plugin says it.
    pub failure: Option<String>,
}

/// Who looks after a `ReplicaSet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The Deployment.
    Deployment,
    /// A release.
    Release,
}

impl WorkloadFacts {
    /// The version that the Deployment has rolled out completely, if it has.
    pub(super) fn settled(&self) -> Option<&VersionName> {
        let mut with_pods = self.sets.iter().filter(|(_, set)| set.pods > 0 || set.replicas > 0);
        let (version, set) = with_pods.next()?;
        let whole = set.owner == Owner::Deployment && set.available >= self.replicas && set.available > 0;
        (whole && with_pods.next().is_none()).then_some(version)
    }

    /// The version of the Deployment's that most pods serve.
    pub(super) fn foremost(&self) -> Option<&VersionName> {
        let owned = self.sets.iter().filter(|(_, set)| set.owner == Owner::Deployment && set.available > 0);
        owned.max_by_key(|(_, set)| set.available).map(|(version, _)| version)
    }

    /// Whether the Deployment says something else than `version` does; a restart is the same.
    pub(super) fn differs_from(&self, version: &VersionName) -> bool {
        self.sets.get(version).is_none_or(|set| set.template.content != self.template.content)
    }

    /// How many pods of `version` are available.
    pub(super) fn available(&self, version: &VersionName) -> u32 {
        self.sets.get(version).map_or(0, |set| set.available)
    }
}

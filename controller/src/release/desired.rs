//! What a stored status asks for. It never looks back: nothing but status, spec and facts is needed to do it again.

use graylane_core::name::VersionName;

use super::course::Course;
use super::{Facts, Owner, WorkloadFacts};
use crate::api::{BaseRoute, GrayReleaseSpec, GrayReleaseStatus, Hold, Phase, Traffic, WorkloadStatus};

/// What a release asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// What proxies are to do.
    pub traffic: Traffic,
    /// What is to become of each workload, in the order of the spec.
    pub workloads: Vec<DesiredWorkload>,
    /// Whether the object may go when it is deleted.
    pub finalizer: Finalizer,
}

/// What is to become of a Deployment and its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredWorkload {
    /// Whether the Deployment is to be paused.
    pub pausing: Pausing,
    /// The version that serves base.
    pub stable: Option<VersionName>,
    /// The pods of the new version; `None`: there are to be none.
    pub gray: Option<GraySet>,
    /// Old, empty `ReplicaSet`s of the Deployment with the new version's template, which it would take for the new one.
    pub twins: Vec<VersionName>,
}

/// The pods of a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraySet {
    /// Its name.
    pub version: VersionName,
    /// How many there are to be.
    pub replicas: u32,
    /// Whose they are to be.
    pub custody: Custody,
}

/// Whose the pods of a new version are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Custody {
    /// The release's, which scales them.
    Release,
    /// The Deployment's, from here on.
    Deployment,
}

/// Whether a Deployment is to be paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pausing {
    /// It is to be paused.
    Paused,
    /// It is to go on.
    Running,
    /// It is left as it is.
    AsItIs,
}

/// Whether a deleted object may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finalizer {
    /// It must wait.
    Kept,
    /// It may go.
    Dropped,
}

/// What `status` asks for.
pub(super) fn of(facts: &Facts, spec: &GrayReleaseSpec, course: &Course, status: &GrayReleaseStatus) -> Desired {
    let workloads = status.workloads.iter().zip(&facts.workloads);
    let workloads = workloads.map(|(workload, facts)| DesiredWorkload {
        pausing: facts.as_ref().map_or(Pausing::AsItIs, |facts| pausing(status.phase, spec.hold, workload, facts)),
        stable: workload.stable.clone(),
        gray: facts.as_ref().and_then(|facts| gray(course, status, workload, facts)),
        twins: facts.as_ref().map(|facts| twins(status.phase, workload, facts)).unwrap_or_default(),
    });
    let finalizer = if status.phase == Phase::Withdrawn { Finalizer::Dropped } else { Finalizer::Kept };
    Desired { traffic: status.traffic.clone(), workloads: workloads.collect(), finalizer }
}

fn pausing(phase: Phase, hold: Hold, workload: &WorkloadStatus, facts: &WorkloadFacts) -> Pausing {
    let at_rest = matches!(phase, Phase::Idle | Phase::Completed);
    match phase {
        Phase::Leaving | Phase::Withdrawn => running(facts),
        // Also while others are released: what has not changed may restart.
        _ if at_rest || workload.gray.is_none() => match (&workload.stable, hold) {
            // A new version: the release begins with the next pass.
            (Some(stable), _) if facts.paused && facts.differs_from(stable) => Pausing::AsItIs,
            // Nothing but a restart, or the way back: the Deployment does that by itself.
            (Some(_), Hold::Always) if facts.settled().is_some_and(|settled| facts.is(settled)) => Pausing::Paused,
            (Some(_) | None, Hold::Policy | Hold::Always) => running(facts),
        },
        Phase::Idle
        | Phase::Completed
        | Phase::Preparing
        | Phase::Routing
        | Phase::Scaling
        | Phase::Announcing
        | Phase::Propagating
        | Phase::Pausing
        | Phase::Switching
        | Phase::Draining
        | Phase::Adopting
        | Phase::Aborting
        | Phase::Withdrawing
        | Phase::Aborted => Pausing::Paused,
    }
}

/// A Deployment that nobody paused is left alone.
fn running(facts: &WorkloadFacts) -> Pausing {
    if facts.paused { Pausing::Running } else { Pausing::AsItIs }
}

fn gray(
    course: &Course,
    status: &GrayReleaseStatus,
    workload: &WorkloadStatus,
    facts: &WorkloadFacts,
) -> Option<GraySet> {
    let version = workload.gray.clone()?;
    let step = usize::try_from(status.step).unwrap_or(usize::MAX);
    // Down only after the weight is: whatever proxies may still send must be served.
    let published = status.publication.as_ref().map_or(status.traffic.weight, |published| published.traffic.weight);
    let carried = super::course::share(published.max(status.traffic.weight), facts.replicas);
    let present = facts.sets.get(&version).map_or(0, |set| set.replicas);
    let (replicas, custody) = match status.phase {
        Phase::Preparing | Phase::Routing => (0, Custody::Release),
        Phase::Scaling | Phase::Announcing | Phase::Propagating | Phase::Pausing => {
            (course.replicas(step, facts.replicas).max(carried), Custody::Release)
        }
        Phase::Switching | Phase::Draining => (facts.replicas, Custody::Release),
        Phase::Adopting => (facts.replicas, Custody::Deployment),
        Phase::Aborting => (present, Custody::Release),
        // Removed only when no pod of it is left, so that whoever chooses among all pods meets none that ends.
        Phase::Withdrawing if facts.sets.contains_key(&version) => (0, Custody::Release),
        Phase::Idle | Phase::Completed | Phase::Withdrawing | Phase::Aborted | Phase::Leaving | Phase::Withdrawn => {
            return None;
        }
    };
    Some(GraySet { version, replicas, custody })
}

fn twins(phase: Phase, workload: &WorkloadStatus, facts: &WorkloadFacts) -> Vec<VersionName> {
    let Some(gray) = workload.gray.as_ref().filter(|_| phase == Phase::Preparing) else {
        return Vec::new();
    };
    let empty = facts.sets.iter().filter(|(_, set)| set.owner == Owner::Deployment && set.replicas == 0);
    let twins = empty.filter(|(_, set)| set.template.version == *gray);
    twins.map(|(version, _)| version.clone()).collect()
}

impl WorkloadFacts {
    /// Whether the Deployment says exactly what `version` is.
    pub(super) fn is(&self, version: &VersionName) -> bool {
        self.sets.get(version).is_some_and(|set| set.template == self.template)
    }
}

impl Desired {
    /// Whether routes to single versions are to lie.
    #[must_use]
    pub fn is_routed(&self) -> bool {
        self.traffic.base != BaseRoute::Service
    }
}

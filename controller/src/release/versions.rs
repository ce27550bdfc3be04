//! Which versions there are: what is stable, what is new, and whether that has changed meanwhile.

use graylane_core::name::VersionName;

use super::{Life, Machine, WorkloadFacts};
use crate::api::{DeploymentName, Phase, WorkloadStatus};

/// What a Deployment says, compared with what is being released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// What is being released.
    Same,
    /// The stable version again.
    Back,
    /// Something else.
    Other,
}

impl Machine<'_> {
    /// Brings the list of workloads in line with the spec, and notes what each Deployment has come to by itself.
    pub(super) fn look_at_deployments(&mut self) {
        let named = self.spec.workloads.iter().filter_map(|workload| workload.deployment.clone());
        let workloads = named.zip(&self.facts.workloads).map(|(deployment, facts)| {
            let before = self.status.workloads.iter().find(|workload| workload.deployment == deployment);
            let stable = before.and_then(|before| before.stable.as_ref());
            let stable = facts.as_ref().map_or(stable, |facts| facts.stable(stable)).cloned();
            WorkloadStatus { deployment, stable, gray: None, ready: 0, replicas: 0 }
        });
        self.status.workloads = workloads.collect();
    }

    /// Takes every new version that a paused Deployment holds; none if it is not known what is stable.
    pub(super) fn take_new_versions(&mut self) -> usize {
        let mut taken = 0;
        if self.status.workloads.iter().any(|workload| workload.stable.is_none()) {
            return taken;
        }
        for (workload, facts) in self.status.workloads.iter_mut().zip(&self.facts.workloads) {
            let (Some(facts), Some(stable)) = (facts, &workload.stable) else { continue };
            if facts.paused && facts.differs_from(stable) {
                workload.gray = Some(facts.template.version.clone());
                taken += 1;
            }
        }
        taken
    }

    /// What the Deployments say now, compared with what is being released.
    pub(super) fn compared(&self) -> Wish {
        let mut all = Wish::Same;
        let same_list = self.status.workloads.len() == self.facts.workloads.len()
            && self
                .status
                .workloads
                .iter()
                .zip(&self.spec.workloads)
                .all(|(known, named)| named.deployment.as_ref() == Some(&known.deployment));
        if self.facts.life == Life::Deleted || !same_list {
            return Wish::Back;
        }
        let mut back = true;
        for (workload, facts) in self.status.workloads.iter().zip(&self.facts.workloads) {
            let (Some(facts), Some(stable)) = (facts, &workload.stable) else { return Wish::Back };
            let changed = facts.differs_from(stable);
            back &= !changed;
            let same = match &workload.gray {
                Some(gray) => facts.template.version == *gray,
                None => !changed,
            };
            if !same {
                all = Wish::Other;
            }
        }
        if all == Wish::Other && back { Wish::Back } else { all }
    }
}

/// A Deployment that rolls out by itself what should have been released.
pub(super) struct NotHeld<'a>(pub(super) &'a DeploymentName);

impl Machine<'_> {
    /// The first Deployment at rest that says something else than its stable version, and is not paused.
    pub(super) fn not_held(&self) -> Option<NotHeld<'_>> {
        let resting = matches!(self.status.phase, Phase::Idle | Phase::Completed);
        let pairs = self.status.workloads.iter().zip(&self.facts.workloads).filter(|_| resting);
        let mut rolling = pairs.filter(|(workload, facts)| {
            let (Some(facts), Some(stable)) = (facts, &workload.stable) else { return false };
            !facts.paused && facts.differs_from(stable)
        });
        rolling.next().map(|(workload, _)| NotHeld(&workload.deployment))
    }
}

impl Machine<'_> {
    /// The first Deployment that the admission policy does not know yet as one of a release.
    pub(super) fn not_taken_over(&self) -> Option<&WorkloadStatus> {
        let mut pairs = self.status.workloads.iter().zip(&self.facts.workloads);
        let kept = self.facts.life == Life::Kept;
        let found = pairs.find(|(_, facts)| kept && facts.as_ref().is_some_and(|facts| !facts.labelled));
        found.map(|(workload, _)| workload)
    }
}

impl WorkloadFacts {
    /// The stable version, which was `before`: what the Deployment has rolled out completely, as long as it did that by
    /// itself.
    fn stable<'a>(&'a self, before: Option<&'a VersionName>) -> Option<&'a VersionName> {
        let gone = before.is_none_or(|before| !self.sets.contains_key(before));
        self.settled().or_else(|| if gone { self.foremost() } else { before })
    }
}

//! The steps of a release: which weight and how many replicas each of them asks for.

use graylane_core::Percentage;
use graylane_core::slots::SLOTS;

use super::fingerprint;
use crate::api::{Canary, GrayReleaseSpec, Pause, Step};

/// The steps, and what comes of them.
#[derive(Debug)]
pub(super) struct Course {
    canary: Canary,
    hash: String,
}

impl Course {
    /// The steps of `spec`. Without a strategy there is one, the object's own weight, which is held until somebody
    /// promotes.
    pub(super) fn of(spec: &GrayReleaseSpec) -> Self {
        let manual = || Canary::of(vec![Step::SetWeight(spec.weight), Step::Pause(Pause::default())]);
        let canary = spec.strategy.as_ref().map_or_else(manual, |strategy| strategy.canary.clone());
        let hash = fingerprint(&canary.steps);
        Self { canary, hash }
    }

    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    /// How many steps there are. The index after the last one stands for everybody.
    pub(super) fn len(&self) -> usize {
        self.canary.steps.len()
    }

    /// The wait that a step is, if it is one.
    pub(super) fn pause(&self, step: usize) -> Option<&Pause> {
        match self.canary.steps.get(step)? {
            Step::Pause(pause) => Some(pause),
            Step::SetWeight(_) | Step::SetReplicas(_) => None,
        }
    }

    /// The weight that holds when `step` is complete.
    pub(super) fn weight(&self, step: usize) -> Percentage {
        if step >= self.len() {
            return Percentage::FULL;
        }
        let mut weights = self.canary.steps.iter().take(step + 1).filter_map(|step| match step {
            Step::SetWeight(weight) => Some(*weight),
            Step::Pause(_) | Step::SetReplicas(_) => None,
        });
        weights.next_back().unwrap_or_default()
    }

    /// How many of `total` replicas a version needs for `step`.
    pub(super) fn replicas(&self, step: usize, total: u32) -> u32 {
        if step >= self.len() {
            return total;
        }
        let mut numbers = self.canary.steps.iter().take(step + 1).filter_map(|step| match step {
            Step::SetReplicas(replicas) => Some(*replicas),
            Step::SetWeight(_) | Step::Pause(_) => None,
        });
        numbers.next_back().or(self.canary.replicas).unwrap_or_else(|| share(self.weight(step), total))
    }

    /// For how long the old pods stay.
    pub(super) fn scale_down_delay(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.canary.scale_down_delay_seconds.into())
    }
}

/// As many of `total` replicas as `weight` asks for, rounded up; at least one, which is ready for rules.
pub(super) fn share(weight: Percentage, total: u32) -> u32 {
    let needed = (u64::from(total) * u64::from(weight.slots())).div_ceil(u64::from(SLOTS));
    u32::try_from(needed).unwrap_or(total).max(1)
}

//! Whether requests really go where filters decide: a release whose requests go elsewhere is stopped.
//!
//! Proxies count requests of the new version that were sent to another one, since they started. What they had counted
//! before the release, or before somebody resumed it, is noted in the status, so only what comes on top counts.

use super::{MOST_NAMED, Machine};
use crate::api::{OnSteeringMismatch, Steering};

impl Machine<'_> {
    /// Stops a release whose requests go elsewhere; whether it did.
    pub(super) fn is_missteered(&mut self) -> bool {
        // What a proxy that has started anew counts is news again.
        for (proxy, before) in &mut self.status.steering.before {
            *before = self.facts.mismatches.get(proxy).map_or(*before, |now| (*before).min(*now));
        }
        if !self.status.phase.is_stepping() || self.status.paused_since.is_some() {
            return false;
        }
        let suspects = self.suspects();
        if suspects.is_empty() {
            return false;
        }
        let reason = missteered(&suspects);
        self.status.steering.suspects = suspects;
        match self.spec.on_steering_mismatch {
            OnSteeringMismatch::Hold => {
                self.note(super::history::OURSELVES, format!("paused: {reason}"));
                self.status.paused_since = Some(self.now);
            }
            OnSteeringMismatch::Abort => {
                self.note(super::history::OURSELVES, format!("aborted: {reason}"));
                self.abort(Some(reason));
            }
        }
        true
    }

    /// Takes what was counted so far for known.
    pub(super) fn trust_steering(&mut self) {
        self.status.steering = Steering { before: self.facts.mismatches.clone(), suspects: Vec::new() };
    }

    fn suspects(&self) -> Vec<String> {
        let before = |proxy| self.status.steering.before.get(proxy).copied().unwrap_or_default();
        let more = self.facts.mismatches.iter().filter(|(proxy, count)| **count > before(*proxy));
        more.map(|(proxy, _)| proxy.clone()).take(MOST_NAMED).collect()
    }
}

/// What is wrong, in a sentence.
pub(super) fn missteered(suspects: &[String]) -> String {
    format!(
        "proxies sent requests of the new version elsewhere: {}; is a route of somebody else's in front, or was one of ours changed?",
        suspects.join(", ")
    )
}

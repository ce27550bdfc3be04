//! Whether a release gets on: the progress deadline.

use std::time::Duration;

use super::Machine;
use crate::api::{OnLaggingProxies, Phase};

impl Machine<'_> {
    /// Aborts a release that has made no progress for too long; whether it did.
    pub(super) fn deadline_has_passed(&mut self) -> bool {
        self.note_progress();
        if self.status.paused_since.is_some() || !self.is_overdue() {
            return false;
        }
        let seconds = self.spec.progress_deadline_seconds;
        let reason = match self.status.phase {
            Phase::Scaling | Phase::Announcing if !self.enough_are_available() => {
                format!("replicas of the new version were not ready, without progress for {seconds} s")
            }
            _ if self.spec.on_lagging_proxies == OnLaggingProxies::Abort && !self.acknowledged() => {
                format!("proxies had not taken the last change {seconds} s after the last one did")
            }
            _ => return false,
        };
        self.note(super::history::OURSELVES, format!("aborted: {reason}"));
        self.abort(Some(reason));
        true
    }

    /// Whether nothing has got better for as long as is allowed.
    pub(super) fn is_overdue(&self) -> bool {
        let deadline = Duration::from_secs(self.spec.progress_deadline_seconds.into());
        let waits = matches!(self.status.phase, Phase::Pausing | Phase::Draining) || !self.status.phase.is_under_way();
        let last = self.status.high_water.time;
        !waits && last.is_some_and(|last| self.now > last && self.now.duration_since(last).unsigned_abs() >= deadline)
    }

    /// Raises the mark of the best that was reached. What only comes back has been reached before.
    fn note_progress(&mut self) {
        let ready = self.available();
        let acknowledged = self.status.proxies.acknowledged;
        let mark = &mut self.status.high_water;
        if ready > mark.ready || acknowledged > mark.acknowledged || mark.time.is_none() {
            mark.time = Some(self.now);
            mark.ready = mark.ready.max(ready);
            mark.acknowledged = mark.acknowledged.max(acknowledged);
        }
    }

    /// How many pods of new versions serve, over all workloads.
    fn available(&self) -> u32 {
        let pairs = self.status.workloads.iter().zip(&self.facts.workloads);
        let grays = pairs.filter_map(|(workload, facts)| Some(facts.as_ref()?.available(workload.gray.as_ref()?)));
        grays.fold(0, u32::saturating_add)
    }
}

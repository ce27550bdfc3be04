//! The pure state machine of a release over Deployments.
//!
//! ```text
//! Facts, spec, status, now -> step -> Desired, status
//! ```
//!
//! It does no IO and reads no clock. It is level-triggered: the status is an intention that is stored before anything is
//! done about it, and what is desired follows from the stored status alone. Whoever stops after storing, or before, or
//! half way through doing, and starts again, goes on as if nothing had happened.
//!
//! Invariants, each with a property test: weight is given only to versions with enough ready pods; every change of
//! traffic is acknowledged by all proxies before the next one and before a pod goes; a request meets the versions that it
//! was decided for, on its whole way; a wait is never cut short; nothing
//! changes while the facts do not.

mod conditions;
mod course;
mod desired;
mod facts;
mod fingerprint;
mod history;
mod progress;
mod steering;
mod transition;
mod verb;
mod versions;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::api::{GrayReleaseSpec, GrayReleaseStatus, Phase, Proxies};
use course::Course;
pub use desired::{Custody, Desired, DesiredWorkload, Finalizer, GraySet, Pausing};
pub use facts::{Facts, Filter, Life, Objection, Owner, PodSet, RefusedEdit, Template, WorkloadFacts};
pub(crate) use fingerprint::fingerprint;
pub use verb::{InvalidVerb, Verb};

/// The next status of a release, and what it asks for.
///
/// At most one transition is made: the caller stores the status, does what is desired, and comes again.
#[must_use]
pub fn step(
    facts: &Facts,
    spec: &GrayReleaseSpec,
    status: &GrayReleaseStatus,
    now: Timestamp,
) -> (Desired, GrayReleaseStatus) {
    let course = Course::of(spec);
    let mut machine = Machine { facts, spec, course, now, status: status.clone() };
    machine.count_proxies();
    machine.follow_steps();
    if !machine.take_verb() {
        machine.advance();
    }
    machine.tell(status);
    (desired(facts, spec, &machine.status), machine.status)
}

/// What `status`, which is stored, asks for.
#[must_use]
pub fn desired(facts: &Facts, spec: &GrayReleaseSpec, status: &GrayReleaseStatus) -> Desired {
    desired::of(facts, spec, &Course::of(spec), status)
}

/// How long requests may be under way that were decided before the last proxy took a change. Each of them meets one
/// version of every service: what they are decided for stays for so long.
const UNDER_WAY: std::time::Duration = std::time::Duration::from_secs(5);

/// One pass over one release.
struct Machine<'a> {
    facts: &'a Facts,
    spec: &'a GrayReleaseSpec,
    course: Course,
    now: Timestamp,
    /// The status as it becomes.
    status: GrayReleaseStatus,
}

impl Machine<'_> {
    /// Notes where the stored traffic is published, and who has it, as long as anything waits for that: a release at rest
    /// has nothing to say about proxies that come and go.
    fn count_proxies(&mut self) {
        let status = &mut self.status;
        if let Some(generation) = self.facts.published
            && status.publication.as_ref().is_none_or(|publication| publication.traffic != status.traffic)
        {
            let traffic = status.traffic.clone();
            status.publication = Some(crate::api::Publication { generation, traffic, acknowledged: None });
        }
        if !status.phase.is_under_way() && !status.phase.awaits_proxies() {
            status.proxies = Proxies::default();
            return;
        }
        let wanted = status.publication.as_ref().filter(|publication| publication.traffic == status.traffic);
        let (late, lagging) = lagging(&self.facts.proxies, wanted.map(|wanted| wanted.generation));
        let total = count(self.facts.proxies.len());
        status.proxies = Proxies { total, acknowledged: total.saturating_sub(late), lagging };
        if self.acknowledged()
            && let Some(published) = &mut self.status.publication
        {
            published.acknowledged.get_or_insert(self.now);
        }
    }

    /// Whether every proxy does what the stored status says.
    fn acknowledged(&self) -> bool {
        let published = self.status.publication.as_ref();
        published.is_some_and(|published| published.traffic == self.status.traffic)
            && self.status.proxies.acknowledged == self.status.proxies.total
    }

    /// Whether every proxy does what the stored status says, and requests that were decided before are over.
    fn settled(&self) -> bool {
        let acknowledged = self.status.publication.as_ref().and_then(|published| published.acknowledged);
        self.acknowledged() && acknowledged.is_some_and(|since| self.passed(since, UNDER_WAY))
    }

    /// Goes through changed steps from the first one, from where the weight is.
    fn follow_steps(&mut self) {
        if self.status.steps_hash != self.course.hash() {
            self.course.hash().clone_into(&mut self.status.steps_hash);
            if self.status.phase.is_stepping() {
                self.go_to(0);
            }
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.status.phase = phase;
        self.status.since = Some(self.now);
        self.status.high_water = crate::api::HighWater { time: Some(self.now), ready: 0, acknowledged: 0 };
    }

    fn go_to(&mut self, step: usize) {
        self.status.step = count(step);
        self.enter(Phase::Scaling);
    }

    /// Whether `seconds` have passed since the phase began.
    fn lasted(&self, wait: std::time::Duration) -> bool {
        self.status.since.is_none_or(|since| self.passed(since, wait))
    }

    fn passed(&self, since: Timestamp, wait: std::time::Duration) -> bool {
        self.now >= since && self.now.duration_since(since).unsigned_abs() >= wait
    }
}

/// How many lagging proxies a status names.
const MOST_NAMED: usize = 20;

/// How many proxies have not reported `wanted`, which `None` of them can have, and the first of them.
pub(crate) fn lagging(proxies: &BTreeMap<String, Option<u64>>, wanted: Option<u64>) -> (u32, Vec<String>) {
    let has = |reported: &Option<u64>| wanted.is_some_and(|wanted| reported.is_some_and(|reported| reported >= wanted));
    let late = || proxies.iter().filter(|(_, reported)| !has(reported));
    (count(late().count()), late().map(|(name, _)| name.clone()).take(MOST_NAMED).collect())
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Phase {
    /// Whether a version is being released, and can still be aborted.
    #[must_use]
    pub fn is_under_way(self) -> bool {
        match self {
            Self::Preparing
            | Self::Routing
            | Self::Scaling
            | Self::Announcing
            | Self::Propagating
            | Self::Pausing
            | Self::Switching
            | Self::Draining => true,
            Self::Idle
            | Self::Adopting
            | Self::Completed
            | Self::Aborting
            | Self::Withdrawing
            | Self::Aborted
            | Self::Leaving
            | Self::Withdrawn => false,
        }
    }

    /// Whether it ends when every proxy has taken a change.
    #[must_use]
    pub fn awaits_proxies(self) -> bool {
        match self {
            Self::Preparing
            | Self::Routing
            | Self::Announcing
            | Self::Propagating
            | Self::Switching
            | Self::Aborting
            | Self::Leaving => true,
            Self::Idle
            | Self::Scaling
            | Self::Pausing
            | Self::Draining
            | Self::Adopting
            | Self::Completed
            | Self::Withdrawing
            | Self::Aborted
            | Self::Withdrawn => false,
        }
    }

    /// Whether the steps are being gone through.
    #[must_use]
    pub fn is_stepping(self) -> bool {
        matches!(self, Self::Scaling | Self::Announcing | Self::Propagating | Self::Pausing)
    }
}

#[cfg(test)]
mod tests;

//! What is counted for one version of one service.

use graylane_core::Reason;
use graylane_core::metric::{Bound, DURATION_BOUNDS_MS, Metric, ResponseClass};
use graylane_core::name::{ServiceName, VersionName};

use super::{Sink, Tally};

const CLASSES: usize = ResponseClass::ALL.len();
const BOUNDS: usize = DURATION_BOUNDS_MS.len();
/// Of a millisecond.
const NANOSECONDS: u64 = 1_000_000;

pub(super) struct Row {
    pub(super) service: ServiceName,
    pub(super) version: VersionName,
    decisions: Vec<Decision>,
    responses: [Tally; CLASSES],
    durations: Durations,
    checks: Tally,
    mismatches: Tally,
    touched: bool,
}

struct Decision {
    lane: Box<str>,
    reason: Reason,
    count: Tally,
}

/// The one place where time is counted. Each request is in one bucket until it is handed over, then in all above too.
#[derive(Default)]
struct Durations {
    within: [u64; BOUNDS],
    above: u64,
    buckets: [Tally; BOUNDS],
    infinite: Tally,
    /// What the sum of whole milliseconds leaves over.
    nanoseconds: u64,
    sum: Tally,
    count: Tally,
}

impl Row {
    pub(super) fn new(service: ServiceName, version: VersionName) -> Self {
        Self {
            service,
            version,
            decisions: Vec::new(),
            responses: Default::default(),
            durations: Durations::default(),
            checks: Tally::default(),
            mismatches: Tally::default(),
            touched: false,
        }
    }

    /// The place of a lane and reason among this row's decisions.
    pub(super) fn decision(&mut self, lane: &str, reason: Reason) -> usize {
        let known = self.decisions.iter().position(|decision| *decision.lane == *lane && decision.reason == reason);
        known.unwrap_or_else(|| {
            self.decisions.push(Decision { lane: lane.into(), reason, count: Tally::default() });
            self.decisions.len() - 1
        })
    }

    pub(super) fn decided(&mut self, decision: usize) {
        self.touched = true;
        if let Some(decision) = self.decisions.get_mut(decision) {
            decision.count.add(1);
        }
    }

    pub(super) fn finished(&mut self, class: ResponseClass, nanoseconds: u64) {
        self.touched = true;
        if let Some(responses) = self.responses.get_mut(class as usize) {
            responses.add(1);
        }
        self.durations.add(nanoseconds);
    }

    pub(super) fn steered(&mut self, to: &[u8]) {
        self.touched = true;
        self.checks.add(1);
        if to != self.version.as_str().as_bytes() {
            self.mismatches.add(1);
        }
    }

    pub(super) fn flush(&mut self, sink: &mut impl Sink) {
        if !std::mem::take(&mut self.touched) {
            return;
        }
        let (service, version) = (self.service.as_str(), self.version.as_str());
        for Decision { lane, reason, count } in &mut self.decisions {
            count.flush(Metric::Decisions { lane, service, version, reason: *reason }, sink);
        }
        for (class, count) in ResponseClass::ALL.into_iter().zip(&mut self.responses) {
            count.flush(Metric::Responses { service, version, class }, sink);
        }
        self.durations.flush(service, version, sink);
        self.checks.flush(Metric::SteeringChecks { service, version }, sink);
        self.mismatches.flush(Metric::SteeringMismatches { service, version }, sink);
    }
}

impl Durations {
    fn add(&mut self, nanoseconds: u64) {
        let within = DURATION_BOUNDS_MS.iter().position(|bound| nanoseconds <= u64::from(*bound) * NANOSECONDS);
        match within.and_then(|bucket| self.within.get_mut(bucket)) {
            Some(bucket) => *bucket += 1,
            None => self.above += 1,
        }
        self.nanoseconds = self.nanoseconds.saturating_add(nanoseconds);
    }

    fn flush(&mut self, service: &str, version: &str, sink: &mut impl Sink) {
        let mut up_to = 0;
        for ((bound, within), bucket) in DURATION_BOUNDS_MS.into_iter().zip(&mut self.within).zip(&mut self.buckets) {
            up_to += std::mem::take(within);
            bucket.add(up_to);
            bucket.flush(Metric::DurationBucket { service, version, bound: Bound::Millis(bound) }, sink);
        }
        up_to += std::mem::take(&mut self.above);
        self.infinite.add(up_to);
        self.infinite.flush(Metric::DurationBucket { service, version, bound: Bound::Infinite }, sink);
        self.count.add(up_to);
        self.count.flush(Metric::DurationCount { service, version }, sink);
        self.sum.add(self.nanoseconds / NANOSECONDS);
        self.nanoseconds %= NANOSECONDS;
        self.sum.flush(Metric::DurationSum { service, version }, sink);
    }
}

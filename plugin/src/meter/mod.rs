//! Counts, kept in the machine's own memory and given to Envoy on each tick: a request costs no host call for them.
//!
//! The counts outlive configurations, because requests do, and because Envoy never forgets a metric that was defined.
//! Memory is bounded by the names that configurations have used: one row for each service and version that was asked
//! for, in it one decision for each lane and reason that occurred.

mod row;
mod sink;
mod tally;

use graylane_abi::host::MetricId;
use graylane_core::correlation::{Counts, Event};
use graylane_core::metric::{Metric, ResponseClass};
use graylane_core::name::{ServiceName, VersionName};
use graylane_core::{Events, OverrideRefusal, Reason};

use row::Row;
pub(crate) use sink::{Envoy, Sink};
use tally::Tally;

/// Everything that is counted.
pub(crate) struct Meter {
    rows: Vec<Row>,
    totals: Totals,
    /// Envoy's numbers for the metrics that are not counted here.
    others: Vec<(String, MetricId)>,
}

struct Totals {
    unconfigured: Tally,
    malformed_marks: Tally,
    stripped_marks: Tally,
    conflicts: Tally,
    left_out: Tally,
    mirrored: Tally,
    /// In the order of [`OverrideRefusal::ALL`].
    refused_overrides: [Tally; OverrideRefusal::ALL.len()],
    host_errors: Tally,
    uncorrelated: Tally,
    correlation: [Tally; Event::ALL.len()],
}

/// Where a service and version are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowId(usize);

impl RowId {
    pub(crate) fn index(self) -> usize {
        self.0
    }
}

/// Where a decision is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) row: RowId,
    decision: usize,
}

impl Meter {
    pub(crate) const fn new() -> Self {
        let totals = Totals {
            unconfigured: Tally::NEW,
            malformed_marks: Tally::NEW,
            stripped_marks: Tally::NEW,
            conflicts: Tally::NEW,
            left_out: Tally::NEW,
            refused_overrides: [Tally::NEW; OverrideRefusal::ALL.len()],
            host_errors: Tally::NEW,
            uncorrelated: Tally::NEW,
            mirrored: Tally::NEW,
            correlation: [Tally::NEW; Event::ALL.len()],
        };
        Self { rows: Vec::new(), totals, others: Vec::new() }
    }

    /// Where decisions for this version, by this lane and for this reason, are counted.
    pub(crate) fn place(&mut self, service: &ServiceName, version: &VersionName, lane: &str, reason: Reason) -> Place {
        let known = self.rows.iter().position(|row| row.service == *service && row.version == *version);
        let row = RowId(known.unwrap_or_else(|| {
            self.rows.push(Row::new(service.clone(), version.clone()));
            self.rows.len() - 1
        }));
        let decision = self.rows.get_mut(row.0).map_or(0, |row| row.decision(lane, reason));
        Place { row, decision }
    }

    pub(crate) fn decided(&mut self, place: Place) {
        if let Some(row) = self.rows.get_mut(place.row.0) {
            row.decided(place.decision);
        }
    }

    /// Counts a response and what it took.
    pub(crate) fn finished(&mut self, row: RowId, class: ResponseClass, nanoseconds: u64) {
        if let Some(row) = self.rows.get_mut(row.0) {
            row.finished(class, nanoseconds);
        }
    }

    /// Counts a comparison of the cluster that Envoy picked with the version decided.
    pub(crate) fn steered(&mut self, row: RowId, to: &[u8]) {
        if let Some(row) = self.rows.get_mut(row.0) {
            row.steered(to);
        }
    }

    pub(crate) fn unconfigured(&mut self) {
        self.totals.unconfigured.add(1);
    }

    pub(crate) fn noticed(&mut self, events: Events) {
        let Events { malformed_marks, stripped_marks, conflicts, left_out, mirrored, uncorrelated, refused_override } =
            events;
        self.totals.malformed_marks.add(malformed_marks.into());
        self.totals.stripped_marks.add(stripped_marks.into());
        self.totals.conflicts.add(conflicts.into());
        self.totals.left_out.add(left_out.into());
        self.totals.mirrored.add(mirrored.into());
        self.totals.uncorrelated.add(uncorrelated.into());
        if let Some(refused) = refused_override.and_then(|why| self.totals.refused_overrides.get_mut(why as usize)) {
            refused.add(1);
        }
    }

    pub(crate) fn correlated(&mut self, counts: Counts) {
        for ((_, count), tally) in counts.each().into_iter().zip(&mut self.totals.correlation) {
            tally.add(count);
        }
    }

    pub(crate) fn host_error(&mut self) {
        self.totals.host_errors.add(1);
    }

    /// Hands over everything counted since the last time.
    pub(crate) fn flush(&mut self, sink: &mut impl Sink) {
        let Totals {
            unconfigured,
            malformed_marks,
            stripped_marks,
            conflicts,
            left_out,
            mirrored,
            refused_overrides,
            host_errors,
            uncorrelated,
            correlation,
        } = &mut self.totals;
        unconfigured.flush(Metric::Unconfigured, sink);
        malformed_marks.flush(Metric::MalformedMarks, sink);
        stripped_marks.flush(Metric::StrippedMarks, sink);
        conflicts.flush(Metric::MirrorConflicts, sink);
        left_out.flush(Metric::MirrorsLeftOut, sink);
        mirrored.flush(Metric::Mirrored, sink);
        for (reason, count) in OverrideRefusal::ALL.iter().zip(refused_overrides) {
            count.flush(Metric::OverridesRefused { reason: *reason }, sink);
        }
        host_errors.flush(Metric::HostErrors, sink);
        uncorrelated.flush(Metric::Uncorrelated, sink);
        for ((event, _), tally) in Counts::default().each().into_iter().zip(correlation) {
            tally.flush(Metric::Correlation { event }, sink);
        }
        for row in &mut self.rows {
            row.flush(sink);
        }
    }

    /// Sets a gauge at once.
    pub(crate) fn set(&mut self, gauge: Metric<'_>, value: u64, sink: &mut impl Sink) {
        if let Some(id) = self.other(gauge, sink) {
            sink.set(id, value);
        }
    }

    /// Counts one at once.
    pub(crate) fn count_now(&mut self, counter: Metric<'_>, sink: &mut impl Sink) -> Option<MetricId> {
        let id = self.other(counter, sink)?;
        sink.add(id, 1);
        Some(id)
    }

    fn other(&mut self, metric: Metric<'_>, sink: &mut impl Sink) -> Option<MetricId> {
        let name = metric.stat_name();
        if let Some((_, id)) = self.others.iter().find(|(known, _)| *known == name) {
            return Some(*id);
        }
        let id = sink.define(&metric)?;
        self.others.push((name, id));
        Some(id)
    }
}

#[cfg(test)]
mod tests;

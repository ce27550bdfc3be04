//! Metrics: one value per name and kind, however many VMs define it, as in one Envoy stats scope.

use std::collections::BTreeMap;

use super::abi::{MetricKind, Status};

/// All metrics of a proxy.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    pub(super) counters: BTreeMap<String, u64>,
    pub(super) gauges: BTreeMap<String, u64>,
    pub(super) histograms: BTreeMap<String, Vec<u64>>,
}

/// The metrics that one VM has defined; a name that is defined twice has two ids.
#[derive(Debug, Default)]
pub(super) struct MetricIds(Vec<(MetricKind, String)>);

impl MetricIds {
    /// Envoy keeps the kind in the two low bits of an id and counts on above them.
    pub(super) fn define(&mut self, kind: MetricKind, name: &str) -> u32 {
        self.0.push((kind, name.to_owned()));
        let count = u32::try_from(self.0.len()).unwrap_or(u32::MAX >> 2);
        (count << 2) | kind as u32
    }

    pub(super) fn find(&self, id: u32) -> Result<(MetricKind, String), Status> {
        let kind = MetricKind::try_from(id & 3)?;
        let index = usize::try_from(id >> 2).ok().and_then(|count| count.checked_sub(1));
        index
            .and_then(|index| self.0.get(index))
            .filter(|(defined, _)| *defined == kind)
            .cloned()
            .ok_or(Status::NotFound)
    }
}

impl Metrics {
    pub(super) fn define(&mut self, kind: MetricKind, name: &str) {
        match kind {
            MetricKind::Counter => drop(self.counters.entry(name.to_owned()).or_default()),
            MetricKind::Gauge => drop(self.gauges.entry(name.to_owned()).or_default()),
            MetricKind::Histogram => drop(self.histograms.entry(name.to_owned()).or_default()),
        }
    }

    /// A counter goes only up; a gauge also down, below zero it wraps as in Envoy.
    pub(super) fn increment(&mut self, kind: MetricKind, name: String, offset: i64) -> Result<(), Status> {
        match kind {
            MetricKind::Counter if offset <= 0 => return Err(Status::BadArgument),
            MetricKind::Counter => *self.counters.entry(name).or_default() += offset.unsigned_abs(),
            MetricKind::Gauge => {
                let gauge = self.gauges.entry(name).or_default();
                *gauge = gauge.wrapping_add_signed(offset);
            }
            MetricKind::Histogram => return Err(Status::BadArgument),
        }
        Ok(())
    }

    /// Adds to a counter, sets a gauge, notes a sample of a histogram.
    pub(super) fn record(&mut self, kind: MetricKind, name: String, value: u64) {
        match kind {
            MetricKind::Counter => *self.counters.entry(name).or_default() += value,
            MetricKind::Gauge => *self.gauges.entry(name).or_default() = value,
            MetricKind::Histogram => self.histograms.entry(name).or_default().push(value),
        }
    }

    pub(super) fn value(&self, kind: MetricKind, name: &str) -> Result<u64, Status> {
        let values = match kind {
            MetricKind::Counter => &self.counters,
            MetricKind::Gauge => &self.gauges,
            MetricKind::Histogram => return Err(Status::BadArgument),
        };
        values.get(name).copied().ok_or(Status::NotFound)
    }
}

//! One counter: what is not handed over yet.

use graylane_abi::host::MetricId;
use graylane_core::metric::Metric;

use super::Sink;

#[derive(Debug, Default)]
pub(super) struct Tally {
    pending: u64,
    /// Envoy's number for it, once it has been asked for.
    id: Option<MetricId>,
}

impl Tally {
    pub(super) const NEW: Self = Self { pending: 0, id: None };

    pub(super) fn add(&mut self, count: u64) {
        self.pending = self.pending.saturating_add(count);
    }

    /// Hands over what is pending. Envoy refuses increments of zero.
    pub(super) fn flush(&mut self, metric: Metric<'_>, sink: &mut impl Sink) {
        if self.pending == 0 {
            return;
        }
        if self.id.is_none() {
            self.id = sink.define(&metric);
        }
        if let Some(id) = self.id {
            sink.add(id, std::mem::take(&mut self.pending));
        }
    }
}

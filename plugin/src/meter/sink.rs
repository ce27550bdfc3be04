//! Where counts go.

use graylane_abi::host::{self, MetricId, MetricKind};
use graylane_core::metric::{Kind, Metric};

/// Takes metrics by number.
pub(crate) trait Sink {
    /// The number of a metric; `None` if it can not be had now.
    fn define(&mut self, metric: &Metric<'_>) -> Option<MetricId>;
    /// Adds to a counter; `by` is not zero.
    fn add(&mut self, id: MetricId, by: u64);
    /// Sets a gauge.
    fn set(&mut self, id: MetricId, value: u64);
}

/// Envoy's own metrics, shared by all machines of the process.
pub(crate) struct Envoy;

impl Sink for Envoy {
    fn define(&mut self, metric: &Metric<'_>) -> Option<MetricId> {
        let kind = match metric.kind() {
            Kind::Counter => MetricKind::Counter,
            Kind::Gauge => MetricKind::Gauge,
        };
        host::define_metric(kind, &metric.stat_name()).ok()
    }

    fn add(&mut self, id: MetricId, by: u64) {
        // The only errors are an unknown number and an increment below one, neither of which is asked for.
        let _ = host::count(id, by);
    }

    fn set(&mut self, id: MetricId, value: u64) {
        let _ = host::set(id, value);
    }
}

//! Where counts go.

use graylane_core::metric::{Kind, Metric};
use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;

/// Takes metrics by number.
pub(crate) trait Sink {
    /// The number of a metric; `None` if it can not be had now.
    fn define(&mut self, metric: &Metric<'_>) -> Option<u32>;
    /// Adds to a counter; `by` is not zero.
    fn add(&mut self, id: u32, by: u64);
    /// Sets a gauge.
    fn set(&mut self, id: u32, value: u64);
}

/// Envoy's own metrics, shared by all machines of the process.
pub(crate) struct Envoy;

impl Sink for Envoy {
    fn define(&mut self, metric: &Metric<'_>) -> Option<u32> {
        let kind = match metric.kind() {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
        };
        hostcalls::define_metric(kind, &metric.stat_name()).ok()
    }

    fn add(&mut self, id: u32, by: u64) {
        // The only errors are an unknown number and an increment below one, neither of which is asked for.
        let _ = hostcalls::increment_metric(id, i64::try_from(by).unwrap_or(i64::MAX));
    }

    fn set(&mut self, id: u32, value: u64) {
        let _ = hostcalls::record_metric(id, value);
    }
}

//! What the controller tells of itself.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Counters and gauges; none has a label, so there are always as many.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    ready: AtomicBool,
    passes: AtomicU64,
    pass_microseconds: AtomicU64,
    statuses: AtomicU64,
    writes: AtomicU64,
    failures: AtomicU64,
}

impl Metrics {
    pub(super) fn ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    pub(super) fn stored(&self) {
        self.statuses.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn wrote(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn passed(&self, took: Duration) {
        self.passes.fetch_add(1, Ordering::Relaxed);
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.pass_microseconds.fetch_add(took, Ordering::Relaxed);
    }

    /// Prometheus' text format.
    pub(super) fn text(&self) -> String {
        let counter = |name: &str, help: &str, value: &str| {
            format!(
                "# HELP graylane_controller_{name} {help}\n# TYPE graylane_controller_{name} counter\ngraylane_controller_{name} {value}\n"
            )
        };
        let whole = |value: &AtomicU64| value.load(Ordering::Relaxed).to_string();
        let microseconds = self.pass_microseconds.load(Ordering::Relaxed);
        [
            counter("passes_total", "Passes over all releases.", &whole(&self.passes)),
            counter(
                "pass_seconds_total",
                "Time spent in passes.",
                &format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000),
            ),
            counter("statuses_total", "Statuses stored.", &whole(&self.statuses)),
            counter("writes_total", "Other objects written.", &whole(&self.writes)),
            counter("failures_total", "Writes that failed.", &whole(&self.failures)),
        ]
        .concat()
    }
}

//! Virtual time: it stands still until a test moves it.

use std::cell::Cell;
use std::time::Duration;

/// 2026-01-01T00:00:00Z, where every proxy starts unless told otherwise.
const DEFAULT_START: Duration = Duration::from_hours(24 * 20_454);

/// Time since the Unix epoch, the same for all VMs of a proxy.
#[derive(Debug)]
pub(super) struct Clock(Cell<Duration>);

impl Default for Clock {
    fn default() -> Self {
        Self(Cell::new(DEFAULT_START))
    }
}

impl Clock {
    pub(super) fn now(&self) -> Duration {
        self.0.get()
    }

    /// Nanoseconds since the epoch; saturates in the year 2554.
    pub(super) fn nanoseconds(&self) -> u64 {
        u64::try_from(self.now().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(super) fn set(&self, now: Duration) {
        self.0.set(now);
    }
}

/// A root context's timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    period: Duration,
    due: Duration,
}

impl Tick {
    /// Starts a timer, or changes a running one: the new period then applies after the tick that is
    /// already due, as in Envoy's dispatcher.
    pub(super) fn started(running: Option<Self>, period: Duration, now: Duration) -> Option<Self> {
        let due = running.map_or(now + period, |tick| tick.due);
        (!period.is_zero()).then_some(Self { period, due })
    }

    pub(super) fn due(self) -> Duration {
        self.due
    }

    pub(super) fn next(self) -> Self {
        Self { due: self.due + self.period, ..self }
    }
}

//! Work on demand: processor time, for whoever scales by it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::task;

/// Keeps a processor busy for `cost`. Times at which others had it do not count, so it costs the same on any machine.
pub(crate) async fn work(cost: Duration) {
    if cost.is_zero() {
        return;
    }
    // Nobody else waits for it, and it can not fail.
    let _ = task::spawn_blocking(move || {
        let end = had() + cost;
        while had() < end {}
    })
    .await;
}

/// For how long this thread has had a processor.
fn had() -> Duration {
    // A clock that counts from zero is never before it.
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_costs_processor_time() {
        let process = || Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap();
        let before = process();
        work(Duration::from_millis(20)).await;
        assert!(process() >= before + Duration::from_millis(20));
    }
}

//! Faults on demand, so that there is a bad version to notice.
//!
//! Which requests fail is a count and no dice: ten percent are exactly every tenth.

use std::{
    num::NonZeroU64,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time;

/// The faults of one instance.
#[derive(Debug)]
pub(crate) struct Faults {
    latency: Duration,
    fail_every: Option<NonZeroU64>,
    requests: AtomicU64,
}

/// A request that was chosen to fail.
#[derive(Debug, thiserror::Error)]
#[error("told to fail one request in {0} (--fail-every, SHOP_FAIL_EVERY)")]
pub(crate) struct InjectedFault(NonZeroU64);

impl Faults {
    pub(crate) fn new(latency: Duration, fail_every: Option<NonZeroU64>) -> Self {
        Self { latency, fail_every, requests: AtomicU64::new(0) }
    }

    /// Takes as long as told, then fails if it is this request's turn.
    pub(crate) async fn strike(&self) -> Result<(), InjectedFault> {
        if !self.latency.is_zero() {
            time::sleep(self.latency).await;
        }
        let number = self.requests.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        match self.fail_every {
            Some(every) if number.is_multiple_of(every.get()) => Err(InjectedFault(every)),
            Some(_) | None => Ok(()),
        }
    }
}

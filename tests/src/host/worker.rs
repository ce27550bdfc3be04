//! A worker thread of a proxy, as one filter uses it.

use super::error::HostError;
use super::exchange::Exchange;
use super::fleet::Fleet;
use super::message::Request;
use super::vm::FilterId;

/// A worker thread. That there is none of this number shows when it is first used.
#[derive(Clone, Copy)]
pub struct Worker<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) filter: FilterId,
    pub(super) index: usize,
}

impl Worker<'_> {
    /// Sends a request through the filter, as far as the filter lets it go.
    ///
    /// # Errors
    ///
    /// When the guest traps, is dead, or has no configuration.
    pub fn request(&self, request: impl Into<Request>) -> Result<Exchange, HostError> {
        Exchange::open(self.fleet.worker(self.index)?, self.filter, request.into())
    }

    /// The size of the guest's memory in bytes. It never shrinks.
    ///
    /// # Errors
    ///
    /// When there is no such worker.
    pub fn memory_bytes(&self) -> Result<usize, HostError> {
        Ok(self.fleet.worker(self.index)?.borrow().memory_bytes())
    }

    /// Whether its VM trapped.
    ///
    /// # Errors
    ///
    /// When there is no such worker.
    pub fn is_dead(&self) -> Result<bool, HostError> {
        Ok(self.fleet.worker(self.index)?.borrow().is_dead())
    }

    /// Replaces the VM by a fresh one with the accepted configurations, as `FAIL_RELOAD` does after a trap.
    /// Exchanges that are still open stay with the old VM.
    ///
    /// # Errors
    ///
    /// When the fresh VM traps or refuses a configuration.
    pub fn reload(&self) -> Result<(), HostError> {
        self.fleet.reload(self.index)
    }
}

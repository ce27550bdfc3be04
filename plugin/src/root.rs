//! The life of configurations: one comes, is reported soon after, and counts are handed over while there is any.
//!
//! Envoy does not tell when one ends; nothing here depends on it.

use std::time::Duration;

use graylane_abi::{RootId, host};

use crate::seat::{self, Plugin};
use crate::vm::Vm;

/// How soon a configuration is reported. Not at once: only a canary ends before its first tick, and it must not
/// acknowledge what no worker has taken yet.
const SOON: Duration = Duration::from_millis(50);
/// How often counts are handed over.
const REGULARLY: Duration = Duration::from_secs(1);

/// A configuration of `size` bytes has come.
pub(crate) fn configure(vm: &Vm, root: RootId, size: usize) {
    // What has served until now may not tick again.
    vm.flush();
    let bytes = host::configuration(size).unwrap_or_default();
    seat::take(vm, &Plugin::of_host(), &bytes);
    vm.hurry(root);
    tick_every(SOON);
}

/// It is time to report.
pub(crate) fn tick(vm: &Vm, root: RootId) {
    vm.remember();
    vm.flush();
    vm.report();
    if vm.slow_down(root) {
        tick_every(REGULARLY);
    }
}

fn tick_every(period: Duration) {
    // The one error would be a host without timers, where nothing is reported, and nothing else is amiss.
    let _ = host::tick_every(period);
}

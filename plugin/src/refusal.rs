//! Telling operators of a refused configuration: one log line and one count for the whole process.
//!
//! The canary, the main thread and every worker judge the same bytes. The first of them leaves the bytes' hash in shared
//! data, and the others keep quiet. A good configuration clears it, so that the same mistake is told again later.

use std::fmt::Write as _;

use graylane_abi::host::{self, LogLevel};
use graylane_core::metric::{Metric, PhaseLabel};

use crate::configuration::Refusal;
use crate::explanation::visible;
use crate::seat::{Plugin, Source};
use crate::vm::Vm;

/// How often a write that another thread overtook is tried again.
const ATTEMPTS: usize = 8;

/// The longest list of problems that is logged, in bytes.
const LONGEST: usize = 4096;

/// Logs and counts a refusal, unless another machine has.
pub(crate) fn report(vm: &Vm, plugin: &Plugin, source: Source, refusal: &Refusal) {
    let phase = refusal.phase.map_or(PhaseLabel::Unknown, PhaseLabel::Known);
    if !is_first(&key(plugin, phase.as_str()), &source.hash.to_le_bytes()) {
        return;
    }
    vm.count_now(Metric::ConfigRejected { phase });
    let line = format!(
        "{}: a configuration of {} bytes is refused, and the last good one stays in use (requests pass untouched if \
         there is none): {}",
        phase.as_str(),
        source.length,
        visible(&problems(refusal), LONGEST),
    );
    host::log(LogLevel::Error, &line);
}

/// Makes the next refusal be told, whatever it is.
pub(crate) fn forget(plugin: &Plugin, phase: PhaseLabel) {
    forget_told(&key(plugin, phase.as_str()));
}

/// Makes what was told under `key` be told again.
pub(crate) fn forget_told(key: &str) {
    if let Ok((told, version)) = host::shared(key.as_bytes())
        && !told.is_empty()
    {
        // Overtaken: another thread has forgotten it, or was refused anew; either is news that shall stay.
        let _ = host::share(key.as_bytes(), b"", version);
    }
}

/// Whether no other machine has told of `hash`; tells all others that this one does.
pub(crate) fn is_first(key: &str, hash: &[u8]) -> bool {
    for _ in 0..ATTEMPTS {
        let Ok((told, version)) = host::shared(key.as_bytes()) else {
            return true;
        };
        if *told == *hash {
            return false;
        }
        if host::share(key.as_bytes(), hash, version).is_ok() {
            return true;
        }
    }
    true
}

/// Shared data is common to all plugins of one `vm_id`, in Istio to all there are: hence the prefix.
pub(crate) fn key(Plugin { name, root_id }: &Plugin, what: &str) -> String {
    format!("graylane.refused/{name}/{root_id}/{what}")
}

fn problems(refusal: &Refusal) -> String {
    let mut line = String::new();
    for problem in refusal.problems.iter() {
        let separator = if line.is_empty() { "" } else { "; " };
        // Writing to a string can not fail.
        let _ = write!(line, "{separator}{problem}");
    }
    line
}

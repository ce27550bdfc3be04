//! Telling operators of a refused configuration: one log line and one count for the whole process.
//!
//! The canary, the main thread and every worker judge the same bytes. The first of them leaves the bytes' hash and the time
//! in shared data, and the others keep quiet. A worker may come to them late, when others have gone on to the next ones:
//! hence the last few are kept. The same mistake made again later is told again.

use std::fmt::Write as _;

use graylane_abi::host::{self, LogLevel};
use graylane_core::ascii;
use graylane_core::metric::{Metric, PhaseLabel};

use crate::configuration::Refusal;
use crate::explanation::visible;
use crate::memory;
use crate::seat::{Plugin, Source};
use crate::vm::Vm;

/// How often a write that another thread overtook is tried again.
const ATTEMPTS: usize = 8;

/// How far apart threads come to the same bytes at most, in seconds.
const LATELY: u32 = 5;

/// How many refusals are kept, and the bytes of each: hash and time.
const ENTRIES: usize = 8;
const ENTRY: usize = size_of::<u64>() + size_of::<u32>();

/// The longest list of problems that is logged, in bytes.
const LONGEST: usize = 4096;

/// Logs and counts a refusal, unless another machine has.
pub(crate) fn report(vm: &Vm, plugin: &Plugin, source: Source, refusal: &Refusal) {
    let phase = refusal.phase.map_or(PhaseLabel::Unknown, PhaseLabel::Known);
    if !is_news(&key(plugin, phase.as_str()), source.hash, LATELY) {
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

/// Whether no other machine has told of `hash` within so many seconds; tells all others that this one does.
pub(crate) fn is_news(key: &str, hash: u64, within: u32) -> bool {
    let (hash, now) = (hash.to_le_bytes(), memory::now());
    let lately = |entry: &[u8]| {
        let when = entry.strip_prefix(&hash).and_then(|when| when.try_into().ok()).map(u32::from_le_bytes);
        when.is_some_and(|when| now.abs_diff(when) < within)
    };
    for _ in 0..ATTEMPTS {
        let Ok((told, version)) = host::shared(key.as_bytes()) else {
            return true;
        };
        if told.chunks_exact(ENTRY).any(lately) {
            return false;
        }
        let mut entries = [hash.as_slice(), &now.to_le_bytes(), &told].concat();
        entries.truncate(ENTRIES * ENTRY);
        if host::share(key.as_bytes(), &entries, version).is_ok() {
            return true;
        }
    }
    true
}

/// Makes what was told under `key` be told again.
pub(crate) fn forget(key: &str) {
    if let Ok((told, version)) = host::shared(key.as_bytes())
        && !told.is_empty()
    {
        // Overtaken: another thread has forgotten it, or was refused anew; either is news that shall stay.
        let _ = host::share(key.as_bytes(), b"", version);
    }
}

/// Shared data is common to all plugins of one `vm_id`, in Istio to all there are: hence the prefix.
pub(crate) fn key(Plugin { name, root_id }: &Plugin, what: &str) -> String {
    format!("graylane.refused/{}/{}/{what}", ascii(name), ascii(root_id))
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

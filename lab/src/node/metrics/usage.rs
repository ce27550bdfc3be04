//! What containers use, as the kernel counts it: each is one group of processes.

use std::collections::BTreeMap;
use std::time::Duration;

use procfs::process::{Stat, all_processes};
use procfs::{ProcError, ProcResult, WithCurrentSystemInfo, ticks_per_second};

/// What a group of processes uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// How long it has had a processor since its start, to a few hundredths of a second.
    pub(super) processor: Duration,
    /// The memory that it has now, in bytes; what processes share counts for each.
    pub(super) memory: u64,
}

/// What each group uses now, by its number, which is that of its first process.
pub(super) fn of_groups() -> ProcResult<BTreeMap<u32, Usage>> {
    let mut groups = BTreeMap::<_, Usage>::new();
    for process in all_processes()? {
        let stat = match process.and_then(|process| process.stat()) {
            Ok(stat) => stat,
            // It has ended since it was listed; its parent has what it used.
            Err(ProcError::NotFound(_)) => continue,
            Err(error) => return Err(error),
        };
        let Ok(group) = u32::try_from(stat.pgrp) else { continue };
        let usage = groups.entry(group).or_default();
        usage.processor += processor(&stat);
        usage.memory += stat.rss_bytes().get();
    }
    Ok(groups)
}

/// With what its children have used that are gone.
fn processor(stat: &Stat) -> Duration {
    let gone = [stat.cutime, stat.cstime].map(|ticks| u64::try_from(ticks).unwrap_or_default());
    let ticks = stat.utime + stat.stime + gone.iter().sum::<u64>();
    Duration::from_millis(ticks * 1_000 / ticks_per_second())
}

#[cfg(test)]
mod tests {
    use std::hint::spin_loop;

    use super::*;

    #[test]
    fn work_is_counted_for_its_group() {
        let mine = u32::try_from(procfs::process::Process::myself().unwrap().stat().unwrap().pgrp).unwrap();
        let before = of_groups().unwrap()[&mine];
        assert!(before.memory > 0);
        // Other tests may be in the group, so it may be more.
        while of_groups().unwrap()[&mine].processor < before.processor + Duration::from_millis(50) {
            (0..1_000_000).for_each(|_| spin_loop());
        }
    }
}

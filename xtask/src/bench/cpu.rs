//! What a process has cost: which core it runs on, and how long it has run there.
//!
//! CPU time is read from `/proc/PID/task/*/schedstat`, whose first number is the nanoseconds that a
//! thread has spent on a core. `/proc/PID/stat` counts whole ticks of 10 ms, too coarse for a
//! difference of microseconds per request.

use std::fs;
use std::num::ParseIntError;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The core of the measured proxy, and the core of everything else: load generator and upstream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cores {
    pub(crate) proxy: Core,
    pub(crate) others: Core,
}

/// One core, by the number that the kernel gives it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Core(usize);

impl Cores {
    /// The first two cores that this process may use.
    pub(crate) fn choose() -> Result<Self> {
        let allowed = sched_getaffinity(None).context("cannot read the allowed cores")?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let (Some(proxy), Some(others)) = (cores.next(), cores.next()) else {
            bail!("the bench needs two cores: one for the proxy, one for load and upstream");
        };
        Ok(Self { proxy: Core(proxy), others: Core(others) })
    }
}

/// Pins the calling thread, and whatever thread or process it starts from now on.
pub(crate) fn pin_current_thread(core: Core) -> Result<()> {
    let mut only = CpuSet::new();
    only.set(core.0);
    sched_setaffinity(None, &only).with_context(|| format!("cannot pin to core {}", core.0))
}

/// CPU time of all threads of a process so far.
pub(crate) fn process_time(pid: u32) -> Result<Duration> {
    sum_of_tasks(pid, |_| true)
}

/// CPU time so far of the threads of a process whose kernel name starts with `prefix`.
pub(crate) fn thread_time(pid: u32, prefix: &str) -> Result<Duration> {
    sum_of_tasks(pid, |name| name.starts_with(prefix))
}

fn sum_of_tasks(pid: u32, wanted: impl Fn(&str) -> bool) -> Result<Duration> {
    let tasks = format!("/proc/{pid}/task");
    let mut total = Duration::ZERO;
    for task in fs::read_dir(&tasks).with_context(|| format!("cannot list {tasks}"))? {
        let task = task?.path();
        let name = fs::read_to_string(task.join("comm")).unwrap_or_default();
        if !wanted(&name) {
            continue;
        }
        // A thread may end between the listing and this read; its time is then lost to both reads.
        if let Ok(text) = fs::read_to_string(task.join("schedstat")) {
            total += on_core(&text).with_context(|| format!("cannot parse {text:?}"))?;
        }
    }
    Ok(total)
}

/// First of the three numbers of a `schedstat` file: nanoseconds on a core, nanoseconds waiting
/// for one, time slices (`Documentation/scheduler/sched-stats.rst` of the kernel).
fn on_core(schedstat: &str) -> Result<Duration, ParseIntError> {
    let first = schedstat.split_whitespace().next().unwrap_or_default();
    first.parse().map(Duration::from_nanos)
}

/// Memory of a process that it shares with no file and no other process, in KiB.
pub(crate) fn private_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("cannot read the status of process {pid}"))?;
    private_line(&status).with_context(|| format!("process {pid} does not state its private memory"))
}

fn private_line(status: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    rest.trim().strip_suffix("kB")?.trim_end().parse().ok()
}

/// What this machine calls its processor.
pub(crate) fn model() -> Result<String> {
    let text = fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.trim_start().strip_prefix(':'));
    Ok(model.map_or_else(|| "an unnamed processor".to_owned(), |model| model.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_number_of_schedstat_is_the_time_on_a_core() {
        assert_eq!(on_core("367185 12 2\n").unwrap(), Duration::from_nanos(367_185));
        assert!(on_core("").is_err());
        assert!(on_core("-1 0 0").is_err());
    }

    #[test]
    fn private_memory_is_read_from_its_own_line() {
        let status = "Name:\tenvoy\nVmRSS:\t  99 kB\nRssAnon:\t  123456 kB\nThreads:\t5\n";
        assert_eq!(private_line(status), Some(123_456));
        assert_eq!(private_line("Name:\tenvoy\n"), None);
    }

    #[test]
    fn own_cpu_time_grows_with_work() {
        let before = process_time(std::process::id()).unwrap();
        let sum = (0..20_000_000_u64).fold(0, |sum: u64, n| std::hint::black_box(sum ^ n));
        std::hint::black_box(sum);
        assert!(process_time(std::process::id()).unwrap() > before);
    }
}

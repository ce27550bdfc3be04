//! What a process has cost: which core it runs on, and how long it has run there.
//!
//! CPU time is read from `/proc/PID/task/*/schedstat`, whose first number is the nanoseconds that a
//! thread has spent on a core. `/proc/PID/stat` counts whole ticks of 10 ms, too coarse for a
//! difference of microseconds per request.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The core of the measured proxy, and the core of everything else: load generator and upstream.
#[derive(Debug, Clone)]
pub(crate) struct Cores {
    pub(crate) proxy: Core,
    pub(crate) others: Core,
    /// All that this process may use.
    allowed: CpuSet,
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
        Ok(Self { proxy: Core(proxy), others: Core(others), allowed })
    }

    /// How many this process may use.
    pub(crate) fn count(&self) -> u32 {
        self.allowed.count()
    }

    /// Gives the calling thread, and whatever it starts from now on, all cores.
    pub(crate) fn unpin_current_thread(&self) -> Result<()> {
        sched_setaffinity(None, &self.allowed).context("cannot give a thread all cores")
    }
}

/// Pins the calling thread, and whatever thread or process it starts from now on.
pub(crate) fn pin_current_thread(core: Core) -> Result<()> {
    let mut only = CpuSet::new();
    only.set(core.0);
    sched_setaffinity(None, &only).with_context(|| format!("cannot pin to core {}", core.0))
}

/// How some threads have spent their time so far, or between two moments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CpuTime {
    /// On a core.
    pub(crate) running: Duration,
    /// Ready to run, while something else had the core.
    pub(crate) waiting: Duration,
}

impl CpuTime {
    /// From `earlier` on.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            running: self.running.saturating_sub(earlier.running),
            waiting: self.waiting.saturating_sub(earlier.waiting),
        }
    }
}

/// Time of all threads of a process so far.
pub(crate) fn process_time(pid: u32) -> Result<CpuTime> {
    sum_of_tasks(pid, |_| true)
}

/// Time so far of the threads of a process whose kernel name starts with `prefix`.
pub(crate) fn thread_time(pid: u32, prefix: &str) -> Result<CpuTime> {
    sum_of_tasks(pid, |name| name.starts_with(prefix))
}

fn sum_of_tasks(pid: u32, wanted: impl Fn(&str) -> bool) -> Result<CpuTime> {
    let tasks = format!("/proc/{pid}/task");
    let mut total = CpuTime::default();
    for task in fs::read_dir(&tasks).with_context(|| format!("cannot list {tasks}"))? {
        let task = task?.path();
        let name = fs::read_to_string(task.join("comm")).unwrap_or_default();
        if !wanted(&name) {
            continue;
        }
        // A thread may end between the listing and this read; its time is then missing.
        if let Ok(text) = fs::read_to_string(task.join("schedstat")) {
            let CpuTime { running, waiting } = parse(&text).with_context(|| format!("cannot parse {text:?}"))?;
            total.running += running;
            total.waiting += waiting;
        }
    }
    Ok(total)
}

/// A `schedstat` file: nanoseconds on a core, nanoseconds waiting for one, number of time slices
/// (`Documentation/scheduler/sched-stats.rst` of the kernel).
fn parse(schedstat: &str) -> Option<CpuTime> {
    let mut numbers = schedstat.split_whitespace().map(|number| number.parse().map(Duration::from_nanos).ok());
    Some(CpuTime { running: numbers.next()??, waiting: numbers.next()?? })
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
    fn schedstat_tells_running_and_waiting() {
        let time = CpuTime { running: Duration::from_nanos(367_185), waiting: Duration::from_nanos(12) };
        assert_eq!(parse("367185 12 2\n"), Some(time));
        for broken in ["", "1", "-1 0 0", "1 x 2"] {
            assert_eq!(parse(broken), None, "{broken:?}");
        }
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
        let since = process_time(std::process::id()).unwrap().since(before);
        assert!(since.running > Duration::ZERO);
    }
}

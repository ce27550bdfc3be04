//! Processes that outlived their mesh.
//!
//! Each running process has a file with its number and the time of its start, by which it is told from another that
//! got the same number later. Where the system does not tell that time (there is no `/proc`), nothing is ended.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::{Instant, sleep};

/// How long they may take to end by themselves.
const GRACE: Duration = Duration::from_secs(3);

/// Notes down that the process `id`, called `name`, runs.
pub(super) fn note(folder: &Path, name: &str, id: u32) {
    if let Some(start) = start_of(id) {
        let noted = fs::write(folder.join(name), format!("{id} {start}"));
        if let Err(error) = noted {
            tracing::warn!("can not note down process {id} of {name} in {}: {error}", folder.display());
        }
    }
}

/// The process called `name` runs no more.
pub(super) fn strike(folder: &Path, name: &str) {
    // It may never have been noted down.
    let _ = fs::remove_file(folder.join(name));
}

/// Ends what is noted down and still runs, and returns the names.
///
/// Waits for them, at most some seconds.
pub(super) async fn end(folder: &Path) -> Vec<String> {
    let left = running(folder);
    for (signal, patience) in [(Signal::TERM, GRACE), (Signal::KILL, Duration::from_secs(1))] {
        let deadline = Instant::now() + patience;
        for (_, group) in running(folder) {
            // It may have ended in between.
            let _ = kill_process_group(group, signal);
        }
        while !running(folder).is_empty() && Instant::now() < deadline {
            sleep(Duration::from_millis(20)).await;
        }
    }
    left.into_iter().map(|(name, _)| name).collect()
}

fn running(folder: &Path) -> Vec<(String, Pid)> {
    let notes = fs::read_dir(folder).into_iter().flatten().flatten();
    let running = notes.filter_map(|note| {
        let text = fs::read_to_string(note.path()).ok()?;
        let (id, start) = text.split_once(' ')?;
        let id: u32 = id.parse().ok()?;
        let same = start_of(id).is_some_and(|started| started == start);
        let group = Pid::from_raw(i32::try_from(id).ok()?)?;
        same.then(|| (note.file_name().to_string_lossy().into_owned(), group))
    });
    running.collect()
}

/// When the process started, in the system's own terms; `None` when it does not run.
///
/// proc(5): the 22nd field of `stat`; the second is in parentheses and may hold anything. A zombie runs no more.
fn start_of(id: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (state != "Z").then(|| fields.nth(18).map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn what_is_noted_down_and_runs_is_ended_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let sleeper = || Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        let (mut left, mut younger) = (sleeper(), sleeper());
        note(folder.path(), "left", left.id());
        fs::write(folder.path().join("reused"), format!("{} 1", younger.id())).unwrap();
        fs::write(folder.path().join("junk"), "junk").unwrap();

        assert_eq!(end(folder.path()).await, ["left"]);
        assert!(left.try_wait().unwrap().is_some());
        assert!(younger.try_wait().unwrap().is_none());
        younger.kill().unwrap();
        younger.wait().unwrap();
    }
}

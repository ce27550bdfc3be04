//! Watching the folder of resources by looking at it.
//!
//! What editors, `git` and mounted file systems do to files differs too much for notifications to be relied upon, and a
//! folder of resources is looked at in microseconds.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often the folder is looked at. A change is taken when it has been there twice, so that no half-written file is
/// read.
const PERIOD: Duration = Duration::from_millis(75);

/// A folder, and how it looked.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    taken: Look,
    last: Look,
    ticks: Interval,
}

/// What tells one state of a folder from another: its files, each with its number, size and times of change.
type Look = Vec<(PathBuf, u64, u64, i64, i64)>;

impl Folder {
    /// Begins to watch `path`, as it looks now.
    pub(super) fn watch(path: PathBuf) -> Self {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let look = look(&path);
        Self { path, taken: look.clone(), last: look, ticks }
    }

    /// Where it is, as it was named.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until it has changed, and not again since. May be dropped at any time without missing a change.
    pub(super) async fn changed(&mut self) {
        loop {
            self.ticks.tick().await;
            let now = look(&self.path);
            if now != self.last {
                self.last = now;
            } else if now != self.taken {
                self.taken = now;
                return;
            }
        }
    }
}

fn look(folder: &Path) -> Look {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut look: Look = entries
        .filter_map(|entry| {
            // What a link leads to counts, as in folders that are mounted from a ConfigMap.
            let file = fs::metadata(entry.path()).ok()?;
            file.is_file().then(|| (entry.path(), file.ino(), file.size(), file.ctime(), file.ctime_nsec()))
        })
        .collect();
    look.sort();
    look
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn every_way_to_change_a_file_is_seen_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        fs::write(&file, "one").unwrap();
        let mut watched = Folder::watch(folder.path().to_owned());

        let changes: [&dyn Fn(); 4] = [
            &|| fs::write(&file, "two").unwrap(),
            &|| {
                fs::write(folder.path().join("b"), "new").unwrap();
                fs::rename(folder.path().join("b"), &file).unwrap();
            },
            &|| drop(File::create(folder.path().join("c.yaml")).unwrap()),
            &|| fs::remove_file(&file).unwrap(),
        ];
        for change in changes {
            change();
            timeout(Duration::from_secs(10), watched.changed()).await.expect("a change is seen");
            let nothing = timeout(PERIOD * 4, watched.changed()).await;
            assert!(nothing.is_err(), "what has been taken is no change");
        }
    }
}

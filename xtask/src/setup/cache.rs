//! The folder of installed programs, `NAME-VERSION/PROGRAM` each, shared by all checkouts.
//!
//! A program is there whole or not at all: it is made in an unfinished folder, tried, and moved to
//! its place in one step. One run installs at a time; an interrupted one leaves only its unfinished
//! folder, which the next one removes.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Result};

use super::install;
use super::tool::Wanted;
use crate::workspace::Workspace;

/// How the names of folders start that are not a place yet. Each run has its own: a program that outlives an interrupted
/// run must not write into the next one's.
const UNFINISHED: &str = "unfinished-";

pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// `GRAYLANE_CACHE`, else `graylane` in the user's folder for caches.
    pub(super) fn open() -> Result<Self> {
        let folder = graylane_lab_tools::cache_folder()
            .context("neither GRAYLANE_CACHE, XDG_CACHE_HOME nor HOME says where to keep installed programs")?;
        Ok(Self { folder: std::path::absolute(folder)? })
    }

    /// Where a program is, or will be.
    pub(super) fn program(&self, wanted: &Wanted) -> PathBuf {
        self.place(wanted).join(wanted.program)
    }

    fn place(&self, wanted: &Wanted) -> PathBuf {
        self.folder.join(format!("{}-{}", wanted.program, wanted.version))
    }

    /// Installs a program that is not there.
    pub(super) fn install(&self, workspace: &Workspace, wanted: &Wanted) -> Result<()> {
        self.make(&self.place(wanted), |scratch, place| {
            let made = install::install(workspace, wanted, scratch)?;
            let program = place.join(wanted.program);
            fs::rename(&made, &program).with_context(|| format!("cannot move {}", made.display()))?;
            install::allow_execution(&program)?;
            wanted.verify(&program)
        })
    }

    /// The folder of everything.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes a folder of the cache. `fill` gets a scratch folder and the folder to fill, both empty.
    pub(super) fn make(&self, place: &Path, fill: impl FnOnce(&Path, &Path) -> Result<()>) -> Result<()> {
        fs::create_dir_all(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))?;
        let _one_at_a_time = self.lock()?;
        if place.is_dir() {
            return Ok(());
        }
        self.clear_unfinished()?;
        let unfinished = self.folder.join(format!("{UNFINISHED}{}", process::id()));
        let (scratch, filled) = (unfinished.join("scratch"), unfinished.join("filled"));
        fs::create_dir_all(&scratch)?;
        fs::create_dir_all(&filled)?;
        fill(&scratch, &filled)?;
        fs::rename(&filled, place).with_context(|| format!("cannot make {}", place.display()))?;
        fs::remove_dir_all(&unfinished)?;
        Ok(())
    }

    /// Removes what interrupted runs have left.
    fn clear_unfinished(&self) -> Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_dir_all(entry.path())
                    .with_context(|| format!("cannot remove {}", entry.path().display()))?;
            }
        }
        Ok(())
    }

    /// Held until the file is dropped, or the process ends in whatever way.
    fn lock(&self) -> Result<File> {
        let lock = File::create(self.folder.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                println!("setup: waiting for another run that installs into {}", self.folder.display());
                lock.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error).context("cannot lock the cache"),
        }
        Ok(lock)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use anyhow::bail;

    use super::*;

    #[test]
    fn a_failed_installation_leaves_no_place_and_the_next_one_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { folder: folder.path().join("cache") };
        let place = cache.folder.join("tool-1.0.0");

        let interrupted = cache.make(&place, |_, filled| {
            fs::write(filled.join("tool"), "half")?;
            bail!("the network went away")
        });
        assert!(interrupted.is_err());
        assert!(!place.exists());

        fs::create_dir(cache.folder.join("unfinished-1")).unwrap();
        cache.make(&place, |_, filled| Ok(fs::write(filled.join("tool"), "whole")?)).unwrap();
        assert_eq!(fs::read_to_string(place.join("tool")).unwrap(), "whole");
        let mut left: Vec<_> = fs::read_dir(&cache.folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort_unstable();
        assert_eq!(left, ["lock", "tool-1.0.0"]);
    }

    #[test]
    fn of_many_runs_at_once_one_installs() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { folder: folder.path().join("cache") };
        let place = cache.folder.join("tool-1.0.0");
        let installed = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let count = |_: &Path, _: &Path| {
                        installed.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    };
                    cache.make(&place, count).unwrap();
                    assert!(place.is_dir());
                });
            }
        });
        assert_eq!(installed.into_inner(), 1);
    }
}

//! The state folder of one mesh: what its proxies read, what its processes say, and which processes there are.
//!
//! ```text
//! lock               held by the mesh that runs
//! graylane.wasm      the filter, as it was when the mesh started
//! published/         what all proxies watch
//! proxies/           what each proxy is started with
//! processes/         the number of each process, for the mesh that comes after a killed one
//! logs/              what each process says
//! ```

use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::{env, io};

use graylane_core::hash;

use super::Error;
use crate::envoy::Files;

/// A state folder that no other mesh uses.
#[derive(Debug)]
pub(super) struct StateFolder {
    folder: PathBuf,
    _lock: File,
}

impl StateFolder {
    /// The folder that is `named`, else one for the resources in `dir`, below the user's folder for state.
    pub(super) fn open(dir: &Path, named: Option<&Path>) -> Result<Self, Error> {
        let folder = match named {
            Some(named) => named.to_owned(),
            None => usual(dir)?,
        };
        let unfit = |cause| Error::StateFolder { folder: folder.clone(), cause };
        make(&folder).map_err(unfit)?;
        let lock = File::create(folder.join("lock")).map_err(unfit)?;
        let folder = fs::canonicalize(&folder).map_err(file("find", &folder))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::Busy { folder }),
            Err(TryLockError::Error(cause)) => Err(Error::File { verb: "lock", path: folder, cause }),
        }
    }

    /// Empties it of what an earlier mesh has left; its processes must be gone.
    pub(super) fn clear(&self) -> Result<(), Error> {
        for part in [self.published().folder(), &self.part("proxies"), &self.processes(), &self.logs()] {
            match fs::remove_dir_all(part) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(file("empty", part)(cause)),
                Ok(()) | Err(_) => make(part).map_err(file("make", part))?,
            }
        }
        Ok(())
    }

    /// Takes a copy of the module, so that building it anew disturbs no proxy.
    pub(super) fn keep_module(&self, module: &Path) -> Result<PathBuf, Error> {
        let no_module = || Error::NoModule { file: module.to_owned() };
        let code = fs::read(module).map_err(|_| no_module())?;
        // https://webassembly.github.io/spec/core/binary/modules.html#binary-module
        if !code.starts_with(b"\0asm") {
            return Err(no_module());
        }
        let kept = self.part("graylane.wasm");
        replace(&kept, &code)?;
        Ok(kept)
    }

    /// What proxies watch.
    pub(super) fn published(&self) -> Files {
        Files::new(self.part("published"))
    }

    /// What the proxy called `name` is started with.
    pub(super) fn bootstrap(&self, name: &str) -> PathBuf {
        self.part("proxies").join(format!("{name}.json"))
    }

    /// Where the numbers of processes are.
    pub(super) fn processes(&self) -> PathBuf {
        self.part("processes")
    }

    /// Where logs are.
    pub(super) fn logs(&self) -> PathBuf {
        self.part("logs")
    }

    /// What the process called `name` says.
    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    fn part(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Replaces the file at `path` in one step: whoever reads it reads all of the old or all of the new.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), Error> {
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, content).map_err(file("write", &unfinished))?;
    fs::rename(&unfinished, path).map_err(file("replace", path))
}

/// An error about the file at `path`.
pub(super) fn file(verb: &'static str, path: &Path) -> impl Fn(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |cause| Error::File { verb, path: path.clone(), cause }
}

/// Only its user may look into it: commands and logs may hold secrets.
fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The same folder for the same resources, so that a mesh finds what its predecessor has left.
fn usual(dir: &Path) -> Result<PathBuf, Error> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")));
    let dir = fs::canonicalize(dir).map_err(file("find", dir))?;
    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let path = hash::salted("", dir.as_os_str().as_encoded_bytes());
    let state = state.ok_or(Error::NoStateFolder)?;
    Ok(state.join("graylane").join(format!("{name}-{path:016x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_takes_no_state_says_how_another_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("file");
        fs::write(&taken, "x").unwrap();
        let refusal = StateFolder::open(folder.path(), Some(&taken.join("state"))).unwrap_err().to_string();
        assert!(refusal.contains("file/state") && refusal.contains("--state-dir"), "{refusal}");
    }

    #[test]
    fn a_state_folder_belongs_to_one_mesh_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let named = folder.path().join("state");
        let first = StateFolder::open(folder.path(), Some(&named)).unwrap();
        first.clear().unwrap();
        fs::write(first.log("web"), "x").unwrap();
        let refusal = StateFolder::open(folder.path(), Some(&named)).unwrap_err();
        assert!(matches!(refusal, Error::Busy { .. }), "{refusal}");

        drop(first);
        let second = StateFolder::open(folder.path(), Some(&named)).unwrap();
        second.clear().unwrap();
        assert!(!second.log("web").exists() && second.log("web").parent().unwrap().is_dir());
    }
}

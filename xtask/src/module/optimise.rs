//! Binaryen's `wasm-opt`, where it is installed: smaller code than the linker's.

use std::fmt::{self, Display, Formatter};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// What the code that rustc emits may use, so that older releases of wasm-opt accept it.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// For size, which takes as many steps as `-O3` here; functions that are called often get the short numbers. Sums of an
/// address and an offset are left to the access itself: none of ours wraps around to the first bytes. What is called in
/// one place only stays a function: most of it was kept out of the way of requests. Behind the first of three rounds the
/// branches are laid anew, which makes them fewer.
pub(super) const HOW: [&str; 8] = [
    "-Oz",
    "--flatten",
    "--rereloop",
    "-Oz",
    "-Oz",
    "--low-memory-unused",
    "--one-caller-inline-max-function-size=0",
    "--reorder-functions",
];

/// A `wasm-opt` that answered.
#[derive(Debug)]
pub(super) struct Optimiser {
    version: String,
}

impl Optimiser {
    /// The one on `PATH`, if any.
    pub(super) fn find() -> Option<Self> {
        let answer = process::capture(Command::new("wasm-opt").arg("--version")).ok()?;
        Some(Self { version: answer.trim().to_owned() })
    }

    /// Optimises a module in place.
    pub(super) fn optimise(&self, module: &Path) -> Result<()> {
        process::capture(Command::new("wasm-opt").args(HOW).args(FEATURES).arg(module).arg("-o").arg(module))
            .with_context(|| format!("{self} refuses the module; version 108 takes it, and so does none on PATH"))?;
        Ok(())
    }
}

impl Display for Optimiser {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.version)
    }
}

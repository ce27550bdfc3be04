//! The parts of the pinned Rust toolchain that a toolchain installed by hand may lack.

use std::path::Path;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// As in `rust-toolchain.toml`, which rustup heeds only when it installs the toolchain itself.
const TARGETS: [&str; 2] = ["wasm32-wasip1", "wasm32-unknown-unknown"];

/// Components, each with a program that shows it is there.
const COMPONENTS: [(&str, &str); 2] = [("clippy", "cargo-clippy"), ("rustfmt", "rustfmt")];

/// Adds what is missing to the toolchain that runs this program.
pub(crate) fn complete(workspace: &Workspace) -> Result<()> {
    let printed = process::capture(workspace.command("rustc").args(["--print", "sysroot"]))?;
    let sysroot = Path::new(printed.trim());
    let targets = TARGETS.into_iter().filter(|target| !sysroot.join("lib/rustlib").join(target).is_dir());
    let components = COMPONENTS.into_iter().filter(|(_, program)| !sysroot.join("bin").join(program).is_file());
    add(workspace, "target", &targets.collect::<Vec<_>>())?;
    add(workspace, "component", &components.map(|(component, _)| component).collect::<Vec<_>>())?;
    println!("setup: Rust toolchain with {}: {}", TARGETS.join(", "), sysroot.display());
    Ok(())
}

fn add(workspace: &Workspace, kind: &str, missing: &[&str]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    process::run(workspace.command("rustup").args([kind, "add"]).args(missing)).with_context(|| {
        format!(
            "the Rust toolchain lacks {}, and rustup could not add it: install it as you installed Rust",
            missing.join(", ")
        )
    })
}

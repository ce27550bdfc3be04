//! `cargo xtask fuzz`: runs every fuzz target for a while. What fuzzing once found is kept as
//! ordinary tests, so that this is for finding more.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::setup::{self, Tool};
use crate::suite::Outcome;
use crate::workspace::Workspace;

/// How long to search.
#[derive(Debug, clap::Args)]
pub(crate) struct FuzzArgs {
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Runs each target in turn; the first input that breaks one ends the run.
pub(crate) fn run(workspace: &Workspace, args: &FuzzArgs) -> Result<()> {
    // The search needs instrumentation that only the nightly compiler has.
    let nightly = || {
        let mut command = workspace.command("rustup");
        command.args(["run", "nightly"]);
        command
    };
    process::capture(nightly().args(["rustc", "--version"]))
        .context("fuzzing needs the nightly compiler; to add it: rustup toolchain install nightly")?;
    let cargo_fuzz = setup::program(workspace, Tool::CargoFuzz)?;
    let listed = process::capture(workspace.command(&cargo_fuzz).args(["fuzz", "list"]))?;
    let targets: Vec<_> = listed.lines().collect();
    ensure!(!targets.is_empty(), "there are no fuzz targets");
    for target in targets {
        let mut search = nightly();
        search.arg(&cargo_fuzz).args(["fuzz", "run", target]);
        let seeds = workspace.root().join("fuzz/seeds").join(target);
        if seeds.is_dir() {
            // What is found goes to the first folder.
            let corpus = workspace.root().join("fuzz/corpus").join(target);
            fs::create_dir_all(&corpus).with_context(|| corpus.display().to_string())?;
            search.args([corpus, seeds]);
        }
        process::run(search.args(["--", &format!("-max_total_time={}", args.seconds)]))
            .with_context(|| format!("target `{target}`: cargo-fuzz has printed the input and how to reproduce it"))?;
    }
    Ok(())
}

/// Checks the targets with the pinned toolchain, which is enough to see that they still fit. Nothing is linked, so that
/// the fuzzing engine, a C++ library, need not be compiled: any file stands in for it.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let manifest = workspace.root().join("fuzz/Cargo.toml");
    let mut cargo = workspace.cargo();
    cargo.env("CUSTOM_LIBFUZZER_PATH", &manifest).args(["clippy", "--locked", "--bins"]);
    process::run(cargo.arg("--manifest-path").arg(&manifest).args(["--", "-D", "warnings"]))?;
    Ok(Outcome::Passed)
}

//! `cargo xtask simulate`: the tables of `docs/accuracy.md`, from the optimised core.

use std::ffi::OsString;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// What to hand to the simulation.
#[derive(Debug, clap::Args)]
pub(crate) struct SimulateArgs {
    /// Arguments of the simulation itself; try `-- --help`
    #[arg(last = true)]
    args: Vec<OsString>,
}

/// Builds the simulation and runs it.
pub(crate) fn run(workspace: &Workspace, args: &SimulateArgs) -> Result<()> {
    let package = ["run", "--release", "--package", "graylane-simulation", "--"];
    process::run(workspace.cargo().args(package).args(&args.args))
}

//! `cargo xtask lab`: a real Kubernetes and a real Istio on this machine.
//!
//! Builds what the lab needs, once, and hands the rest to the `graylane-lab` program.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{module, process, setup};

/// What to do with the lab.
#[derive(Debug, clap::Args)]
pub(crate) struct LabArgs {
    /// `up`, `down`, `status`, `exec -- COMMAND`, or `tools` to only build the programs of the control planes
    #[arg(value_name = "VERB", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Prepares the lab and becomes its program, so that signals and its exit status are its own.
pub(crate) fn run(workspace: &Workspace, args: &LabArgs) -> Result<()> {
    let verb = args.words.first().map(|word| word.to_string_lossy());
    match verb.as_deref() {
        Some("tools") => setup::lab(workspace),
        Some("up") => {
            setup::lab(workspace)?;
            let envoy = setup::proxy(workspace)?;
            let module = module::build(workspace)?;
            let packages = ["graylane-lab", "graylane", "shop"].into_iter().flat_map(|name| ["--package", name]);
            process::run(workspace.cargo().arg("build").args(packages).arg("--bins"))?;
            become_lab(program(workspace).env("GRAYLANE_ENVOY", envoy).env("GRAYLANE_MODULE", module), args)
        }
        Some(_) | None => {
            process::run(workspace.cargo().args(["build", "--quiet", "--package", "graylane-lab", "--bins"]))?;
            become_lab(&mut program(workspace), args)
        }
    }
}

fn program(workspace: &Workspace) -> Command {
    let mut program = workspace.command(workspace.target().join("debug/graylane-lab"));
    program.env("GRAYLANE_LAB", workspace.target().join("lab"));
    program
}

fn become_lab(program: &mut Command, args: &LabArgs) -> Result<()> {
    let error = program.args(&args.words).exec();
    Err(error).context("cannot start the lab")
}

//! `cargo xtask demo`: real traffic through real proxies, from a fresh checkout.
//!
//! Debug builds: a minute less of compiling shows the first picture a minute earlier, and the
//! proxies, which do the work, are not ours to compile.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::suite::Outcome;
use crate::workspace::Workspace;
use crate::{module, process, setup};

/// Where the demo's source is; the program has the same name.
const SOURCE: &str = "examples/shop/src/bin/demo/main.rs";

/// What to hand to the demo.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Arguments of the demo itself; try `-- --help`
    #[arg(last = true)]
    args: Vec<OsString>,
}

/// Prepares the demo and becomes it, so that signals and its exit status are its own.
pub(crate) fn run(workspace: &Workspace, args: &DemoArgs) -> Result<()> {
    let error = prepared(workspace)?.args(&args.args).exec();
    Err(error).context("cannot start the demo")
}

/// The whole demo, in plain lines and without a reader; it fails if it does not see what it claims.
pub(crate) fn smoke(workspace: &Workspace) -> Result<Outcome> {
    if !workspace.root().join(SOURCE).is_file() {
        return Ok(Outcome::NotRun(format!("there is no {SOURCE}")));
    }
    process::run(prepared(workspace)?.arg("--plain"))?;
    Ok(Outcome::Passed)
}

fn prepared(workspace: &Workspace) -> Result<Command> {
    let envoy = setup::proxy(workspace)?;
    let module = module::build(workspace)?;
    process::run(workspace.cargo().args(["build", "--package", "graylane", "--package", "shop", "--bins"]))?;
    let mut demo = workspace.command(workspace.target().join("debug/demo"));
    demo.env("GRAYLANE_ENVOY", envoy).env("GRAYLANE_MODULE", module);
    Ok(demo)
}

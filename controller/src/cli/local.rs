//! `graylane local`: a mesh on this machine.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use tokio::runtime;

use super::{CliError, Verdict};
use crate::local::{self, Error, Options};

/// Runs the services of a `LocalMesh` on loopback, each replica with an Envoy of its own, and a gateway in front.
///
/// Edits of the folder take effect at once. Ctrl-C ends everything.
#[derive(Debug, Args)]
pub(super) struct LocalArgs {
    /// The folder of resources, a `LocalMesh` among them
    dir: PathBuf,
    /// The Envoy to run [default: `GRAYLANE_ENVOY`, else the one on PATH, else the one of `cargo xtask setup`]
    #[arg(long, value_name = "FILE")]
    envoy: Option<PathBuf>,
    /// The filter's module [default: `GRAYLANE_MODULE`, else `target/graylane/graylane.wasm`]
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Where to keep logs and what proxies read [default: one for each DIR in `~/.local/state/graylane`]
    #[arg(long, value_name = "FOLDER")]
    state_dir: Option<PathBuf>,
}

pub(super) fn run(args: LocalArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let LocalArgs { dir, envoy, module, state_dir } = args;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Error::System { verb: "wait for processes", cause })?;
    runtime.block_on(local::run(Options { dir, envoy, module, state_dir }, out))?;
    Ok(Verdict::Fine)
}

//! The command line: a lab in the background.
//!
//! ```text
//! up ──starts──▶ hold (outside: keeps the lock, relays connections to the API server)
//!                  └── unshare ── inside (the lab itself, first process of its namespace)
//! ```
//!
//! Nothing is left when any of them ends: the inside ends with the pipe from `hold`, and the kernel ends what it started.

mod exec;
mod hold;
mod holder;
mod inside;
mod report;
mod status;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use graylane_lab::Extent;

/// A real Kubernetes and a real Istio on this machine, without containers
#[derive(Debug, clap::Parser)]
#[command(bin_name = "cargo xtask lab", disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Where the lab keeps its data and logs
    #[arg(long, env = "GRAYLANE_LAB", value_name = "DIR", global = true, default_value = "target/lab")]
    folder: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Start a lab in the background, and wait until it is ready
    Up(UpArgs),
    /// Stop it, with everything in it
    Down(DownArgs),
    /// Show what runs, and where logs are
    Status,
    /// Run a command inside, where every address of the lab is reached: `exec -- curl http://10.244.0.3/`
    Exec(ExecArgs),
    /// Keep a lab for as long as this runs
    #[command(hide = true)]
    Hold(UpArgs),
    /// Be the lab
    #[command(hide = true)]
    Inside(UpArgs),
}

#[derive(Debug, Clone, clap::Args)]
struct UpArgs {
    /// How much of a cluster
    #[arg(long, value_enum, default_value_t)]
    extent: ExtentArg,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum ExtentArg {
    /// The API server, Kubernetes' controllers and a node
    Kubernetes,
    /// Istio as well
    #[default]
    Mesh,
}

#[derive(Debug, clap::Args)]
struct DownArgs {
    /// Keep what the API server stores and all logs: the next lab goes on with them
    #[arg(long)]
    keep: bool,
}

#[derive(Debug, clap::Args)]
struct ExecArgs {
    /// The command
    #[arg(last = true, required = true)]
    command: Vec<std::ffi::OsString>,
}

impl From<ExtentArg> for Extent {
    fn from(extent: ExtentArg) -> Self {
        match extent {
            ExtentArg::Kubernetes => Self::Kubernetes,
            ExtentArg::Mesh => Self::Mesh,
        }
    }
}

impl ExtentArg {
    fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Mesh => "mesh",
        }
    }
}

pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    let folder = std::path::absolute(&cli.folder)?;
    match cli.verb {
        Verb::Up(args) => holder::up(&folder, &args),
        Verb::Down(args) => holder::down(&folder, &args),
        Verb::Status => status::show(&folder),
        Verb::Exec(args) => exec::exec(&folder, &args),
        Verb::Hold(args) => hold::hold(&folder, &args),
        Verb::Inside(args) => inside::run(&folder, &args),
    }
}

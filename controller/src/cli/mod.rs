//! The command line.
//!
//! Each command reads, asks the library, and prints; nothing is decided here. Exit codes: 0 when all is well; 1 when the
//! resources are refused (every problem is told), or the release that was waited for has failed; 2 when the command could
//! not be carried out: wrong usage, or an error of the system.

mod candidates;
mod check;
mod cluster;
mod completion;
mod crd;
mod error;
mod explain;
mod get;
mod local;
mod module;
mod operate;
mod output;
mod overrides;
mod plan;
mod rbac;
mod run;
mod status;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::plan::{Plan, plan};
use crate::resources::{self, Findings, Resources};

pub use completion::complete;
pub use error::CliError;

/// Releases new versions inside a service mesh, request by request.
#[derive(Debug, Parser)]
#[command(
    name = "graylane",
    version,
    after_help = "Exit codes: 0 all is well; 1 the resources are refused, every problem told, or the release that was waited for failed; 2 wrong usage or an error of the system."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the custom resource definitions
    Crd(crd::CrdArgs),
    /// Say everything that is wrong with resources, by file and line
    Check(check::CheckArgs),
    /// Print what filters and routers would be told
    Plan(plan::PlanArgs),
    /// Say which version a request would meet, and why
    Explain(explain::ExplainArgs),
    /// Sign and check overrides, by which testers choose lanes
    #[command(subcommand)]
    Override(overrides::OverrideCommand),
    /// Run services on this machine, each with a proxy of its own, and release new versions of them
    Local(local::LocalArgs),
    /// Print the rights that the controller needs
    Rbac(rbac::RbacArgs),
    /// Release new versions of Deployments in a cluster
    Run(run::RunArgs),
    /// List releases, standing lanes or the policy of the mesh in a cluster
    Get(get::GetArgs),
    /// Say what a release in a cluster is at
    Status(status::StatusArgs),
    #[command(flatten)]
    Operate(operate::Operation),
    /// Print a script by which a shell completes commands
    Completion(completion::CompletionArgs),
}

/// What is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// What is odd.
    Oddities,
    /// All that is done, with the time.
    Story,
}

impl Cli {
    /// What is logged: a command speaks for itself, a controller has nobody to speak to.
    #[must_use]
    pub fn log(&self) -> Log {
        match self.command {
            Command::Run(_) => Log::Story,
            Command::Crd(_)
            | Command::Rbac(_)
            | Command::Check(_)
            | Command::Plan(_)
            | Command::Explain(_)
            | Command::Override(_)
            | Command::Local(_)
            | Command::Get(_)
            | Command::Status(_)
            | Command::Operate(_)
            | Command::Completion(_) => Log::Oddities,
        }
    }
}

/// Where resources come from.
#[derive(Debug, Args)]
struct Files {
    /// A file or folder of resources (*.yaml, *.yml, *.json); may be repeated
    #[arg(short = 'f', long = "file", value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
}

/// How a command ended that was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Fine,
    /// The resources, or a verb, are refused.
    Refused,
    /// The release that was waited for has failed.
    Failed,
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Fine => Self::SUCCESS,
            Verdict::Refused | Verdict::Failed => Self::from(1),
        }
    }
}

/// Carries out one command, writing what it has to say to `out`.
///
/// # Errors
/// [`CliError`] when there is nothing to say but why not.
pub fn run(cli: Cli, out: &mut impl Write) -> Result<Verdict, CliError> {
    match cli.command {
        Command::Crd(args) => crd::run(&args, out),
        Command::Check(args) => check::run(&args, out),
        Command::Plan(args) => plan::run(args, out),
        Command::Explain(args) => explain::run(&args, out),
        Command::Override(command) => overrides::run(&command, out),
        Command::Local(args) => local::run(args, out),
        Command::Rbac(args) => rbac::run(&args, out),
        Command::Run(args) => run::run(args),
        Command::Get(args) => get::run(args, out),
        Command::Status(args) => status::run(args, out),
        Command::Operate(operation) => operate::run(operation, out),
        Command::Completion(args) => completion::run(&args, out),
    }
}

impl Files {
    fn planned(&self) -> Result<(Resources, Plan), Findings> {
        planned(&self.paths)
    }
}

/// The resources in `paths`, and what would be published for them.
fn planned(paths: &[PathBuf]) -> Result<(Resources, Plan), Findings> {
    understood(resources::read(paths)?)
}

/// Resources that could be read, and what would be published for them.
fn understood(resources: Resources) -> Result<(Resources, Plan), Findings> {
    match plan(&resources.observe(), None) {
        Ok(plan) => Ok((resources, plan)),
        Err(refusals) => Err(resources.locate(refusals)),
    }
}

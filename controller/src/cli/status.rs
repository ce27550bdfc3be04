//! `graylane status`: what a release is at.

use std::io::{IsTerminal, Write, stdout};

use clap::Args;

use super::cluster::ClusterArgs;
use super::output::ReportForm;
use super::{CliError, Verdict, candidates};
use crate::api::WaitTime;
use crate::operate::{Display, End, view};

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The release
    #[arg(add = candidates::releases())]
    name: String,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Go on, and tell whenever that changes
    #[arg(short, long)]
    watch: bool,
    /// Go on until the Deployments run what they say (exit code 0) or the release has failed (1), at most so long, as 10m
    #[arg(long, value_name = "TIME", conflicts_with = "watch")]
    wait: Option<WaitTime>,
    /// The form of the output; as data, the status of the object
    #[arg(short, long, value_enum, default_value_t = ReportForm::Text, conflicts_with_all = ["watch", "wait"])]
    output: ReportForm,
}

pub(super) fn run(args: StatusArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let StatusArgs { name, cluster, watch, wait, output } = args;
    let display = if stdout().is_terminal() { Display::Screen } else { Display::Log };
    if watch {
        cluster.ask(async |operator| operator.watch(&name, display, out).await)?;
        return Ok(Verdict::Fine);
    }
    if let Some(patience) = wait {
        let end = cluster.ask(async |operator| operator.wait(&name, patience.duration(), display, out).await)?;
        return Ok(match end {
            End::Released => Verdict::Fine,
            End::Failed => Verdict::Failed,
        });
    }
    let release = cluster.ask(async |operator| operator.get(&name).await)?;
    match output.data() {
        Some(form) => form.print(&release.status, out)?,
        None => write!(out, "{}", view(&release))?,
    }
    Ok(Verdict::Fine)
}

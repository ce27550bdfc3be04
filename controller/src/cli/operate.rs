//! `graylane approve`, `abort` and so on: what releases in a cluster are told.

use std::io::Write;

use clap::{Args, Subcommand};
use graylane_core::Percentage;

use super::cluster::ClusterArgs;
use super::{CliError, Verdict, candidates};
use crate::operate::Answer;
use crate::release::Verb;

/// Which release.
#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    /// The release
    #[arg(add = candidates::releases())]
    name: String,
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Operation {
    /// End the present pause of a release
    Approve(ReleaseArgs),
    /// Leave out the rest of the present step of a release, or all further steps
    Promote {
        #[command(flatten)]
        release: ReleaseArgs,
        /// Leave out all further steps; pods and proxies are waited for all the same
        #[arg(long)]
        full: bool,
    },
    /// Let a release make no further step
    Pause(ReleaseArgs),
    /// Let a paused release go on
    Resume(ReleaseArgs),
    /// Return everybody to the stable version
    Abort(ReleaseArgs),
    /// Release again what was aborted
    Retry(ReleaseArgs),
    /// Let a release go to a step
    Jump {
        #[command(flatten)]
        release: ReleaseArgs,
        /// The index of the step, from 0
        #[arg(value_parser = step)]
        step: u16,
    },
    /// Set the weight of a release without a strategy
    Weight {
        #[command(flatten)]
        release: ReleaseArgs,
        /// As 10 or 0.05%
        weight: Percentage,
    },
    /// Give the Deployments of a release the template of their stable version again
    Undo(ReleaseArgs),
}

pub(super) fn run(operation: Operation, out: &mut impl Write) -> Result<Verdict, CliError> {
    let (name, verb, answer) = match operation {
        Operation::Approve(release) => tell(release, Verb::Approve)?,
        Operation::Promote { release, full: false } => tell(release, Verb::Promote)?,
        Operation::Promote { release, full: true } => tell(release, Verb::PromoteFully)?,
        Operation::Pause(release) => tell(release, Verb::Pause)?,
        Operation::Resume(release) => tell(release, Verb::Resume)?,
        Operation::Abort(release) => tell(release, Verb::Abort)?,
        Operation::Retry(release) => tell(release, Verb::Retry)?,
        Operation::Jump { release, step } => tell(release, Verb::Jump(step))?,
        Operation::Weight { release: ReleaseArgs { name, cluster }, weight } => {
            let answer = cluster.ask(async |operator| operator.set_weight(&name, weight).await)?;
            (name, Verb::Weight(weight), answer)
        }
        Operation::Undo(ReleaseArgs { name, cluster }) => {
            let undone = cluster.ask(async |operator| operator.undo(&name).await)?;
            let done = if undone.is_empty() {
                "nothing is being released".to_owned()
            } else {
                format!("{} is as stable again", undone.join(", "))
            };
            writeln!(out, "{name}: {done}")?;
            return Ok(Verdict::Fine);
        }
    };
    match answer {
        Answer::Obeyed => writeln!(out, "{name}: {verb}: obeyed")?,
        Answer::Refused(why) => {
            writeln!(out, "{name}: {verb}: refused: {why}")?;
            return Ok(Verdict::Refused);
        }
        Answer::Silence => writeln!(
            out,
            "{name}: told to {verb}, but the controller has not answered so far: does it run? It obeys when it comes"
        )?,
    }
    Ok(Verdict::Fine)
}

fn step(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "the index of a step is a number, and that of the first one is 0".to_owned())
}

fn tell(release: ReleaseArgs, verb: Verb) -> Result<(String, Verb, Answer), CliError> {
    let ReleaseArgs { name, cluster } = release;
    let answer = cluster.ask(async |operator| operator.tell(&name, verb).await)?;
    Ok((name, verb, answer))
}

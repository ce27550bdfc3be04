//! `graylane status`, `approve` and so on: releases in a cluster.

use std::io::Write;

use clap::{Args, Subcommand};
use graylane_core::Percentage;
use tokio::runtime;

use super::{CliError, Verdict};
use crate::operate::{Error, Operator};
use crate::release::Verb;

/// Which release.
#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    /// The release
    name: String,
    /// Its namespace [default: that of the kubeconfig's context]
    #[arg(short, long)]
    namespace: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Operation {
    /// Say what a release in a cluster is at
    Status {
        #[command(flatten)]
        release: ReleaseArgs,
        /// Go on, and tell whenever that changes
        #[arg(short, long)]
        watch: bool,
    },
    /// End the present pause of a release
    Approve(ReleaseArgs),
    /// Leave out all further steps of a release
    Promote(ReleaseArgs),
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
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)?;
    let connected = |release: ReleaseArgs| -> Result<(Operator, String), Error> {
        Ok((runtime.block_on(Operator::connect(release.namespace))?, release.name))
    };
    let tell = |release: ReleaseArgs, verb: Verb| {
        let (operator, name) = connected(release)?;
        runtime.block_on(operator.tell(&name, verb))?;
        Ok::<_, Error>(format!("{name}: told to {verb}"))
    };
    let told = match operation {
        Operation::Status { release, watch } => {
            let (operator, name) = connected(release)?;
            let shown = if watch {
                runtime.block_on(operator.watch(&name, out))
            } else {
                runtime.block_on(operator.show(&name, out))
            };
            shown?;
            return Ok(Verdict::Fine);
        }
        Operation::Approve(release) => tell(release, Verb::Approve)?,
        Operation::Promote(release) => tell(release, Verb::Promote)?,
        Operation::Pause(release) => tell(release, Verb::Pause)?,
        Operation::Resume(release) => tell(release, Verb::Resume)?,
        Operation::Abort(release) => tell(release, Verb::Abort)?,
        Operation::Retry(release) => tell(release, Verb::Retry)?,
        Operation::Jump { release, step } => tell(release, Verb::Jump(step))?,
        Operation::Weight { release, weight } => {
            let (operator, name) = connected(release)?;
            runtime.block_on(operator.set_weight(&name, weight))?;
            format!("{name}: weight {weight}")
        }
        Operation::Undo(release) => {
            let (operator, name) = connected(release)?;
            let undone = runtime.block_on(operator.undo(&name))?;
            if undone.is_empty() {
                format!("{name}: nothing is being released")
            } else {
                format!("{name}: {} is as stable again", undone.join(", "))
            }
        }
    };
    writeln!(out, "{told}")?;
    Ok(Verdict::Fine)
}

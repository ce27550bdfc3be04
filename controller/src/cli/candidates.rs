//! What shells are offered besides commands and options: names of what there is in the cluster that the command line means.
//!
//! An offer is a courtesy. Whatever goes wrong, and whatever takes long, nothing is offered and nothing is told.

use std::env;
use std::ffi::OsString;
use std::time::Duration;

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use clap_complete::{ArgValueCandidates, CompletionCandidate};
use kube::ResourceExt;
use tokio::time::timeout;

use super::Cli;
use super::cluster::ClusterArgs;
use super::get::What;
use crate::operate::{Error, Operator, Reach};

/// How long somebody who presses a key waits for the cluster.
const PATIENCE: Duration = Duration::from_secs(2);

/// The releases of the namespace.
pub(super) fn releases() -> ArgValueCandidates {
    ArgValueCandidates::new(|| asked(release_names))
}

/// What `graylane get` would list.
pub(super) fn listed() -> ArgValueCandidates {
    ArgValueCandidates::new(|| match written().and_then(|args| args.get_one("what").copied()) {
        Some(What::Lanes) => asked(lane_names),
        Some(What::Releases) | None => asked(release_names),
        Some(What::Policy) => Vec::new(),
    })
}

/// The namespaces of the cluster.
pub(super) fn namespaces() -> ArgValueCandidates {
    ArgValueCandidates::new(|| asked(async |operator| operator.namespaces().await))
}

/// The contexts of the kubeconfig.
pub(super) fn contexts() -> ArgValueCandidates {
    ArgValueCandidates::new(|| offered(cluster().unwrap_or_default().contexts()))
}

async fn release_names(operator: Operator) -> Result<Vec<String>, Error> {
    Ok(operator.list(Reach::Namespace).await?.iter().map(ResourceExt::name_any).collect())
}

async fn lane_names(operator: Operator) -> Result<Vec<String>, Error> {
    Ok(operator.lanes(Reach::Namespace).await?.iter().map(ResourceExt::name_any).collect())
}

/// The answer of the cluster that the command line means.
fn asked(question: impl AsyncFnOnce(Operator) -> Result<Vec<String>, Error>) -> Vec<CompletionCandidate> {
    let in_time = async |operator| timeout(PATIENCE, question(operator)).await.unwrap_or(Ok(Vec::new()));
    offered(cluster().unwrap_or_default().ask(in_time).unwrap_or_default())
}

fn offered(names: Vec<String>) -> Vec<CompletionCandidate> {
    names.into_iter().map(CompletionCandidate::new).collect()
}

fn cluster() -> Option<ClusterArgs> {
    ClusterArgs::from_arg_matches(&written()?).ok()
}

/// What is already written of the arguments of a command, as far as that makes sense.
fn written() -> Option<ArgMatches> {
    let mut args = Cli::command().ignore_errors(true).try_get_matches_from(words()).ok()?;
    args.remove_subcommand().map(|(_, args)| args)
}

/// The command line to complete: scripts of shells hand it on after `--`, `kubectl` as it is.
fn words() -> Vec<OsString> {
    let mut words: Vec<OsString> = env::args_os().collect();
    match words.iter().position(|word| word == "--") {
        Some(index) => words.split_off(index + 1),
        None => words,
    }
}

//! `graylane get`: what there is in a cluster, one object a line.

use std::io::Write;

use clap::{Args, ValueEnum};
use kube::ResourceExt;
use kube::api::ObjectList;
use serde::Serialize;

use super::cluster::ClusterArgs;
use super::output::ReportForm;
use super::{CliError, Verdict, candidates};
use crate::api::{GrayRelease, Lane, MeshPolicy};
use crate::operate::{Reach, lane_table, policy_table, table};

#[derive(Debug, Args)]
pub(super) struct GetArgs {
    /// What is listed
    #[arg(value_enum, default_value_t = What::Releases)]
    what: What,
    /// One of them [default: all]
    #[arg(conflicts_with = "all_namespaces", add = candidates::listed())]
    name: Option<String>,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Those of all namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// The form of the output; as data, the objects themselves
    #[arg(short, long, value_enum, default_value_t = ReportForm::Text)]
    output: ReportForm,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
    /// Releases
    #[value(alias = "release")]
    Releases,
    /// Standing lanes
    #[value(alias = "lane")]
    Lanes,
    /// The policy of the mesh
    Policy,
}

pub(super) fn run(args: GetArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let GetArgs { what, name, cluster, all_namespaces, output } = args;
    let reach = if all_namespaces { Reach::Everywhere } else { Reach::Namespace };
    match (what, name) {
        (What::Releases, Some(name)) => {
            let release = cluster.ask(async |operator| operator.get(&name).await)?;
            one(release, output, |releases: &[GrayRelease]| table(releases, reach), out)?;
        }
        (What::Releases, None) => {
            let releases = cluster.ask(async |operator| operator.list(reach).await)?;
            all(releases, output, "no GrayRelease is here", |releases: &[GrayRelease]| table(releases, reach), out)?;
        }
        (What::Lanes, Some(name)) => {
            let lane = cluster.ask(async |operator| operator.lane(&name).await)?;
            one(lane, output, |lanes: &[Lane]| lane_table(lanes, reach), out)?;
        }
        (What::Lanes, None) => {
            let lanes = cluster.ask(async |operator| operator.lanes(reach).await)?;
            all(lanes, output, "no Lane is here", |lanes: &[Lane]| lane_table(lanes, reach), out)?;
        }
        (What::Policy, _) => {
            let policies = cluster.ask(async |operator| operator.policies().await)?;
            let none = "there is no MeshPolicy: everything has its default";
            all(policies, output, none, |policies: &[MeshPolicy]| policy_table(policies), out)?;
        }
    }
    Ok(Verdict::Fine)
}

fn one<K: ResourceExt + Serialize>(
    mut object: K,
    output: ReportForm,
    table: impl Fn(&[K]) -> String,
    out: &mut impl Write,
) -> Result<(), CliError> {
    object.meta_mut().managed_fields = None;
    match output.data() {
        Some(form) => form.print(&object, out),
        None => Ok(write!(out, "{}", table(&[object]))?),
    }
}

fn all<K: ResourceExt + Serialize + Clone>(
    mut objects: ObjectList<K>,
    output: ReportForm,
    none: &str,
    table: impl Fn(&[K]) -> String,
    out: &mut impl Write,
) -> Result<(), CliError> {
    objects.items.iter_mut().for_each(|object| object.meta_mut().managed_fields = None);
    match output.data() {
        Some(form) => form.print(&objects, out),
        None if objects.items.is_empty() => Ok(writeln!(out, "{none}")?),
        None => Ok(write!(out, "{}", table(&objects.items))?),
    }
}

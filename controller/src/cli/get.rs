//! `graylane get`: releases, one a line.

use std::io::Write;

use clap::Args;
use kube::ResourceExt;

use super::cluster::ClusterArgs;
use super::output::ReportForm;
use super::{CliError, Verdict};
use crate::operate::{Reach, table};

#[derive(Debug, Args)]
pub(super) struct GetArgs {
    /// A release [default: all of them]
    #[arg(conflicts_with = "all_namespaces")]
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

pub(super) fn run(args: GetArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let GetArgs { name, cluster, all_namespaces, output } = args;
    let reach = if all_namespaces { Reach::Everywhere } else { Reach::Namespace };
    if let Some(name) = name {
        let mut release = cluster.ask(async |operator| operator.get(&name).await)?;
        release.managed_fields_mut().clear();
        match output.data() {
            Some(form) => form.print(&release, out)?,
            None => write!(out, "{}", table(&[release], reach))?,
        }
        return Ok(Verdict::Fine);
    }
    let mut releases = cluster.ask(async |operator| operator.list(reach).await)?;
    releases.items.iter_mut().for_each(|release| release.managed_fields_mut().clear());
    match output.data() {
        Some(form) => form.print(&releases, out)?,
        None if releases.items.is_empty() => writeln!(out, "no GrayRelease is here")?,
        None => write!(out, "{}", table(&releases.items, reach))?,
    }
    Ok(Verdict::Fine)
}

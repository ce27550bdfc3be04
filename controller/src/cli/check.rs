//! `graylane check`: everything that is wrong with resources.

use std::io::Write;

use clap::Args;

use super::output::ReportForm;
use super::{CliError, Files, Verdict, understood};
use crate::resources::{self, Finding, Findings, Resources};

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    files: Files,
    /// The form of the output; as data, a list of problems
    #[arg(short, long, value_enum, default_value_t = ReportForm::Text)]
    output: ReportForm,
}

pub(super) fn run(args: &CheckArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let read = resources::read(&args.files.paths);
    let rest = match &read {
        // Half of the resources would seem to contradict what the other half says.
        Err(findings) if findings.iter().any(is_in_a_resource) => {
            "; what resources mean together is looked at when all can be read"
        }
        _ => "",
    };
    let checked = read.and_then(understood);
    let verdict = if checked.is_ok() { Verdict::Fine } else { Verdict::Refused };
    match (args.output.data(), checked) {
        (Some(form), Ok(_)) => form.print(&Findings::default(), out)?,
        (Some(form), Err(findings)) => form.print(&findings, out)?,
        (None, Ok((resources, _))) => praise(&resources, out)?,
        (None, Err(findings)) => {
            let problems = if findings.len() == 1 { "problem" } else { "problems" };
            writeln!(out, "{findings}\n{} {problems}{rest}", findings.len())?;
        }
    }
    Ok(verdict)
}

/// Whether something was read, and not only looked for.
fn is_in_a_resource(finding: &Finding) -> bool {
    finding.place.as_ref().is_none_or(|place| place.line.is_some())
}

fn praise(resources: &Resources, out: &mut impl Write) -> Result<(), CliError> {
    let Resources { releases, lanes, policy, mesh, notes, .. } = resources;
    for note in notes {
        writeln!(out, "note: {note}")?;
    }
    let objects = releases.len() + lanes.len() + usize::from(policy.is_some()) + usize::from(mesh.is_some());
    let noun = if objects == 1 { "object" } else { "objects" };
    Ok(writeln!(out, "{objects} {noun}, no problem")?)
}

//! `graylane plan`: what filters and routers would be told.

use std::io::Write;

use clap::Args;

use super::output::DataForm;
use super::{CliError, Files, Verdict};

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    files: Files,
    /// The form of the output
    #[arg(short, long, value_enum, default_value_t = DataForm::Yaml)]
    output: DataForm,
}

pub(super) fn run(args: &PlanArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let (_, plan) = args.files.planned()?;
    args.output.print(&plan, out)?;
    Ok(Verdict::Fine)
}

//! `graylane completion`: what shells know of the commands.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, CliError, Verdict};

#[derive(Debug, Args)]
pub(super) struct CompletionArgs {
    /// The shell; bash reads it by `source <(graylane completion bash)`
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &CompletionArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "graylane", &mut script);
    out.write_all(&script)?;
    Ok(Verdict::Fine)
}

//! How shells complete commands: by asking this program, which may ask the cluster.
//!
//! ```text
//! shell   ──GRAYLANE_COMPLETE=bash graylane -- WORDS──▶ answer in the shell's form
//! kubectl ──kubectl_complete-graylane WORDS──▶ an answer a line, with what it means after a tab, and ":DIRECTIVE"
//! ```

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use clap::{Args, CommandFactory};
use clap_complete::engine::{self, CompletionCandidate};
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};
use clap_complete::{CompleteEnv, Shell};

use super::{Cli, CliError, Verdict};

/// What a shell names itself by when it asks.
const ASKED_BY: &str = "GRAYLANE_COMPLETE";

/// How `kubectl` calls a plugin `graylane` that it asks.
const FOR_KUBECTL: &str = "kubectl_complete-graylane";

/// What `kubectl` shall do with answers (`ShellCompDirective` of `spf13/cobra`): put no space behind, offer no files besides.
const NO_SPACE: u8 = 2;
const NO_FILES: u8 = 4;

#[derive(Debug, Args)]
pub(super) struct CompletionArgs {
    /// The shell; bash and zsh read it by `source <(graylane completion SHELL)`, fish by `graylane completion fish | source`
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &CompletionArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let shell: &dyn EnvCompleter = match args.shell {
        Shell::Bash => &Bash,
        Shell::Elvish => &Elvish,
        Shell::Fish => &Fish,
        Shell::PowerShell => &Powershell,
        _ => &Zsh,
    };
    shell.write_registration(ASKED_BY, "graylane", "graylane", "graylane", out)?;
    Ok(Verdict::Fine)
}

/// Answers a shell, or `kubectl`, that asks how a command line goes on; says whether one asks.
///
/// # Errors
/// When it can not be answered.
pub fn complete(out: &mut impl Write) -> Result<bool, CliError> {
    let words: Vec<OsString> = env::args_os().collect();
    let here = env::current_dir().ok();
    if words.first().is_some_and(|file| Path::new(file).file_stem().is_some_and(|stem| stem == FOR_KUBECTL)) {
        let index = words.len() - 1;
        tell_kubectl(&engine::complete(&mut Cli::command(), words, index, here.as_deref())?, out)?;
        return Ok(true);
    }
    let asked = CompleteEnv::with_factory(Cli::command).var(ASKED_BY).try_complete(words, here.as_deref());
    Ok(asked.unwrap_or_else(|error| error.exit()))
}

fn tell_kubectl(candidates: &[CompletionCandidate], out: &mut impl Write) -> Result<(), CliError> {
    let mut directive = NO_FILES;
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy();
        if value.ends_with('/') {
            directive |= NO_SPACE;
        }
        match candidate.get_help() {
            Some(help) => writeln!(out, "{value}\t{help}")?,
            None => writeln!(out, "{value}")?,
        }
    }
    Ok(writeln!(out, ":{directive}")?)
}

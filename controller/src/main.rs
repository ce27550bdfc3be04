//! The `graylane` program: see [`graylane::cli`].

use std::env;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use graylane::cli::{self, Cli, Log};
use tracing::Level;

fn main() -> ExitCode {
    let matches = Cli::command().bin_name(called()).get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    // What commands tell goes to standard output; what they find odd on the way, to standard error.
    let log = tracing_subscriber::fmt().with_writer(io::stderr).with_target(false);
    match cli.log() {
        Log::Oddities => log.with_max_level(Level::WARN).without_time().init(),
        Log::Story => log.with_max_level(Level::INFO).with_ansi(false).init(),
    }
    match cli::run(cli, &mut io::stdout().lock()) {
        Ok(verdict) => verdict.into(),
        Err(error) => {
            eprintln!("graylane: {error}");
            error.exit_code()
        }
    }
}

/// How the program was called: `kubectl` knows plugins by their files' names.
fn called() -> &'static str {
    let file = env::args_os().next();
    let is_plugin =
        file.is_some_and(|file| Path::new(&file).file_stem().is_some_and(|stem| stem == "kubectl-graylane"));
    if is_plugin { "kubectl graylane" } else { "graylane" }
}

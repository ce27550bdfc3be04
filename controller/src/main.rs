//! The `graylane` program: see [`graylane::cli`].

use std::env;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use graylane::cli::{self, Cli, CliError, Log};
use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry};

fn main() -> ExitCode {
    match cli::complete(&mut io::stdout().lock()) {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => {}
        Err(error) => return failed(&error),
    }
    let matches = Cli::command().bin_name(called()).get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    start(cli.log());
    match cli::run(cli, &mut io::stdout().lock()) {
        Ok(verdict) => verdict.into(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &CliError) -> ExitCode {
    if !error.is_closed_pipe() {
        eprintln!("graylane: {error}");
    }
    error.exit_code()
}

/// What commands tell goes to standard output; what they find odd on the way, to standard error.
fn start(log: Log) {
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    match log {
        Log::Oddities => {
            // What becomes of a request is told by whoever sent it.
            let odd = Targets::new()
                .with_default(Level::WARN)
                .with_targets(["kube_client", "kube_runtime"].map(|kube| (kube, LevelFilter::OFF)));
            let lines = lines.without_time().with_ansi(io::stderr().is_terminal());
            registry().with(lines).with(odd).init();
        }
        Log::Story => registry().with(lines.with_ansi(false)).with(LevelFilter::INFO).init(),
    }
}

/// How the program was called: `kubectl` knows plugins by their files' names.
fn called() -> &'static str {
    let file = env::args_os().next();
    let is_plugin =
        file.is_some_and(|file| Path::new(&file).file_stem().is_some_and(|stem| stem == "kubectl-graylane"));
    if is_plugin { "kubectl graylane" } else { "graylane" }
}

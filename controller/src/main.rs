//! The `graylane` program: see [`graylane::cli`].

use std::io;
use std::process::ExitCode;

use clap::Parser;
use graylane::cli::{self, Cli, Log};
use tracing::Level;

fn main() -> ExitCode {
    let cli = Cli::parse();
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

//! The `graylane` program: see [`graylane::cli`].

use std::io;
use std::process::ExitCode;

use clap::Parser;
use graylane::cli::{self, Cli};
use tracing::Level;

fn main() -> ExitCode {
    // What commands tell goes to standard output; what they find odd on the way, to standard error.
    tracing_subscriber::fmt()
        .with_max_level(Level::WARN)
        .with_writer(io::stderr)
        .with_target(false)
        .without_time()
        .init();
    match cli::run(Cli::parse(), &mut io::stdout().lock()) {
        Ok(verdict) => verdict.into(),
        Err(error) => {
            eprintln!("graylane: {error}");
            error.exit_code()
        }
    }
}

//! The `graylane` program: see [`graylane::cli`].

use std::io;
use std::process::ExitCode;

use clap::Parser;
use graylane::cli::{self, Cli};

fn main() -> ExitCode {
    match cli::run(Cli::parse(), &mut io::stdout().lock()) {
        Ok(verdict) => verdict.into(),
        Err(error) => {
            eprintln!("graylane: {error}");
            error.exit_code()
        }
    }
}

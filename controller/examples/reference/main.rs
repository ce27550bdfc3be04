//! Prints the pages below `docs/reference` that `cargo xtask gen` writes: what code knows, in words.

mod filter_config;
mod metrics;

use std::io::{self, Write as _};

use clap::{CommandFactory as _, Parser, ValueEnum};
use graylane::cli::Cli;

/// Prints a page of the reference
#[derive(Parser)]
struct Args {
    page: Page,
}

#[derive(Clone, Copy, ValueEnum)]
enum Page {
    /// The command line
    Commands,
    /// The JSON Schema of a filter's configuration
    FilterConfig,
    /// What filters count
    Metrics,
}

fn main() -> io::Result<()> {
    let page = match Args::parse().page {
        Page::Commands => commands(),
        Page::FilterConfig => filter_config::page(),
        Page::Metrics => metrics::page(),
    };
    io::stdout().write_all(page.as_bytes())
}

fn commands() -> String {
    let options = clap_markdown::MarkdownOptions::new()
        .title("Command line".to_owned())
        .show_footer(false)
        .show_table_of_contents(false);
    clap_markdown::help_markdown_command_custom(&Cli::command(), &options)
}

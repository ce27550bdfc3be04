//! The project's task runner: `cargo xtask COMMAND`. It finds or installs what a command needs, and
//! shows every program that it starts.

mod bench;
mod demo;
mod fuzz;
mod generate;
mod lab;
mod module;
mod process;
mod setup;
mod simulate;
mod suite;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use workspace::Workspace;

/// Builds, shows, tests and measures Graylane
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
enum Command {
    /// Run real traffic through real proxies, and watch a release shift it
    Demo(demo::DemoArgs),
    /// Run everything that continuous integration runs
    Test(suite::TestArgs),
    /// Build the WebAssembly module that proxies load, within its budget of size
    Module,
    /// Measure what a decision costs a proxy
    Bench(bench::BenchArgs),
    /// Say how accurate lanes are in a large mesh, by what its apps forward
    Simulate(simulate::SimulateArgs),
    /// Run a real Kubernetes and a real Istio, without containers
    Lab(lab::LabArgs),
    /// Write the generated files
    Gen(generate::GenArgs),
    /// Search for inputs that break a parser
    Fuzz(fuzz::FuzzArgs),
    /// Find or install what the other commands need (they do so themselves)
    Setup,
}

fn main() -> ExitCode {
    match run(Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes: Vec<_> = error.chain().map(ToString::to_string).collect();
            eprintln!("error: {}", causes.join("\n  because: "));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let workspace = Workspace::find()?;
    match command {
        Command::Demo(args) => demo::run(&workspace, &args),
        Command::Test(args) => suite::run(&workspace, &args),
        Command::Module => module::build_within_budget(&workspace),
        Command::Bench(args) => bench::run(&workspace, &args),
        Command::Simulate(args) => simulate::run(&workspace, &args),
        Command::Lab(args) => lab::run(&workspace, &args),
        Command::Gen(args) => generate::run(&workspace, &args),
        Command::Fuzz(args) => fuzz::run(&workspace, &args),
        Command::Setup => setup::everything(&workspace),
    }
}

//! `cargo xtask test`: everything that continuous integration runs, in this order, stopping at the
//! first step that fails. A step that could not be run here is said, never passed over.

mod count;
mod steps;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;

use crate::workspace::Workspace;
use steps::{STEPS, Step};

/// Which steps to run.
#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// Run this step only (may be repeated)
    #[arg(long, value_name = "STEP", value_parser = PossibleValuesParser::new(STEPS.map(|step| step.name)))]
    only: Vec<String>,
    /// Print the steps and what each one promises
    #[arg(long)]
    list: bool,
}

/// How a step that did not fail has ended.
pub(crate) enum Outcome {
    /// What it promises holds.
    Passed,
    /// The same, shown by tests.
    Tested {
        /// How many.
        passed: u32,
    },
    /// It could not be run on this machine, for this reason.
    NotRun(String),
}

/// Runs the chosen steps and prints a summary.
pub(crate) fn run(workspace: &Workspace, args: &TestArgs) -> Result<()> {
    if args.list {
        for Step { name, promise, .. } in STEPS {
            println!("{name:<12} {promise}");
        }
        return Ok(());
    }
    let is_chosen = |step: &Step| args.only.is_empty() || args.only.iter().any(|name| name == step.name);
    let mut summary = Summary::default();
    for step in STEPS.into_iter().filter(is_chosen) {
        println!("\n=== {}: {}", step.name, step.promise);
        let started = Instant::now();
        let result = (step.run)(workspace);
        if let Some(error) = summary.note(step.name, started.elapsed(), result) {
            summary.print();
            let name = step.name;
            return Err(error)
                .context(format!("step `{name}` failed; to run it alone: cargo xtask test --only {name}"));
        }
    }
    summary.print();
    println!("\n{}", summary.verdict());
    Ok(())
}

/// What has been run so far.
#[derive(Default)]
struct Summary {
    lines: Vec<String>,
    passed: usize,
    not_run: usize,
    tests: u32,
    took: Duration,
}

impl Summary {
    /// Takes in how a step ended, and hands back the error of a failed one.
    fn note(&mut self, name: &str, took: Duration, result: Result<Outcome>) -> Option<anyhow::Error> {
        let (outcome, error) = match result {
            Ok(Outcome::Passed) => {
                self.passed += 1;
                ("passed".to_owned(), None)
            }
            Ok(Outcome::Tested { passed }) => {
                self.passed += 1;
                self.tests += passed;
                (format!("passed, {passed} tests"), None)
            }
            Ok(Outcome::NotRun(why)) => {
                self.not_run += 1;
                (format!("NOT RUN: {why}"), None)
            }
            Err(error) => ("FAILED".to_owned(), Some(error)),
        };
        self.lines.push(format!("{name:<12} {:>7.1} s  {outcome}", took.as_secs_f64()));
        self.took += took;
        error
    }

    fn print(&self) {
        println!("\n=== summary\n{}", self.lines.join("\n"));
    }

    fn verdict(&self) -> String {
        let Self { passed, tests, not_run, took, .. } = self;
        let not_run = if *not_run == 0 { String::new() } else { format!("NOT RUN: {not_run} steps; ") };
        format!("passed: {passed} steps, {tests} tests; {not_run}{} s", took.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_names_what_was_not_run() {
        let mut summary = Summary::default();
        let second = Duration::from_secs(1);
        assert!(summary.note("one", second, Ok(Outcome::Passed)).is_none());
        assert_eq!(summary.verdict(), "passed: 1 steps, 0 tests; 1 s");
        assert!(summary.note("two", second, Ok(Outcome::NotRun("no network".to_owned()))).is_none());
        assert_eq!(summary.verdict(), "passed: 1 steps, 0 tests; NOT RUN: 1 steps; 2 s");
    }

    #[test]
    fn a_failed_step_is_no_passed_one() {
        let mut summary = Summary::default();
        let error = summary.note("one", Duration::ZERO, Err(anyhow::anyhow!("broken")));
        assert_eq!(error.map(|error| error.to_string()), Some("broken".to_owned()));
        assert_eq!(summary.passed, 0);
    }
}

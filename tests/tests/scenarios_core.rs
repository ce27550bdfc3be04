//! The scenarios on the pure core.

use std::process::ExitCode;

use graylane_tests::core_runner::CoreRunner;
use graylane_tests::scenario::{Table, play};
use libtest_mimic::{Arguments, Trial};

fn main() -> anyhow::Result<ExitCode> {
    let trials: Vec<Trial> = Table::load()?
        .into_iter()
        .map(|scenario| {
            Trial::test(scenario.name.clone(), move || {
                play(&scenario, &mut CoreRunner::default()).map_err(|error| format!("{error:#}").into())
            })
        })
        .collect();
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}

//! The scenarios on the compiled module, in a Proxy-Wasm host.

use std::process::ExitCode;

use graylane_tests::module_runner::{self, ModuleRunner};
use graylane_tests::scenario::{Table, play};
use libtest_mimic::{Arguments, Trial};

fn main() -> anyhow::Result<ExitCode> {
    let module = module_runner::module()?;
    let trials: Vec<Trial> = Table::load()?
        .into_iter()
        .map(|scenario| {
            let module = module.clone();
            Trial::test(scenario.name.clone(), move || {
                play(&scenario, &mut ModuleRunner::new(module)).map_err(|error| format!("{error:#}").into())
            })
        })
        .collect();
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}

//! The scenarios on real Envoys.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, anyhow};
use graylane_tests::envoy_runner::EnvoyRunner;
use graylane_tests::scenario::{Mesh, Scenario, Table, play};
use libtest_mimic::{Arguments, Trial};

fn main() -> Result<ExitCode> {
    let table = Table::load()?;
    let envoys = Arc::new(Envoys { mesh: table.mesh()?, idle: Mutex::default() });
    let trials: Vec<Trial> = table
        .into_iter()
        .map(|scenario| {
            let envoys = Arc::clone(&envoys);
            Trial::test(scenario.name.clone(), move || {
                envoys.play(&scenario).map_err(|error| format!("{error:#}").into())
            })
        })
        .collect();
    let arguments = Arguments::from_args();
    let played = libtest_mimic::run(&arguments, trials);
    let closing = Trial::test("the counters show exactly what was played", move || {
        envoys.retire().map_err(|error| format!("{error:#}").into())
    });
    let retired = libtest_mimic::run(&Arguments { filter: None, ..arguments }, vec![closing]);
    Ok(if played.has_failed() { played.exit_code() } else { retired.exit_code() })
}

/// Envoys that play one scenario after another, as many as there are threads that do.
struct Envoys {
    mesh: Mesh,
    idle: Mutex<Vec<EnvoyRunner>>,
}

impl Envoys {
    /// A runner on which a scenario failed is not used again: its counters are off.
    fn play(&self, scenario: &Scenario) -> Result<()> {
        let idle = self.idle().pop();
        let mut runner = match idle {
            Some(runner) => runner,
            None => EnvoyRunner::new(self.mesh.clone())?,
        };
        play(scenario, &mut runner)
            .map_err(|error| anyhow!("{error:#}\nEnvoy's log ends with:\n{}", runner.last_words()))?;
        self.idle().push(runner);
        Ok(())
    }

    fn idle(&self) -> MutexGuard<'_, Vec<EnvoyRunner>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn retire(&self) -> Result<()> {
        self.idle().drain(..).try_for_each(|mut runner| runner.retire())
    }
}

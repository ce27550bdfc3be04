//! The scenarios on real Envoys: all of them with several workers, and those in which requests are remembered also with one, which
//! goes on from what it knows itself.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, anyhow};
use graylane_tests::envoy_runner::{EnvoyRunner, Workers};
use graylane_tests::scenario::{Mesh, Scenario, Table, play};
use libtest_mimic::{Arguments, Trial};
use serde_json::Value;

fn main() -> Result<ExitCode> {
    let table = Table::load()?;
    let mesh = table.mesh()?;
    let [several, one] = [Workers::Several, Workers::One].map(|workers| Arc::new(Envoys::new(workers, mesh.clone())));
    let mut trials = Vec::new();
    for scenario in table {
        if remembers(&scenario) {
            trials.push(trial(format!("{} (one worker)", scenario.name), scenario.clone(), &one));
        }
        trials.push(trial(scenario.name.clone(), scenario, &several));
    }
    let arguments = Arguments::from_args();
    let played = libtest_mimic::run(&arguments, trials);
    let closing = Trial::test("the counters show exactly what was played", move || {
        [several, one].iter().try_for_each(|envoys| envoys.retire()).map_err(|error| format!("{error:#}").into())
    });
    let retired = libtest_mimic::run(&Arguments { filter: None, ..arguments }, vec![closing]);
    Ok(if played.has_failed() { played.exit_code() } else { retired.exit_code() })
}

fn trial(name: String, scenario: Scenario, envoys: &Arc<Envoys>) -> Trial {
    let envoys = Arc::clone(envoys);
    Trial::test(name, move || envoys.play(&scenario).map_err(|error| format!("{error:#}").into()))
}

fn remembers(scenario: &Scenario) -> bool {
    scenario.config.get("correlation").is_some_and(Value::is_object)
}

/// Envoys that play one scenario after another, as many as there are threads that do.
struct Envoys {
    workers: Workers,
    mesh: Mesh,
    idle: Mutex<Vec<EnvoyRunner>>,
}

impl Envoys {
    fn new(workers: Workers, mesh: Mesh) -> Self {
        Self { workers, mesh, idle: Mutex::default() }
    }

    /// A runner on which a scenario failed is not used again: its counters are off.
    fn play(&self, scenario: &Scenario) -> Result<()> {
        let idle = self.idle().pop();
        let mut runner = match idle {
            Some(runner) => runner,
            None => EnvoyRunner::new(self.mesh.clone(), self.workers)?,
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

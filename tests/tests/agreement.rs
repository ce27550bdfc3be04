//! The compiled module and the core agree where no table says what must come: requests of all tables meet the configurations
//! of all others.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use graylane_core::Phase;
use graylane_tests::core_runner::CoreRunner;
use graylane_tests::module_runner::{self, ModuleRunner};
use graylane_tests::scenario::{Configuration, Connections, Message, Runner, Scenario, Seen, Table};
use serde_json::{Value, json};

const PHASES: [Phase; 3] = [Phase::Gateway, Phase::SidecarInbound, Phase::SidecarOutbound];
/// Each configuration meets every so many of the requests, another share of them in each phase.
const EVERY: usize = 4;

#[test]
fn requests_of_all_tables_are_decided_alike_under_the_configurations_of_all_others() -> Result<()> {
    let table = Table::load()?;
    let messages: Vec<Message> = table.scenarios().iter().flat_map(Scenario::messages).map(alone).collect();
    let mut module = ModuleRunner::new(module_runner::module()?);
    let (mut known, mut compared) = (BTreeSet::new(), 0);
    for scenario in table.scenarios() {
        let scenario = Scenario { config: certain(&scenario.config), ..scenario.clone() };
        if !known.insert(scenario.config.to_string()) {
            continue;
        }
        let mut core = CoreRunner::default();
        core.begin(&scenario)?;
        module.begin(&scenario)?;
        for (shift, phase) in PHASES.into_iter().enumerate() {
            let configuration = Configuration::Document(scenario.config.clone());
            let verdicts = (core.configure(phase, &configuration)?, module.configure(phase, &configuration)?);
            ensure!(verdicts.0 == verdicts.1, "{}: {verdicts:?}", scenario.name);
            for message in messages.iter().skip((shift + known.len()) % EVERY).step_by(EVERY) {
                agree(phase, message, &mut core, &mut module)
                    .with_context(|| format!("{}, {phase:?}: {message:?}", scenario.name))?;
                compared += 1;
            }
        }
    }
    ensure!(compared > 30_000, "only {compared} requests");
    Ok(())
}

/// The request without what only a real proxy does with it.
fn alone(message: Message) -> Message {
    Message { redirect: None, mirror: None, fails: 0, ..message }
}

/// The configuration without what hangs on chance or time: splits send those whom they can not recognise to base, and what is
/// remembered is not forgotten meanwhile.
fn certain(config: &Value) -> Value {
    let mut config = config.clone();
    if let Some(correlation) = config.get_mut("correlation").and_then(Value::as_object_mut) {
        correlation.remove("ttlSeconds");
    }
    let splits = config.get_mut("splits").and_then(Value::as_object_mut).into_iter().flatten();
    for (_, split) in splits {
        if let Some(keyless) = split.get_mut("keyless") {
            *keyless = json!({"base": {}});
        }
    }
    config
}

/// Whether both send `message` to the same place with the same headers, and explain it alike.
fn agree(phase: Phase, message: &Message, core: &mut CoreRunner, module: &mut ModuleRunner) -> Result<()> {
    let [core, module] = [core as &mut dyn Runner, module].map(|runner| runner.send(phase, message, Connections::Many));
    let (core, module) = (core.context("the core")?, module.context("the module")?);
    ensure!(arrived(&core) == arrived(&module), "core {:?}\nmodule {:?}", core.arrival, module.arrival);
    for (name, told) in core.response.headers.iter() {
        let found = module.response.headers.get_bytes(name);
        ensure!(found == Some(told), "core {:?}\nmodule {:?}", core.response.headers, module.response.headers);
    }
    Ok(())
}

type Field<'a> = (&'a [u8], &'a [u8]);

/// Where it arrived, and with which headers, in whatever order.
fn arrived(seen: &Seen) -> Option<(String, Vec<Field<'_>>)> {
    seen.arrival.as_ref().map(|arrival| {
        let mut headers: Vec<_> = arrival.headers.iter().collect();
        headers.sort_unstable();
        (arrival.place.cluster(), headers)
    })
}

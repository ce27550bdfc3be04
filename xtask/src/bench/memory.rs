//! What a virtual machine with a module occupies: private memory of a proxy with many copies of a filter, less that of
//! a proxy with one, over the machines more. Each copy has a name of its own, without which Envoy would share
//! machines. V8 compiles equal bytes once for a process, so code is not in the difference; linear memory and contexts
//! are. Guest memory never shrinks, so it counts at its highest, right after configuration.

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use super::Bench;
use super::cpu;
use super::envoy::{self, Listener};
use super::ours;
use super::variant::{Filter, Module, Routes};

const MANY: u64 = 9;

/// What one machine of a module occupies.
#[derive(Debug, Serialize)]
pub(crate) struct Memory {
    pub(crate) module: String,
    /// Machines that one filter on one listener has in a proxy with one worker.
    pub(crate) machines: u64,
    pub(crate) kib_per_machine: u64,
}

/// Starts proxies with one and with many copies of each filter.
pub(crate) fn measure(bench: &Bench) -> Result<Vec<Memory>> {
    let mut filters = vec![
        ("empty sdk filter".to_owned(), Module::Empty, Value::Null),
        ("raw minimum with log".to_owned(), Module::MinimumLog, Value::Null),
    ];
    for services in [1, 1_000] {
        filters.push((format!("ours, services: {services}"), Module::Graylane, ours::hop_config(services, 1)));
    }
    filters
        .into_iter()
        .map(|(name, module, config)| {
            eprintln!("bench: memory of {name}");
            occupied(bench, name, &Filter::Wasm { module, config })
        })
        .collect()
}

fn occupied(bench: &Bench, module: String, filter: &Filter) -> Result<Memory> {
    let one = Footprint::of(bench, filter, 1)?;
    let many = Footprint::of(bench, filter, MANY)?;
    let machines = many.machines.saturating_sub(one.machines);
    ensure!(machines > 0, "{MANY} copies of {module:?} have as many machines as one");
    Ok(Memory {
        module,
        machines: machines / (MANY - 1),
        kib_per_machine: many.private_kib.saturating_sub(one.private_kib) / machines,
    })
}

struct Footprint {
    machines: u64,
    private_kib: u64,
}

impl Footprint {
    fn of(bench: &Bench, filter: &Filter, copies: u64) -> Result<Self> {
        let listeners: Vec<_> = (0..copies)
            .map(|nth| {
                let name = format!("copy-{nth}");
                let filter = envoy::http_filter(&name, filter, &bench.modules);
                Listener { name, filter, routes: Routes::ByVersionHeader }
            })
            .collect();
        let proxy = bench.launch("memory", &listeners)?;
        Ok(Self {
            machines: proxy.stat("wasm.envoy.wasm.runtime.v8.active")?,
            private_kib: cpu::private_kib(proxy.pid()).context("cannot tell what the proxy occupies")?,
        })
    }
}

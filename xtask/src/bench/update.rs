//! What a new configuration costs: the time for which taking it keeps a worker from serving.
//!
//! A configuration of the product is published as in production, by renaming a file of discovered resources. Envoy then
//! hands it to a machine made only to try it, to the main thread's, and to each worker's, which goes on with its memory
//! and its compiled code. The worker's thread is measured, so exactly one compilation. Publishing the same bytes to the
//! SDK's empty filter, which never looks at them, tells what Envoy itself spends; the paired difference is ours.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use super::Bench;
use super::cpu::CpuTime;
use super::envoy::{self, Listener};
use super::ours;
use super::proxy::Proxy;
use super::stats::{Spread, paired_differences};
use super::variant::{Module, Routes};

const SERVICES: [usize; 3] = [1, 100, 1_000];
/// Updates of each size. The first ones run code that V8 has not optimised yet.
const UPDATES: usize = 9;

/// Less than any update costs a proxy: making the machine to try it takes longer. One that has used more since the
/// update, and less in a whole interval, has taken it.
const QUIET: Duration = Duration::from_micros(500);
const QUIET_INTERVAL: Duration = Duration::from_millis(100);
const UPDATE_TIMEOUT: Duration = Duration::from_secs(20);

/// The price of one update, above that of the same bytes for a filter that ignores them.
#[derive(Debug, Serialize)]
pub(crate) struct Update {
    /// How many services are configured.
    pub(crate) services: usize,
    /// Size of the configuration as JSON.
    pub(crate) bytes: usize,
    /// CPU milliseconds of the worker thread.
    pub(crate) worker_ms: Spread,
    /// CPU milliseconds of the whole process: trial, main thread and worker.
    pub(crate) process_ms: Spread,
}

/// Publishes configurations of several sizes, again and again.
pub(crate) fn measure(bench: &Bench) -> Result<Vec<Update>> {
    let ours = Subject::new(bench, "ours", Module::Graylane);
    let ignoring = Subject::new(bench, "ignoring", Module::Empty);
    for subject in [&ours, &ignoring] {
        subject.publish(&ours::hop_config(1, 0))?;
    }
    let proxy = bench.launch("updates", &[ours.listener(), ignoring.listener()])?;
    let mut generations = 1..;
    SERVICES
        .into_iter()
        .map(|services| {
            eprintln!("bench: updates of {services} services");
            let (mut with, mut without) = (Series::default(), Series::default());
            for generation in generations.by_ref().take(UPDATES) {
                let config = ours::hop_config(services, generation);
                with.push(ours.update(&proxy, &config)?);
                without.push(ignoring.update(&proxy, &config)?);
            }
            Ok(Update {
                services,
                bytes: ours::hop_config(services, 0).to_string().len(),
                worker_ms: above(&with.worker, &without.worker)?,
                process_ms: above(&with.process, &without.process)?,
            })
        })
        .collect()
}

fn above(with: &[f64], without: &[f64]) -> Result<Spread> {
    Spread::of(paired_differences(with, without)).context("no update was measured")
}

/// CPU milliseconds, one figure an update.
#[derive(Default)]
struct Series {
    worker: Vec<f64>,
    process: Vec<f64>,
}

impl Series {
    fn push(&mut self, spent: Spent) {
        self.worker.push(spent.worker.running.as_secs_f64() * 1e3);
        self.process.push(spent.process.running.as_secs_f64() * 1e3);
    }
}

/// CPU time since the proxy's start, or between two moments.
#[derive(Clone, Copy)]
struct Spent {
    worker: CpuTime,
    process: CpuTime,
}

impl Spent {
    fn so_far(proxy: &Proxy) -> Result<Self> {
        Ok(Self { worker: proxy.worker_time()?, process: proxy.cpu_time()? })
    }

    fn since(self, earlier: Self) -> Self {
        Self { worker: self.worker.since(earlier.worker), process: self.process.since(earlier.process) }
    }
}

/// A filter whose configuration is discovered.
struct Subject {
    name: &'static str,
    module: PathBuf,
    file: PathBuf,
}

impl Subject {
    fn new(bench: &Bench, name: &'static str, module: Module) -> Self {
        let file = bench.folder.join(format!("discovered-{name}.json"));
        Self { name, module: bench.modules.path(module), file }
    }

    fn listener(&self) -> Listener {
        Listener {
            name: self.name.to_owned(),
            filter: Some(envoy::discovered_filter(self.name, &self.file)),
            routes: Routes::ByVersionHeader,
        }
    }

    /// In one step, as Envoy watches for renames.
    fn publish(&self, config: &Value) -> Result<()> {
        let filter = envoy::wasm(self.name, &self.module, self.name, config);
        let content = envoy::discovered_resource(self.name, &filter).to_string();
        let unfinished = self.file.with_extension("unfinished");
        fs::write(&unfinished, content).with_context(|| format!("cannot write {}", unfinished.display()))?;
        fs::rename(&unfinished, &self.file).with_context(|| format!("cannot replace {}", self.file.display()))
    }

    /// Publishes and waits until the proxy has taken it, and says what that cost.
    fn update(&self, proxy: &Proxy, config: &Value) -> Result<Spent> {
        let reloads = self.reloads(proxy)?;
        let before = Spent::so_far(proxy)?;
        self.publish(config)?;
        let after = wait_until_taken(proxy, before)?;
        let taken = self.reloads(proxy)?.saturating_sub(reloads);
        ensure!(taken == 1, "the proxy has taken {taken} updates of the filter {:?} instead of 1", self.name);
        Ok(after.since(before))
    }

    fn reloads(&self, proxy: &Proxy) -> Result<u64> {
        proxy.stat(&format!("extension_config_discovery.http_filter.{}.config_reload", self.name))
    }
}

/// Asks the kernel, not the proxy, which would have to work for the answer.
fn wait_until_taken(proxy: &Proxy, before: Spent) -> Result<Spent> {
    let deadline = Instant::now() + UPDATE_TIMEOUT;
    let mut last = Spent::so_far(proxy)?;
    loop {
        thread::sleep(QUIET_INTERVAL);
        let now = Spent::so_far(proxy)?;
        if now.since(before).process.running > QUIET && now.since(last).process.running < QUIET {
            return Ok(now);
        }
        ensure!(Instant::now() < deadline, "the proxy has not finished with an update after {UPDATE_TIMEOUT:?}");
        last = now;
    }
}

//! `cargo xtask bench`: what a routing decision costs a sidecar, against the ways there are to make one.
//!
//! Measured is the CPU time of one real Envoy for one request above plain routes, as the median of paired differences
//! over interleaved rounds. Requests per second would measure the machine, and the mean its other tenants.

mod contention;
mod correlation;
mod cpu;
mod envoy;
mod load;
mod measure;
mod memory;
mod modules;
mod ours;
mod proxy;
mod report;
mod request;
mod stats;
mod update;
mod upstream;
mod variant;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{module, setup};
use cpu::Cores;
use envoy::Listener;
use measure::Effort;
use modules::Modules;
use proxy::{Launcher, Proxy};
use report::{Conditions, Report};
use upstream::Upstreams;

#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// Measure for half a minute instead of several: for a look, not for a figure
    #[arg(long)]
    quick: bool,
    /// Measure only the variants whose names contain this, and what they are compared with; may be given several times
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// Measure this build of the module as well, in the same proxy; may be given several times
    #[arg(long, value_name = "FILE")]
    beside: Vec<PathBuf>,
    /// Number of interleaved rounds, however long they take, instead of 200 (40 with --quick)
    #[arg(long, value_parser = clap::value_parser!(u32).range(i64::from(measure::FEWEST_ROUNDS)..=1000))]
    rounds: Option<u32>,
}

/// Measures, prints the tables, and leaves the same as JSON in the target folder.
pub(crate) fn run(workspace: &Workspace, args: &BenchArgs) -> Result<()> {
    let bench = Bench::prepare(workspace, &args.beside)?;
    let variants = variant::chosen(&args.only, args.beside.len())?;
    let proxy = bench.launch_all(&variants, 1)?;
    let before = proxy.cpu_time()?;
    let measured = measure::rounds(&proxy, &variants, args.effort())?;
    let conditions = Conditions {
        proxy: proxy.version()?,
        processor: cpu::model()?,
        waited_percent: report::waited_percent(proxy.cpu_time()?.since(before)),
    };
    drop(proxy);
    let mut report = Report::new(conditions, &measured)?;
    report.contended = contention::measure(&bench, args)?;
    if args.only.is_empty() {
        report.updates = update::measure(&bench)?;
        report.memory = memory::measure(&bench)?;
    }
    let file = workspace.target().join("graylane/bench.json");
    fs::write(&file, report.to_json()?).with_context(|| format!("cannot write {}", file.display()))?;
    println!("{report}\nbench: the same as JSON: {}", workspace.display(&file));
    Ok(())
}

impl BenchArgs {
    fn effort(&self) -> Effort {
        let (rounds, time) = if self.quick { (40, Duration::from_secs(40)) } else { (200, Duration::from_mins(4)) };
        match self.rounds {
            Some(rounds) => Effort { rounds, time: Duration::MAX },
            None => Effort { rounds, time },
        }
    }
}

/// Everything that measurements share.
#[derive(Debug)]
struct Bench {
    launcher: Launcher,
    folder: PathBuf,
    modules: Modules,
    upstreams: Upstreams,
}

impl Bench {
    fn prepare(workspace: &Workspace, beside: &[PathBuf]) -> Result<Self> {
        let cores = Cores::choose()?;
        let envoy = setup::proxy(workspace)?;
        let graylane = module::build(workspace)?;
        let folder = workspace.target().join("graylane/bench");
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let modules = Modules::build(workspace, &folder, graylane, beside)?;
        // Only now, so that builds have all cores. Threads started from here on stay with this one.
        cpu::pin_current_thread(cores.others)?;
        let upstreams = Upstreams::start()?;
        Ok(Self { launcher: Launcher { envoy, cores, folder: folder.clone() }, folder, modules, upstreams })
    }

    /// One proxy with a listener for each variant.
    fn launch_all(&self, variants: &[variant::Variant], workers: u8) -> Result<Proxy> {
        let listeners: Vec<_> = variants
            .iter()
            .map(|variant| Listener {
                name: variant.name.clone(),
                filter: envoy::http_filter(&variant.name, &variant.filter, &self.modules),
                routes: variant.routes,
            })
            .collect();
        self.launcher.start("requests", &envoy::bootstrap(&listeners, self.upstreams), workers)
    }

    /// A proxy with one worker.
    fn launch(&self, purpose: &str, listeners: &[Listener]) -> Result<Proxy> {
        self.launcher.start(purpose, &envoy::bootstrap(listeners, self.upstreams), 1)
    }
}

//! Scenarios on real Envoys.
//!
//! One process has a listener for each phase and plays one scenario after another: only the filters' configurations
//! change, by the files that Envoy watches. Where a request ended and what arrived there comes from upstreams of our own.
//! Counters are compared when a process has done its duty, because filters hand them over once a second.

mod bootstrap;
mod callers;
mod exchange;
mod executable;
mod grpc;
mod http1;
mod http2;
mod process;
mod token;
mod upstream;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow, ensure};
use graylane_core::metric::{Metric, PhaseLabel};
use graylane_core::{FilterConfig, Phase};

use crate::module_runner::module_path;
use crate::scenario::{
    Configuration, Connections, Kind, Ledger, Mesh, Message, Place, Runner, Sample, Scenario, Seen, Verdict,
};
use bootstrap::{PHASES, bootstrap, filter, name};
use exchange::Open;
use http1::Connection;
use http2::{Client, Ending};
use process::Process;
use upstream::Upstreams;

pub use process::Workers;

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// Plays scenarios on an Envoy.
#[derive(Debug)]
pub struct EnvoyRunner {
    executable: PathBuf,
    workers: Workers,
    module: PathBuf,
    /// What all scenarios need, so that routes never change.
    mesh: Mesh,
    upstreams: Upstreams,
    client: Client,
    /// None before the first configuration.
    process: Option<Process>,
    /// The label that the process was, or will be, started with.
    self_lane: Option<String>,
    generation: u64,
    kept: Option<(Phase, Connection)>,
    open: Vec<Open>,
    /// What the process should have counted, and how often upstreams should have been called.
    ledger: Ledger,
    calls: u32,
}

impl EnvoyRunner {
    /// A runner that can play every scenario that `mesh` was made for.
    ///
    /// # Errors
    /// When there is no Envoy or no module.
    pub fn new(mesh: Mesh, workers: Workers) -> Result<Self> {
        let module = std::path::absolute(module_path())?;
        ensure!(module.is_file(), "there is no module at {}: run `cargo xtask module`", module.display());
        let upstreams = Upstreams::start(mesh.places().map(|place| place.cluster()))?;
        Ok(Self {
            executable: executable::executable()?,
            workers,
            module,
            mesh,
            upstreams,
            client: Client::new()?,
            process: None,
            self_lane: None,
            generation: 0,
            kept: None,
            open: Vec::new(),
            ledger: Ledger::default(),
            calls: 0,
        })
    }

    /// Ends the process, once its counters show what they should.
    ///
    /// # Errors
    /// The counters that do not, or that upstreams were called more or less often than they should.
    pub fn retire(&mut self) -> Result<()> {
        let Some(process) = self.process.take() else { return Ok(()) };
        let expected = std::mem::take(&mut self.ledger);
        let compare = || anyhow::Ok(expected.compare(&process.statistics()?));
        process.eventually("handed over its counts", || Ok(compare()?.ok())).or_else(|_| compare()?)?;
        ensure!(process.is_ready()?, "Envoy is not ready any more");
        let calls = self.upstreams.calls();
        ensure!(calls == self.calls, "upstreams were called {calls} times, expected {}", self.calls);
        Ok(())
    }

    /// The last that the process has logged.
    #[must_use]
    pub fn last_words(&self) -> String {
        self.process.as_ref().map(Process::last_words).unwrap_or_default()
    }

    fn start(&mut self, phase: Phase, configuration: &[u8]) -> Result<()> {
        let Self { module, mesh, upstreams, self_lane, .. } = &*self;
        let process = Process::start(&self.executable, self.workers, |folder| {
            for other in PHASES {
                let nothing = FilterConfig::empty(other, 0).to_json();
                let configuration = if other == phase { configuration } else { &nothing };
                Process::replace(folder, &file(other), &filter(other, module, configuration))?;
            }
            bootstrap(mesh, &upstreams.addresses, self_lane.as_deref(), folder)
        })?;
        self.process = Some(process);
        Ok(())
    }

    fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("nothing was configured")
    }

    /// Where whoever sends `message` finds the proxy of a phase.
    fn address(&self, phase: Phase, message: &Message) -> Result<SocketAddr> {
        let listener = message.principal.as_deref().unwrap_or_else(|| name(phase));
        let address = self.process()?.listeners.get(listener).copied();
        address.with_context(|| format!("there is no listener {listener}"))
    }

    fn send_once(&self, phase: Phase, message: &Message) -> Result<Seen> {
        exchange::send(&self.client, self.address(phase, message)?, message)
    }

    /// Notes how often upstreams were called for a message.
    fn note(&mut self, message: &Message, seen: &Seen) {
        self.calls += seen.attempts.unwrap_or(0);
        self.calls += u32::from(message.redirect.is_some()) + u32::from(message.mirror.is_some());
    }
}

impl Runner for EnvoyRunner {
    fn kind(&self) -> Kind {
        Kind::Envoy
    }

    /// A process keeps last good configurations, so what happens without one needs a new process, and so does another
    /// label.
    fn begin(&mut self, scenario: &Scenario) -> Result<()> {
        (self.kept, self.open) = (None, Vec::new());
        if scenario.start.is_some() || scenario.self_lane != self.self_lane {
            self.retire()?;
        }
        self.self_lane.clone_from(&scenario.self_lane);
        Ok(())
    }

    fn configure(&mut self, phase: Phase, configuration: &Configuration) -> Result<Verdict> {
        self.generation += 1;
        let bytes = configuration.bytes(phase, self.generation);
        let (before, logged) = match &self.process {
            Some(process) => (refusals(process)?, process.log()?.len()),
            None => (0, 0),
        };
        match &self.process {
            Some(process) => Process::replace(process.folder(), &file(phase), &filter(phase, &self.module, &bytes))?,
            None => self.start(phase, &bytes)?,
        }
        let generation = Metric::Generation { phase: PhaseLabel::Known(phase) };
        let generation = Sample::of_stat_name(&generation.stat_name());
        let process = self.process()?;
        let verdict = process.eventually("took or refused a configuration", || {
            if process.statistics()?.get(&generation) == Some(&self.generation) {
                return Ok(Some(Verdict::Accepted));
            }
            let log = process.log()?;
            let told = log.get(logged..).unwrap_or_default().lines().find(|line| line.contains("is refused"));
            let refused = told.filter(|_| refusals(process).is_ok_and(|refused| refused > before));
            Ok(refused.map(|why| Verdict::Refused { why: why.to_owned() }))
        })?;
        let expected = before + u64::from(matches!(verdict, Verdict::Refused { .. }));
        let counted = refusals(process)?;
        ensure!(counted == expected, "{counted} configurations were counted as refused, expected {expected}");
        ensure!(process.is_ready()?, "Envoy is not ready any more");
        Ok(verdict)
    }

    fn send(&mut self, phase: Phase, message: &Message, connections: Connections) -> Result<Seen> {
        let message = exchange::furnished(message)?;
        let seen = match connections {
            Connections::Many => self.send_once(phase, &message)?,
            Connections::One => {
                let mut connection = match self.kept.take() {
                    Some((kept, connection)) if kept == phase => connection,
                    _ => Connection::open(self.address(phase, &message)?)?,
                };
                let seen = exchange::over_http1(&mut connection, &message)?;
                self.kept = Some((phase, connection));
                seen
            }
        };
        self.note(&message, &seen);
        Ok(seen)
    }

    fn send_at_once(&mut self, phase: Phase, message: &Message, times: u32) -> Result<Vec<Seen>> {
        let (message, this) = (exchange::furnished(message)?, &*self);
        let all: Result<Vec<Seen>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..times).map(|_| scope.spawn(|| this.send_once(phase, &message))).collect();
            let joined = |thread: thread::ScopedJoinHandle<'_, Result<Seen>>| {
                thread.join().map_err(|_| anyhow!("a thread panicked"))?
            };
            threads.into_iter().map(joined).collect()
        });
        let all = all?;
        for seen in &all {
            self.note(&message, seen);
        }
        Ok(all)
    }

    fn open(&mut self, phase: Phase, message: &Message) -> Result<Seen> {
        let message = exchange::furnished(message)?;
        let (seen, open) = Open::begin(&self.client, self.address(phase, &message)?, &message, Ending::Open)?;
        self.open.push(open);
        self.note(&message, &seen);
        Ok(seen)
    }

    fn close(&mut self) -> Result<Place> {
        let mut open = self.open.pop().context("no request is open")?;
        let place = open.whereabouts(&self.client)?;
        open.end(&self.client)?;
        Ok(place)
    }

    fn wait(&mut self, time: Duration) -> Result<()> {
        thread::sleep(time);
        Ok(())
    }

    fn now(&self) -> u64 {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs())
    }

    fn ledger(&mut self) -> Option<&mut Ledger> {
        Some(&mut self.ledger)
    }

    fn settle(&mut self) -> Result<()> {
        Ok(())
    }
}

fn file(phase: Phase) -> String {
    format!("{}.json", name(phase))
}

/// How many configurations the filters say they have refused.
fn refusals(process: &Process) -> Result<u64> {
    let statistics = process.statistics()?;
    let refused = statistics.iter().filter(|(sample, _)| sample.family == "graylane_config_rejected_total");
    Ok(refused.map(|(_, count)| count).sum())
}

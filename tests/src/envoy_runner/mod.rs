//! Scenarios on real Envoys.
//!
//! One process has a listener for each phase and plays one scenario after another: only the filters' configurations
//! change, by the files that Envoy watches. Where a request ended and what arrived there comes from upstreams of our own.
//! Counters are compared when a process has done its duty, because filters hand them over once a second.

mod bootstrap;
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
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use graylane_core::metric::{Metric, PhaseLabel};
use graylane_core::{FilterConfig, Phase};

use crate::host::Headers;
use crate::module_runner::module_path;
use crate::scenario::{
    Arrival, Configuration, Connections, Kind, Ledger, Mesh, Message, Place, Protocol, Response, Runner, Sample,
    Scenario, Seen, Verdict,
};
use bootstrap::{PHASES, bootstrap, filter, name};
use http1::{Connection, Head};
use http2::{Call, Client, Ending};
use process::Process;
use upstream::{FAILS, Record, Upstreams};

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// Plays scenarios on an Envoy.
#[derive(Debug)]
pub struct EnvoyRunner {
    executable: PathBuf,
    module: PathBuf,
    /// What all scenarios need, so that routes never change.
    mesh: Mesh,
    upstreams: Upstreams,
    client: Client,
    /// None before the first configuration.
    process: Option<Process>,
    generation: u64,
    kept: Option<(Phase, Connection)>,
    open: Option<Open>,
    /// What the process should have counted, and how often upstreams should have been called.
    ledger: Ledger,
    calls: u32,
}

/// A request that stays open.
#[derive(Debug)]
enum Open {
    Call(Call),
    Socket(Connection),
}

impl EnvoyRunner {
    /// A runner that can play every scenario that `mesh` was made for.
    ///
    /// # Errors
    /// When there is no Envoy or no module.
    pub fn new(mesh: Mesh) -> Result<Self> {
        let module = std::path::absolute(module_path())?;
        ensure!(module.is_file(), "there is no module at {}: run `cargo xtask module`", module.display());
        let upstreams = Upstreams::start(mesh.places().map(|place| place.cluster()))?;
        Ok(Self {
            executable: executable::executable()?,
            module,
            mesh,
            upstreams,
            client: Client::new()?,
            process: None,
            generation: 0,
            kept: None,
            open: None,
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
        process
            .eventually("counted right", || Ok(expected.compare(&process.statistics()?).is_ok().then_some(())))
            .or_else(|error| {
                expected.compare(&process.statistics()?).map_err(|wrong| error.context(wrong.to_string()))
            })?;
        ensure!(process.is_ready()?, "Envoy is not ready any more");
        let calls = self.upstreams.calls();
        ensure!(calls == self.calls, "upstreams were called {calls} times, expected {}", self.calls);
        Ok(())
    }

    /// The last that the process has logged.
    #[must_use]
    pub fn log(&self) -> String {
        const LINES: usize = 8;
        let log = self.process.as_ref().and_then(|process| process.log().ok()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n")
    }

    fn start(&mut self, phase: Phase, configuration: &[u8]) -> Result<()> {
        let Self { module, mesh, upstreams, .. } = &*self;
        let process = Process::start(&self.executable, |folder| {
            for other in PHASES {
                let nothing = FilterConfig::empty(other, 0).to_json();
                let configuration = if other == phase { configuration } else { &nothing };
                Process::replace(folder, &file(other), &filter(other, module, configuration))?;
            }
            Ok(bootstrap(mesh, &upstreams.addresses, folder))
        })?;
        self.process = Some(process);
        Ok(())
    }

    fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("nothing was configured")
    }

    fn address(&self, phase: Phase) -> Result<SocketAddr> {
        let address = self.process()?.listeners.get(name(phase)).copied();
        address.with_context(|| format!("there is no listener {}", name(phase)))
    }

    fn send_once(&self, phase: Phase, message: &Message) -> Result<Seen> {
        let address = self.address(phase)?;
        match message.protocol {
            Protocol::Http1 => over_http1(&mut Connection::open(address)?, message),
            Protocol::Http2 | Protocol::Grpc | Protocol::GrpcStream | Protocol::Websocket => {
                let (seen, open) = self.begin_request(phase, message, Ending::Complete)?;
                self.end_request(open)?;
                Ok(seen)
            }
        }
    }

    fn begin_request(&self, phase: Phase, message: &Message, ending: Ending) -> Result<(Seen, Open)> {
        let address = self.address(phase)?;
        match message.protocol {
            Protocol::Websocket => {
                let mut connection = Connection::open(address)?;
                let head = connection.send(message)?;
                ensure!(head.status == 101, "the upgrade was answered with {}", head.status);
                let record = connection.line()?;
                Ok((seen(head, &record)?, Open::Socket(connection)))
            }
            Protocol::Http1 | Protocol::Http2 | Protocol::Grpc | Protocol::GrpcStream => {
                let mut call = self.client.call(address, message, ending)?;
                let record = self.client.next(&mut call)?;
                let head = Head { status: call.head.status, headers: call.head.headers.clone() };
                Ok((seen(head, &record)?, Open::Call(call)))
            }
        }
    }

    fn end_request(&self, open: Open) -> Result<()> {
        match open {
            Open::Socket(_) => Ok(()),
            Open::Call(call) => self.client.end(call),
        }
    }

    /// What is sent for a message: with a token for its claims, and with what upstreams need to know.
    fn furnished(message: &Message) -> Result<Message> {
        let mut message = message.clone();
        if !message.claims.is_empty() {
            let token = format!("Bearer {}", token::signed(&message.claims)?);
            message.headers.push((b"authorization".to_vec(), token.into_bytes()));
        }
        if message.fails > 0 {
            message.headers.push((FAILS.as_bytes().to_vec(), message.fails.to_string().into_bytes()));
        }
        Ok(message)
    }

    fn note(&mut self, seen: &Seen) {
        self.calls += seen.attempts.unwrap_or(0);
    }
}

impl Runner for EnvoyRunner {
    fn kind(&self) -> Kind {
        Kind::Envoy
    }

    /// A process keeps last good configurations, so what happens without one needs a new process.
    fn begin(&mut self, scenario: &Scenario) -> Result<()> {
        (self.kept, self.open) = (None, None);
        if scenario.start.is_some() {
            self.retire()?;
        }
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
            let told = log.get(logged..).unwrap_or_default().lines().filter(|line| line.contains("is refused"));
            let why: Vec<&str> = told.collect();
            let refused = refusals(process)? > before && !why.is_empty();
            Ok(refused.then(|| Verdict::Refused { why: why.join("\n") }))
        })?;
        ensure!(process.is_ready()?, "Envoy is not ready any more");
        Ok(verdict)
    }

    fn send(&mut self, phase: Phase, message: &Message, connections: Connections) -> Result<Seen> {
        let message = Self::furnished(message)?;
        let seen = match connections {
            Connections::Many => self.send_once(phase, &message)?,
            Connections::One => {
                let mut connection = match self.kept.take() {
                    Some((kept, connection)) if kept == phase => connection,
                    _ => Connection::open(self.address(phase)?)?,
                };
                let seen = over_http1(&mut connection, &message)?;
                self.kept = Some((phase, connection));
                seen
            }
        };
        self.note(&seen);
        Ok(seen)
    }

    fn send_at_once(&mut self, phase: Phase, message: &Message, times: u32) -> Result<Vec<Seen>> {
        let (message, this) = (Self::furnished(message)?, &*self);
        let all: Result<Vec<Seen>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..times).map(|_| scope.spawn(|| this.send_once(phase, &message))).collect();
            let joined = |thread: thread::ScopedJoinHandle<'_, Result<Seen>>| {
                thread.join().map_err(|_| anyhow!("a thread panicked"))?
            };
            threads.into_iter().map(joined).collect()
        });
        let all = all?;
        for seen in &all {
            self.note(seen);
        }
        Ok(all)
    }

    fn open(&mut self, phase: Phase, message: &Message) -> Result<Seen> {
        let (seen, open) = self.begin_request(phase, &Self::furnished(message)?, Ending::Open)?;
        self.open = Some(open);
        self.note(&seen);
        Ok(seen)
    }

    fn close(&mut self) -> Result<Place> {
        let mut open = self.open.take().context("no request is open")?;
        let answer = match &mut open {
            Open::Socket(connection) => {
                connection.write(b"still there?")?;
                connection.line()?
            }
            Open::Call(call) => {
                self.client.talk(call, b"still there?")?;
                self.client.next(call)?
            }
        };
        self.end_request(open)?;
        place(&String::from_utf8_lossy(&answer))
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

fn over_http1(connection: &mut Connection, message: &Message) -> Result<Seen> {
    let head = connection.send(message)?;
    let body = connection.body(&head)?;
    seen(head, &body)
}

/// What became of a request. A response without a record is the proxy's own.
fn seen(head: Head, record: &[u8]) -> Result<Seen> {
    let Head { status, headers } = head;
    let record: Option<Record> = match serde_json::from_slice(record) {
        Ok(record) => Some(record),
        Err(_) if headers.get("x-gray-reason").is_some() => None,
        Err(_) => bail!("answered {status} with {:?}", String::from_utf8_lossy(record)),
    };
    let attempts = record.as_ref().map_or(0, |record| record.attempt);
    let arrival = record.map(|record| {
        let headers: Headers = record.headers.into_iter().collect();
        anyhow::Ok(Arrival { place: place(&record.cluster)?, headers })
    });
    let response = Response { status: Some(status), headers };
    Ok(Seen { arrival: arrival.transpose()?, response, decided: None, events: None, attempts: Some(attempts) })
}

fn place(cluster: &str) -> Result<Place> {
    Place::of_cluster(cluster).with_context(|| format!("an unknown cluster {cluster:?}"))
}

//! Scenarios on the compiled module, in the Proxy-Wasm host of this crate.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use graylane_core::Phase;
use graylane_core::metric::{Metric, PhaseLabel};

use crate::host::{Exchange, Flow, Headers, LogLevel, Module, Proxy, Request, Verdict as Answer};
use crate::scenario::{
    Arrival, Configuration, Connections, Kind, Ledger, Mesh, Message, Place, Protocol, Response, Runner, SOURCE,
    Sample, Scenario, Seen, Verdict,
};

/// How many workers a proxy has.
const WORKERS: usize = 3;
/// Where Envoy has the label of a pod that names the lane of the requests it begins.
const SELF_LANE: [&str; 5] = ["xds", "node", "metadata", "LABELS", "graylane.io/lane"];
/// Longer than the filter keeps counts to itself.
const A_TICK: Duration = Duration::from_millis(1_100);

/// Loads the module that `cargo xtask module` has built, or the one that `GRAYLANE_MODULE` names.
///
/// # Errors
/// When there is none, or it is no module.
pub fn module() -> Result<Module> {
    let path = module_path();
    let bytes = std::fs::read(&path)
        .with_context(|| format!("there is no module at {}: run `cargo xtask module`", path.display()))?;
    Ok(Module::load(&bytes)?)
}

/// Where the module is.
#[must_use]
pub fn module_path() -> PathBuf {
    let built = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/graylane/graylane.wasm"));
    std::env::var_os("GRAYLANE_MODULE").map_or_else(built, PathBuf::from)
}

/// Plays scenarios on the module. Each phase has machines of its own, as filters of one proxy.
#[derive(Debug)]
pub struct ModuleRunner {
    module: Module,
    mesh: Rc<Mesh>,
    proxies: HashMap<Phase, Proxy>,
    generation: u64,
    /// The worker that the last request went to.
    worker: usize,
    open: Vec<(Exchange, Place)>,
    ledger: Ledger,
    self_lane: Option<String>,
}

impl ModuleRunner {
    /// A runner that plays on `module`.
    #[must_use]
    pub fn new(module: Module) -> Self {
        Self {
            module,
            mesh: Rc::default(),
            proxies: HashMap::new(),
            generation: 0,
            worker: 0,
            open: Vec::new(),
            ledger: Ledger::default(),
            self_lane: None,
        }
    }

    fn proxy(&self, phase: Phase) -> Result<&Proxy> {
        self.proxies.get(&phase).with_context(|| format!("{phase:?} was never configured"))
    }

    /// Sends a request as far as it goes.
    fn exchange(&self, phase: Phase, message: &Message) -> Result<(Seen, Exchange)> {
        let proxy = self.proxy(phase)?;
        let mut exchange = proxy.worker(self.worker).request(request(message))?;
        let arrival = match exchange.flow() {
            Flow::Forwarded => {
                let cluster = exchange.cluster().context("no route matches")?;
                let place = Place::of_cluster(&cluster).with_context(|| format!("an unknown cluster {cluster}"))?;
                let mut headers = exchange.request_headers();
                self.mesh.deliver(phase, &mut headers);
                let status = match message {
                    Message { redirect: Some(_), .. } => "302",
                    Message { protocol: Protocol::Websocket, .. } => "101",
                    Message { .. } => "200",
                };
                exchange.respond(Headers::from([(":status", status)]))?;
                Some(Arrival { place, headers })
            }
            Flow::Answered => None,
            flow @ (Flow::Paused | Flow::ResponsePaused | Flow::Finished) => bail!("the filter left it {flow:?}"),
        };
        ensure!(exchange.flow() == Flow::Answered, "the response is {:?}", exchange.flow());
        let headers = exchange.response_headers();
        let status = headers.get(":status").context("a response without status")?.parse()?;
        let response = Response { status: Some(status), headers };
        Ok((Seen { arrival, response, decided: None, events: None, attempts: None }, exchange))
    }
}

impl Runner for ModuleRunner {
    fn kind(&self) -> Kind {
        Kind::Module
    }

    fn begin(&mut self, scenario: &Scenario) -> Result<()> {
        let self_lane = scenario.self_lane.clone();
        *self = Self { mesh: Rc::new(scenario.mesh()?), self_lane, ..Self::new(self.module.clone()) };
        Ok(())
    }

    fn configure(&mut self, phase: Phase, configuration: &Configuration) -> Result<Verdict> {
        if !self.proxies.contains_key(&phase) {
            let mesh = Rc::clone(&self.mesh);
            let route = move |headers: &Headers| Some(mesh.deliver(phase, &mut headers.clone()).cluster());
            let builder = Proxy::builder(&self.module).workers(WORKERS).router(route);
            let builder = match &self.self_lane {
                Some(label) => builder.property(SELF_LANE, label.as_str()),
                None => builder,
            };
            let builder = match self.proxies.values().next() {
                Some(other) => builder.beside(other),
                None => builder,
            };
            self.proxies.insert(phase, builder.start()?);
        }
        self.generation += 1;
        let proxy = self.proxy(phase)?;
        let (lines, before) = (proxy.logs().len(), refusals(proxy));
        let answer = proxy.configure(configuration.bytes(phase, self.generation))?;
        ensure!(answer == Answer::Accepted, "Envoy would answer 500 to all requests: {answer:?}");
        proxy.advance(A_TICK)?;
        let refused = refusals(proxy) - before;
        if refused > 0 {
            let mut errors = proxy.logs().into_iter().skip(lines).filter(|line| line.level == LogLevel::Error);
            let why = errors.next().context("a refusal without a word")?.text;
            ensure!(refused == 1 && errors.next().is_none(), "one refusal is counted or told several times");
            return Ok(Verdict::Refused { why });
        }
        let generation = Metric::Generation { phase: PhaseLabel::Known(phase) };
        let acknowledged = proxy.gauge(&generation.stat_name());
        ensure!(acknowledged == Some(self.generation), "generation {acknowledged:?} is acknowledged");
        Ok(Verdict::Accepted)
    }

    fn send(&mut self, phase: Phase, message: &Message, connections: Connections) -> Result<Seen> {
        if connections == Connections::Many {
            self.worker = (self.worker + 1) % WORKERS;
        }
        let (seen, mut exchange) = self.exchange(phase, message)?;
        exchange.finish()?;
        let sent = seen.arrival.as_ref().map(|arrival| arrival.headers.clone()).unwrap_or_default();
        if let Some(copy) = message.copy(&sent) {
            self.send(Phase::SidecarInbound, &copy, connections)?;
        }
        match message.redirected(&sent) {
            Some(redirected) => self.send(phase, &redirected, connections),
            None => Ok(seen),
        }
    }

    fn open(&mut self, phase: Phase, message: &Message) -> Result<Seen> {
        let (seen, exchange) = self.exchange(phase, message)?;
        let place = seen.arrival.as_ref().map(|arrival| arrival.place.clone()).context("it did not arrive")?;
        self.open.push((exchange, place));
        Ok(seen)
    }

    fn close(&mut self) -> Result<Place> {
        let (mut exchange, place) = self.open.pop().context("no request is open")?;
        exchange.finish()?;
        Ok(place)
    }

    fn wait(&mut self, time: Duration) -> Result<()> {
        let proxies: Vec<&Proxy> = self.proxies.values().collect();
        // Time is common to all of them, and so are not the moments of their ticks.
        let share = time / u32::try_from(proxies.len().max(1))?;
        proxies.iter().try_for_each(|proxy| proxy.advance(share)).map_err(Into::into)
    }

    fn now(&self) -> u64 {
        self.proxies.values().next().map_or(0, |proxy| proxy.now().as_secs())
    }

    fn ledger(&mut self) -> Option<&mut Ledger> {
        Some(&mut self.ledger)
    }

    /// An open request is counted in part only, so counters are compared when there is none.
    fn settle(&mut self) -> Result<()> {
        if !self.open.is_empty() {
            return Ok(());
        }
        let mut counted: BTreeMap<Sample, u64> = BTreeMap::new();
        self.proxies.values().try_for_each(|proxy| proxy.advance(A_TICK))?;
        // All count in the metrics of one proxy.
        for (name, count) in self.proxies.values().next().map(Proxy::counters).unwrap_or_default() {
            *counted.entry(Sample::of_stat_name(&name)).or_default() += count;
        }
        self.ledger.compare(&counted)
    }
}

/// How many configurations the filter says it has refused.
fn refusals(proxy: &Proxy) -> u64 {
    let refused = |name: &str| Sample::of_stat_name(name).family == "graylane_config_rejected_total";
    proxy.counters().into_iter().filter(|(name, _)| refused(name)).map(|(_, count)| count).sum()
}

fn request(message: &Message) -> Request {
    let peer = SocketAddr::new(SOURCE, 4711);
    let request = Request::new(message.fields()).property(["source", "address"], peer.to_string());
    let request = match &message.principal {
        Some(id) => request.property(["connection", "uri_san_peer_certificate"], id.as_str()),
        None => request,
    };
    message.claims.iter().fold(request, |request, (name, claim)| {
        let path = ["metadata", "filter_metadata", "envoy.filters.http.jwt_authn", "jwt_payload", name];
        request.property(path, serialised(claim))
    })
}

/// A value of dynamic metadata as Envoy hands it out.
fn serialised(value: &serde_json::Value) -> Vec<u8> {
    match (value.as_str(), value.as_bool(), value.as_f64()) {
        (Some(text), ..) => text.as_bytes().to_vec(),
        (_, Some(flag), _) => vec![u8::from(flag)],
        (.., Some(number)) => number.to_le_bytes().to_vec(),
        (None, None, None) => Vec::new(),
    }
}

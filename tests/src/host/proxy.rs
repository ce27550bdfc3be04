//! A proxy with one filter: what a test starts, configures and looks at.

use std::cell::Ref;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::abi::LogLevel;
use super::error::{HostError, Trap};
use super::fault::{Fault, Times};
use super::fleet::Fleet;
use super::headers::Headers;
use super::hostcall::Hostcall;
use super::metrics::Metrics;
use super::module::Module;
use super::properties::{Properties, joined};
use super::vm::FilterId;
use super::worker::Worker;
use super::world::{LogLine, Settings, World};

/// What became of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a configuration may have been refused"]
pub enum Verdict {
    /// All workers run it.
    Accepted,
    /// The canary said no; the old configuration goes on.
    Refused,
    /// The canary trapped; the old configuration goes on.
    Trapped(Trap),
}

/// How a proxy starts.
pub struct ProxyBuilder {
    module: Module,
    workers: usize,
    settings: Settings,
    properties: Properties,
    beside: Option<Proxy>,
}

impl ProxyBuilder {
    /// How many worker threads there are, 1 if not said.
    ///
    /// Envoy also runs a VM on its main thread, which is configured and ticks but sees no request; one more
    /// worker that is left alone plays it.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// A property of all requests, and of root contexts, such as `["xds", "node", "id"]`.
    #[must_use]
    pub fn property<'a>(mut self, path: impl IntoIterator<Item = &'a str>, value: impl Into<Vec<u8>>) -> Self {
        self.properties.set(joined(path), value.into());
        self
    }

    /// The route table: names the cluster for a request's headers. Without one, no route matches.
    #[must_use]
    pub fn router(mut self, router: impl Fn(&Headers) -> Option<String> + 'static) -> Self {
        self.settings.router = Rc::new(router);
        self
    }

    /// The configuration of the VM, not of the plugin.
    #[must_use]
    pub fn vm_configuration(mut self, configuration: impl Into<Vec<u8>>) -> Self {
        self.settings.vm_configuration = configuration.into();
        self
    }

    /// An environment variable of the VM.
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.environment.push((name.into(), value.into()));
        self
    }

    /// The level from which on log lines are kept, [`LogLevel::Info`] if not said.
    #[must_use]
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.settings.log_level = level;
        self
    }

    /// The seed of all that is random to the guest; each VM has its own sequence.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Runs beside the VMs of another filter of the same proxy, which has another VM configuration: shared data, metrics and
    /// time are common to both, statics are not.
    #[must_use]
    pub fn beside(mut self, other: &Proxy) -> Self {
        self.beside = Some(other.clone());
        self
    }

    /// How much fuel one callback may use, about one unit for each instruction.
    #[must_use]
    pub fn fuel_per_callback(mut self, fuel: u64) -> Self {
        self.settings.fuel_per_callback = fuel;
        self
    }

    /// Starts the worker VMs. They have no configuration yet.
    ///
    /// # Errors
    ///
    /// When the module asks for imports that Envoy does not have, or traps while it is initialised.
    pub fn start(self) -> Result<Proxy, HostError> {
        let world = World::new(self.settings, self.properties, self.beside.as_ref().map(Proxy::world));
        let fleet = Rc::new(Fleet::start(&self.module, world, self.workers)?);
        let filter = fleet.add_filter();
        Ok(Proxy { fleet, filter })
    }
}

/// A running proxy, seen from one of its filters.
#[derive(Clone, Debug)]
pub struct Proxy {
    fleet: Rc<Fleet>,
    filter: FilterId,
}

impl Proxy {
    /// A proxy that is to run `module`.
    #[must_use]
    pub fn builder(module: &Module) -> ProxyBuilder {
        ProxyBuilder {
            module: module.clone(),
            workers: 1,
            properties: Properties::default(),
            beside: None,
            settings: Settings {
                vm_configuration: Vec::new(),
                environment: Vec::new(),
                log_level: LogLevel::Info,
                router: Rc::new(|_| None),
                seed: 0,
                fuel_per_callback: DEFAULT_FUEL,
            },
        }
    }

    /// Another filter of the same proxy, as a sidecar has one for inbound and one for outbound. It is
    /// configured on its own, but runs in the same VMs: the guest's statics, shared data and metrics are
    /// common to both.
    #[must_use]
    pub fn another_filter(&self) -> Self {
        Self { fleet: Rc::clone(&self.fleet), filter: self.fleet.add_filter() }
    }

    /// Offers a configuration: first a canary VM tries it, then every live worker gets a new root context.
    ///
    /// The canary shares data and metrics with the workers, as in Envoy. The same configuration again
    /// changes nothing.
    ///
    /// # Errors
    ///
    /// When a worker traps, or refuses what the canary accepted.
    pub fn configure(&self, configuration: impl AsRef<[u8]>) -> Result<Verdict, HostError> {
        self.fleet.configure(self.filter, Rc::from(configuration.as_ref()))
    }

    /// One of the worker threads, from 0.
    #[must_use]
    pub fn worker(&self, index: usize) -> Worker<'_> {
        Worker { fleet: &self.fleet, filter: self.filter, index }
    }

    /// Lets time pass: calls `proxy_on_tick` of all live workers whenever it is due.
    ///
    /// # Errors
    ///
    /// When a tick traps; time then stands at that tick.
    pub fn advance(&self, by: Duration) -> Result<(), HostError> {
        self.fleet.advance(by)
    }

    /// The time since the Unix epoch.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.world().clock.now()
    }

    /// Makes a host call misbehave, in all VMs, also in the canary of a configuration to come.
    pub fn inject(&self, call: Hostcall, fault: Fault, times: Times) {
        self.world().faults.borrow_mut().inject(call, fault, times);
    }

    /// Makes a host call behave again. Returns how often the fault struck, so that a test can prove that it
    /// did.
    #[expect(clippy::must_use_candidate, reason = "it heals, whoever counts")]
    pub fn heal(&self, call: Hostcall) -> u32 {
        self.world().faults.borrow_mut().heal(call)
    }

    /// Sets a property of all requests from here on.
    pub fn set_property<'a>(&self, path: impl IntoIterator<Item = &'a str>, value: impl Into<Vec<u8>>) {
        self.world().properties.borrow_mut().set(joined(path), value.into());
    }

    /// The value of a counter; none if no VM has defined it.
    #[must_use]
    pub fn counter(&self, name: &str) -> Option<u64> {
        self.metrics().counters.get(name).copied()
    }

    /// All counters.
    #[must_use]
    pub fn counters(&self) -> BTreeMap<String, u64> {
        self.metrics().counters.clone()
    }

    /// The value of a gauge; none if no VM has defined it.
    #[must_use]
    pub fn gauge(&self, name: &str) -> Option<u64> {
        self.metrics().gauges.get(name).copied()
    }

    /// All gauges.
    #[must_use]
    pub fn gauges(&self) -> BTreeMap<String, u64> {
        self.metrics().gauges.clone()
    }

    /// The samples of a histogram; none if no VM has defined it.
    #[must_use]
    pub fn histogram(&self, name: &str) -> Option<Vec<u64>> {
        self.metrics().histograms.get(name).cloned()
    }

    /// What the plugin logged so far, in order.
    #[must_use]
    pub fn logs(&self) -> Vec<LogLine> {
        self.world().logs.borrow().clone()
    }

    /// A value of the shared data.
    #[must_use]
    pub fn shared_data(&self, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        self.world().shared_data.borrow().get(key.as_ref()).map(|(value, _)| value.to_vec())
    }

    /// Writes to the shared data, as another plugin of the same `vm_id` could.
    pub fn set_shared_data(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.world().shared_data.borrow_mut().overwrite(key.as_ref(), value.as_ref());
    }

    /// How many values the shared data has.
    #[must_use]
    pub fn shared_data_keys(&self) -> usize {
        self.world().shared_data.borrow().keys()
    }

    /// How many bytes the shared data takes, keys and values.
    #[must_use]
    pub fn shared_data_bytes(&self) -> usize {
        self.world().shared_data.borrow().bytes()
    }

    fn world(&self) -> &World {
        &self.fleet.world
    }

    fn metrics(&self) -> Ref<'_, Metrics> {
        self.world().metrics.borrow()
    }
}

/// Enough for the largest configuration, little enough that an endless loop ends within seconds.
const DEFAULT_FUEL: u64 = 2_000_000_000;

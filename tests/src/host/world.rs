//! What all VMs of one proxy share: time, statistics, shared data, log, properties, faults, settings.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use super::abi::LogLevel;
use super::clock::Clock;
use super::fault::Faults;
use super::metrics::Metrics;
use super::properties::Properties;
use super::route::Router;
use super::shared_data::SharedData;

/// Which VM of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VmName {
    /// The one of a worker thread.
    Worker(usize),
    /// The throw-away one that tries a configuration out.
    Canary,
}

impl fmt::Display for VmName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worker(index) => write!(formatter, "worker {index}"),
            Self::Canary => formatter.write_str("the canary VM"),
        }
    }
}

/// A line that the plugin logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The VM that it ran in.
    pub vm: VmName,
    /// How serious it is.
    pub level: LogLevel,
    /// The text; bytes that are not UTF-8 show as `U+FFFD`.
    pub text: String,
}

/// What a proxy is started with.
pub(super) struct Settings {
    pub(super) vm_configuration: Vec<u8>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) log_level: LogLevel,
    pub(super) router: Router,
    pub(super) seed: u64,
    pub(super) fuel_per_callback: u64,
}

pub(super) struct World {
    pub(super) settings: Settings,
    pub(super) clock: Rc<Clock>,
    pub(super) properties: RefCell<Properties>,
    pub(super) shared_data: Rc<RefCell<SharedData>>,
    pub(super) metrics: Rc<RefCell<Metrics>>,
    pub(super) logs: RefCell<Vec<LogLine>>,
    pub(super) faults: RefCell<Faults>,
}

impl World {
    /// What VMs of another configuration have in common, `beside` which these run, they have too.
    pub(super) fn new(settings: Settings, properties: Properties, beside: Option<&Self>) -> Self {
        Self {
            settings,
            clock: beside.map(|other| Rc::clone(&other.clock)).unwrap_or_default(),
            properties: RefCell::new(properties),
            shared_data: beside.map(|other| Rc::clone(&other.shared_data)).unwrap_or_default(),
            metrics: beside.map(|other| Rc::clone(&other.metrics)).unwrap_or_default(),
            logs: RefCell::default(),
            faults: RefCell::default(),
        }
    }

    /// Keeps a line, unless it is below the proxy's log level.
    pub(super) fn log(&self, vm: VmName, level: LogLevel, text: &[u8]) {
        if level >= self.settings.log_level {
            let text = String::from_utf8_lossy(text).into_owned();
            self.logs.borrow_mut().push(LogLine { vm, level, text });
        }
    }

    pub(super) fn last_log(&self, vm: VmName) -> Option<String> {
        self.logs.borrow().iter().rev().find(|line| line.vm == vm).map(|line| line.text.clone())
    }
}

//! Which configuration a plugin goes by, over all that come and go.
//!
//! One machine may serve several plugins, and one plugin several phases (inbound and outbound of a sidecar); each has a
//! seat: in it the newest configuration, which all its requests from then on go by, and the last good one, which a refused
//! one can not unseat.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use graylane_abi::host::{self, LogLevel};
use graylane_core::metric::{ConfigState, Metric, PhaseLabel};
use graylane_core::{Phase, hash};

use crate::configuration;
use crate::live::Live;
use crate::refusal;
use crate::self_lane;
use crate::vm::Vm;

/// What Envoy calls a plugin. Plugins that share a machine need different names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plugin {
    pub(crate) name: Vec<u8>,
    pub(crate) root_id: Vec<u8>,
}

impl Plugin {
    /// The plugin of the configuration or request at hand.
    pub(crate) fn of_host() -> Self {
        let text = |property| host::property(&[property]).unwrap_or_default();
        Self { name: text("plugin_name"), root_id: text("plugin_root_id") }
    }
}

/// The bytes of a configuration, by length and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) length: usize,
    pub(crate) hash: u64,
}

impl Source {
    fn of(bytes: &[u8]) -> Self {
        Self { length: bytes.len(), hash: hash::salted("", bytes) }
    }
}

/// What came of one configuration.
struct Standing {
    source: Source,
    state: ConfigState,
    /// `None`: requests pass untouched.
    live: Option<Rc<Live>>,
    reported: Cell<bool>,
}

pub(crate) struct Seat {
    pub(crate) plugin: Plugin,
    pub(crate) phase: PhaseLabel,
    current: RefCell<Option<Standing>>,
    last_good: RefCell<Option<Rc<Live>>>,
}

/// Judges `bytes` and seats what comes of them.
pub(crate) fn take(vm: &Vm, plugin: &Plugin, bytes: &[u8]) {
    let source = Source::of(bytes);
    if vm.goes_by(plugin, source) {
        return;
    }
    let (seat, state) = match configuration::read(bytes) {
        Ok(mut router) => {
            self_lane::settle(vm, plugin, &mut router);
            let seat = vm.seat(plugin, PhaseLabel::Known(router.phase()));
            let live = vm.enliven(router, seat.last_good.borrow().as_deref());
            seat.last_good.replace(Some(Rc::new(live)));
            (seat, ConfigState::Current)
        }
        Err(refused) => {
            refusal::report(vm, plugin, source, &refused);
            let seat = match refused.phase {
                Some(phase) => vm.seat(plugin, PhaseLabel::Known(phase)),
                None => vm.only_seat(plugin).unwrap_or_else(|| vm.seat(plugin, PhaseLabel::Unknown)),
            };
            let state =
                if seat.last_good.borrow().is_some() { ConfigState::LastGood } else { ConfigState::PassThrough };
            (seat, state)
        }
    };
    let live = seat.last_good.borrow().clone();
    seat.current.replace(Some(Standing { source, state, live, reported: Cell::new(false) }));
}

/// The seat that the request at hand is served from, of several in one machine: Envoy tells when it is asked.
pub(crate) fn at_hand(seats: &[Rc<Seat>]) -> Option<&Rc<Seat>> {
    let plugin = Plugin::of_host();
    let mut own = seats.iter().filter(|seat| seat.plugin == plugin);
    let (first, second) = (own.next()?, own.next());
    if second.is_none() {
        return Some(first);
    }
    let inbound = host::property(&["xds", "listener_direction"]).is_ok_and(|direction| direction.first() == Some(&1));
    seats.iter().filter(|seat| seat.plugin == plugin).max_by_key(|seat| seat.is_inbound() == inbound)
}

impl Seat {
    pub(crate) fn new(plugin: Plugin, phase: PhaseLabel) -> Self {
        Self { plugin, phase, current: RefCell::default(), last_good: RefCell::default() }
    }

    pub(crate) fn goes_by(&self, source: Source) -> bool {
        self.current.borrow().as_ref().is_some_and(|current| current.source == source)
    }

    /// What new requests go by; `None`: they pass untouched.
    pub(crate) fn live(&self) -> Option<Rc<Live>> {
        self.current.borrow().as_ref()?.live.clone()
    }

    fn is_inbound(&self) -> bool {
        self.phase == PhaseLabel::Known(Phase::SidecarInbound)
    }

    /// Reports what is in use, once.
    pub(crate) fn report(&self, vm: &Vm) {
        /// What survives a gauge that is read as a double.
        const LOWER_53_BITS: u64 = (1 << 53) - 1;
        let current = self.current.borrow();
        let Some(standing) = current.as_ref().filter(|standing| !standing.reported.replace(true)) else {
            return;
        };
        let phase = self.phase;
        vm.set(Metric::State { phase }, standing.state as u64);
        if let Some(live) = &standing.live {
            let (generation, digest) = (live.router.generation(), live.router.digest());
            vm.set(Metric::Generation { phase }, generation);
            vm.set(Metric::Digest { phase }, digest.0 & LOWER_53_BITS);
            let line = format!("{}: generation {generation}, digest {digest}, is in use", phase.as_str());
            host::log(LogLevel::Info, &line);
        }
        if standing.state == ConfigState::Current && vm.retire_unknown(&self.plugin) {
            vm.set(Metric::State { phase: PhaseLabel::Unknown }, ConfigState::Current as u64);
        }
    }
}

//! Which configuration a plugin goes by, over the root contexts that come and go with each change.
//!
//! One machine may serve several plugins, and one plugin several phases (inbound and outbound of a sidecar); each has a
//! seat, and in it the last good configuration, which a refused one can not unseat.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use graylane_core::hash;
use graylane_core::metric::{ConfigState, Metric, PhaseLabel};
use proxy_wasm::hostcalls;

use crate::configuration;
use crate::live::Live;
use crate::refusal;
use crate::vm::Vm;

/// What Envoy calls the plugin that a root context belongs to. Plugins that share a machine need different names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plugin {
    pub(crate) name: String,
    pub(crate) root_id: String,
}

impl Plugin {
    /// The plugin of the root context at hand.
    pub(crate) fn of_host() -> Self {
        let text = |property| {
            let value = hostcalls::get_property(vec![property]).ok().flatten().unwrap_or_default();
            String::from_utf8_lossy(&value).into_owned()
        };
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
pub(crate) struct Standing {
    pub(crate) source: Source,
    pub(crate) state: ConfigState,
    /// `None`: requests pass untouched.
    pub(crate) live: Option<Rc<Live>>,
    reported: Cell<bool>,
}

pub(crate) struct Seat {
    pub(crate) plugin: Plugin,
    pub(crate) phase: PhaseLabel,
    current: RefCell<Option<Rc<Standing>>>,
    last_good: RefCell<Option<Rc<Live>>>,
}

/// Judges `bytes` and seats what comes of them.
pub(crate) fn take(vm: &Vm, plugin: &Plugin, bytes: &[u8]) -> (Rc<Seat>, Rc<Standing>) {
    let source = Source::of(bytes);
    if let Some(known) = vm.standing(plugin, source) {
        return known;
    }
    let (seat, state) = match configuration::read(bytes) {
        Ok(router) => {
            let seat = vm.seat(plugin, PhaseLabel::Known(router.phase()));
            seat.last_good.replace(Some(Rc::new(vm.enliven(router))));
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
    let standing = Rc::new(Standing { source, state, live, reported: Cell::new(false) });
    seat.claim(&standing);
    (seat, standing)
}

impl Seat {
    pub(crate) fn new(plugin: Plugin, phase: PhaseLabel) -> Self {
        Self { plugin, phase, current: RefCell::default(), last_good: RefCell::default() }
    }

    pub(crate) fn current(&self) -> Option<Rc<Standing>> {
        self.current.borrow().clone()
    }

    pub(crate) fn is_held_by(&self, standing: &Rc<Standing>) -> bool {
        self.current.borrow().as_ref().is_some_and(|current| Rc::ptr_eq(current, standing))
    }

    /// Makes `standing` the one that is reported.
    pub(crate) fn claim(&self, standing: &Rc<Standing>) {
        standing.reported.set(false);
        self.current.replace(Some(Rc::clone(standing)));
    }

    /// Reports what is in use, once.
    pub(crate) fn report(&self, standing: &Standing, vm: &Vm) {
        /// What survives a gauge that is read as a double.
        const LOWER_53_BITS: u64 = (1 << 53) - 1;
        if standing.reported.replace(true) {
            return;
        }
        let phase = self.phase;
        vm.set(Metric::State { phase }, standing.state as u64);
        if let Some(live) = &standing.live {
            let (generation, digest) = (live.router.generation(), live.router.digest());
            vm.set(Metric::Generation { phase }, generation);
            vm.set(Metric::Digest { phase }, digest.0 & LOWER_53_BITS);
            log::info!("{}: generation {generation}, digest {digest}, is in use", phase.as_str());
        }
        if standing.state == ConfigState::Current {
            refusal::forget(&self.plugin, phase);
            if vm.retire_unknown(&self.plugin) {
                refusal::forget(&self.plugin, PhaseLabel::Unknown);
                vm.set(Metric::State { phase: PhaseLabel::Unknown }, ConfigState::Current as u64);
            }
        }
    }
}

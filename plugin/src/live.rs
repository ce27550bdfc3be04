//! A configuration in use: its router, and where this machine counts and draws for it.
//!
//! Requests hold on to the one they began with, so a new configuration changes none that is under way.

use std::cell::RefCell;

use graylane_core::config::Mode;
use graylane_core::name::LaneName;
use graylane_core::{LaneLabel, Reason, Router, Target};

use crate::draw::Position;
use crate::memory::Memory;
use crate::meter::{Meter, Place, RowId};
use crate::vm::Vm;

pub(crate) struct Live {
    pub(crate) router: Router,
    /// In the order of the router's splits.
    pub(crate) positions: Box<[Position]>,
    /// What is remembered of requests, in a sidecar.
    pub(crate) memory: Option<Memory>,
    /// By service, in the order of the router's; short lists, for a service has few versions, lanes and reasons.
    places: RefCell<Vec<Vec<(Labels, Place)>>>,
    /// Which rows, by number, have had a response since this configuration came.
    seen: RefCell<Vec<bool>>,
}

/// What a decision is counted by, in the router's own numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Labels {
    target: Target,
    lane: LaneLabel,
    reason: Reason,
}

impl Live {
    pub(crate) fn new(router: Router, positions: Box<[Position]>, earlier: Option<&Self>, vm: &Vm) -> Self {
        let memory = Memory::of(&router, earlier.and_then(|live| live.memory.as_ref()), vm);
        Self { router, positions, memory, places: RefCell::default(), seen: RefCell::default() }
    }

    /// Where such a decision is counted; `None` for numbers that are not of this router.
    pub(crate) fn place(&self, target: Target, lane: LaneLabel, reason: Reason, meter: &mut Meter) -> Option<Place> {
        let labels = Labels { target, lane, reason };
        if let Some(known) = self.places.borrow().get(target.service.index())
            && let Some((_, place)) = known.iter().find(|(known, _)| *known == labels)
        {
            return Some(*place);
        }
        self.new_place(labels, meter)
    }

    #[cold]
    #[inline(never)]
    fn new_place(&self, labels: Labels, meter: &mut Meter) -> Option<Place> {
        let Labels { target, lane, reason } = labels;
        let (service, version) = (self.router.service_name(target.service)?, self.router.version_name(target)?);
        let place = meter.place(service, version, self.lane(lane), reason);
        let mut places = self.places.borrow_mut();
        if places.len() <= target.service.index() {
            places.resize_with(target.service.index() + 1, Vec::new);
        }
        places.get_mut(target.service.index())?.push((labels, place));
        Some(place)
    }

    fn lane(&self, label: LaneLabel) -> &str {
        match label {
            LaneLabel::Base => LaneName::BASE,
            LaneLabel::Lane(lane) => self.router.lane_name(lane).map_or(LaneName::BASE, LaneName::as_str),
            LaneLabel::Unknown => "unknown",
        }
    }

    /// Whether decisions take effect, so that it can be checked whether they did.
    pub(crate) fn steers(&self) -> bool {
        self.router.mode() == Mode::Enforce
    }

    /// Whether this is the first response of a row since this configuration came.
    pub(crate) fn is_first(&self, row: RowId) -> bool {
        let mut seen = self.seen.borrow_mut();
        if seen.len() <= row.index() {
            seen.resize(row.index() + 1, false);
        }
        seen.get_mut(row.index()).is_some_and(|seen| !std::mem::replace(seen, true))
    }
}

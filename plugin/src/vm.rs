//! What a machine keeps while configurations come and go.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use graylane_core::Router;
use graylane_core::metric::{Metric, PhaseLabel};
use graylane_core::name::SplitName;

use crate::draw::{self, Position};
use crate::live::Live;
use crate::meter::{Envoy, Meter};
use crate::seat::{Plugin, Seat, Source, Standing};
use crate::steering;

/// One virtual machine. It is single-threaded, and no host call ever comes back into it, so no borrow of its cells is
/// ever met by another.
#[derive(Default)]
pub(crate) struct Vm {
    pub(crate) meter: RefCell<Meter>,
    seats: RefCell<Vec<Rc<Seat>>>,
    positions: RefCell<Vec<(SplitName, Position)>>,
    responses: Cell<u64>,
}

impl Vm {
    /// Puts a router to use, with the positions that earlier configurations reached in its splits.
    pub(crate) fn enliven(&self, router: Router) -> Live {
        let mut known = self.positions.borrow_mut();
        let mut position = |name: &SplitName| {
            let reached = known.iter().find(|(other, _)| other == name).map(|(_, position)| Position::clone(position));
            reached.unwrap_or_else(|| {
                let position = draw::new_position();
                known.push((name.clone(), Position::clone(&position)));
                position
            })
        };
        let positions = router.splits().map(|(_, name)| position(name)).collect();
        // Splits that no configuration in use names any more.
        known.retain(|(_, position)| Rc::strong_count(position) > 1);
        Live::new(router, positions)
    }

    /// The seat of `plugin` in `phase`, made if need be.
    pub(crate) fn seat(&self, plugin: &Plugin, phase: PhaseLabel) -> Rc<Seat> {
        let mut seats = self.seats.borrow_mut();
        let known = seats.iter().find(|seat| seat.plugin == *plugin && seat.phase == phase);
        known.cloned().unwrap_or_else(|| {
            let seat = Rc::new(Seat::new(plugin.clone(), phase));
            seats.push(Rc::clone(&seat));
            seat
        })
    }

    /// The seat of `plugin` in whatever phase it stands, if it stands in only one.
    pub(crate) fn only_seat(&self, plugin: &Plugin) -> Option<Rc<Seat>> {
        let seats = self.seats.borrow();
        let mut own = seats.iter().filter(|seat| seat.plugin == *plugin && seat.phase != PhaseLabel::Unknown);
        own.next().filter(|_| own.next().is_none()).cloned()
    }

    /// Takes away the seat of a plugin whose phase could not be read; says whether there was one.
    pub(crate) fn retire_unknown(&self, plugin: &Plugin) -> bool {
        let mut seats = self.seats.borrow_mut();
        let before = seats.len();
        seats.retain(|seat| seat.plugin != *plugin || seat.phase != PhaseLabel::Unknown);
        seats.len() < before
    }

    /// Who already goes by these very bytes: listeners that share a configuration share its router.
    pub(crate) fn standing(&self, plugin: &Plugin, source: Source) -> Option<(Rc<Seat>, Rc<Standing>)> {
        let seats = self.seats.borrow();
        let mut own = seats.iter().filter(|seat| seat.plugin == *plugin);
        own.find_map(|seat| Some((Rc::clone(seat), seat.current().filter(|standing| standing.source == source)?)))
    }

    /// Whether the response at hand is one of the sample whose steering is checked.
    pub(crate) fn samples(&self) -> bool {
        let responses = self.responses.get().wrapping_add(1);
        self.responses.set(responses);
        responses.is_multiple_of(steering::EVERY)
    }

    pub(crate) fn host_error(&self) {
        self.meter.borrow_mut().host_error();
    }

    pub(crate) fn flush(&self) {
        self.meter.borrow_mut().flush(&mut Envoy);
    }

    /// Counts at once, for a machine that may not live until its first tick.
    pub(crate) fn count_now(&self, metric: Metric<'_>) {
        self.meter.borrow_mut().count_now(metric, &mut Envoy);
    }

    pub(crate) fn set(&self, metric: Metric<'_>, value: u64) {
        self.meter.borrow_mut().set(metric, value, &mut Envoy);
    }
}

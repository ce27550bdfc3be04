//! What a machine keeps while configurations come and go.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use graylane_abi::host::MetricId;
use graylane_abi::{RootId, StreamId};
use graylane_core::Router;
use graylane_core::metric::{Metric, PhaseLabel};
use graylane_core::name::SplitName;

use crate::draw::{self, Position};
use crate::live::Live;
use crate::memory;
use crate::meter::{Envoy, Meter};
use crate::seat::{self, Plugin, Seat, Source};
use crate::steering;
use crate::stream::Stream;
use crate::streams::Streams;

/// More configurations than come in the time that one takes to be reported.
const HURRIED: usize = 16;

/// One virtual machine. It is single-threaded, and no host call ever comes back into it, so no borrow of its cells is
/// ever met by another.
pub(crate) struct Vm {
    pub(crate) meter: RefCell<Meter>,
    /// The one that was configured last stands last.
    seats: RefCell<Vec<Rc<Seat>>>,
    streams: RefCell<Streams<Stream>>,
    /// Configurations that wait to be reported.
    hurried: RefCell<Vec<RootId>>,
    positions: RefCell<Vec<(SplitName, Position)>>,
    responses: Cell<u64>,
}

impl Vm {
    pub(crate) const fn new() -> Self {
        Self {
            meter: RefCell::new(Meter::new()),
            seats: RefCell::new(Vec::new()),
            streams: RefCell::new(Streams::new()),
            hurried: RefCell::new(Vec::new()),
            positions: RefCell::new(Vec::new()),
            responses: Cell::new(0),
        }
    }

    /// Puts a router to use, with the positions that earlier configurations reached in its splits, and what the one before
    /// it in its seat knows of requests.
    pub(crate) fn enliven(&self, router: Router, earlier: Option<&Live>) -> Live {
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
        Live::new(router, positions, earlier, self)
    }

    /// The seat of `plugin` in `phase`, made if need be, and from now on the last.
    pub(crate) fn seat(&self, plugin: &Plugin, phase: PhaseLabel) -> Rc<Seat> {
        let mut seats = self.seats.borrow_mut();
        let known = seats.iter().position(|seat| seat.plugin == *plugin && seat.phase == phase);
        let seat = known.map_or_else(|| Rc::new(Seat::new(plugin.clone(), phase)), |at| seats.remove(at));
        seats.push(Rc::clone(&seat));
        seat
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

    /// Whether `plugin` already goes by these very bytes: listeners that share a configuration share its router.
    pub(crate) fn goes_by(&self, plugin: &Plugin, source: Source) -> bool {
        self.seats.borrow().iter().any(|seat| seat.plugin == *plugin && seat.goes_by(source))
    }

    /// What the request at hand goes by.
    pub(crate) fn live(&self) -> Option<Rc<Live>> {
        match self.seats.borrow().as_slice() {
            [only] => only.live(),
            seats => seat::at_hand(seats)?.live(),
        }
    }

    pub(crate) fn open(&self, id: StreamId, stream: Stream) {
        if self.streams.borrow_mut().open(id, stream).is_some() {
            self.host_error();
        }
    }

    pub(crate) fn respond(&self, id: StreamId) {
        if let Some(stream) = self.streams.borrow_mut().get_mut(id) {
            stream.respond();
        }
    }

    pub(crate) fn end(&self, id: StreamId) {
        let stream = self.streams.borrow_mut().end(id);
        if let Some(stream) = stream {
            stream.end(self);
        }
    }

    pub(crate) fn hurry(&self, root: RootId) {
        let mut hurried = self.hurried.borrow_mut();
        // Some end before their first tick.
        if hurried.len() >= HURRIED {
            hurried.remove(0);
        }
        hurried.push(root);
    }

    /// Whether this was the first tick of `root`.
    pub(crate) fn slow_down(&self, root: RootId) -> bool {
        let mut hurried = self.hurried.borrow_mut();
        let first = hurried.iter().position(|other| *other == root);
        first.map(|at| hurried.remove(at)).is_some()
    }

    /// Reports what is in use and was not yet reported.
    pub(crate) fn report(&self) {
        // A seat that is reported may retire another.
        let seats = self.seats.borrow().clone();
        for seat in seats {
            seat.report(self);
        }
    }

    /// Keeps requests remembered that are under way, and makes what remembering needs.
    pub(crate) fn remember(&self) {
        let now = memory::now();
        for seat in self.seats.borrow().iter() {
            if let Some(live) = seat.live()
                && let Some(memory) = &live.memory
            {
                memory.tick(self, live.router.phase(), now);
            }
        }
        self.streams.borrow_mut().iter_mut().for_each(|stream| stream.keep(now));
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
    pub(crate) fn count_now(&self, metric: Metric<'_>) -> Option<MetricId> {
        self.meter.borrow_mut().count_now(metric, &mut Envoy)
    }

    pub(crate) fn set(&self, metric: Metric<'_>, value: u64) {
        self.meter.borrow_mut().set(metric, value, &mut Envoy);
    }
}

//! One request and its response.

use std::rc::Rc;

use graylane_abi::host::{self, Answer, Map};
use graylane_abi::{Action, HeaderMap, StreamId};
use graylane_core::correlation::Ticket;
use graylane_core::metric::ResponseClass;
use graylane_core::name::{HeaderName, ServiceName};
use graylane_core::{Arrival, Decision, Glance, HeaderEdit, Hop, Outcome, Phase, Recognised, Router, Shortcut, Step};

use crate::draw::Chance;
use crate::explanation;
use crate::live::Live;
use crate::meter::RowId;
use crate::request::Incoming;
use crate::steering;
use crate::vm::Vm;
use crate::way::Way;

/// What is kept of a request until it ends; of most that are not ours, nothing.
pub(crate) struct Stream {
    /// The configuration that it began with, and stays with.
    live: Rc<Live>,
    journey: Option<Journey>,
    reply: Option<Box<Reply>>,
    /// Where it is remembered.
    ticket: Option<Ticket>,
}

/// A request that is counted.
struct Journey {
    row: RowId,
    /// Nanoseconds since the Unix epoch.
    since: u64,
    /// Whether the filter itself answers.
    refused: bool,
}

/// What the response is to carry.
struct Reply {
    set_cookie: Option<String>,
    explanation: Option<String>,
    way: Option<Way>,
}

/// The request's headers are here.
pub(crate) fn request(vm: &Vm, id: StreamId) -> Action {
    let Some(live) = vm.live() else {
        return Action::Continue;
    };
    let Ok(headers) = host::headers(Map::Request) else {
        vm.host_error();
        return Action::Continue;
    };
    let glance = live.router.glance(headers.pairs());
    match glance.and_then(|glance| live.router.shortcut(&glance)) {
        Some(Shortcut::Hop(hop)) => follow(vm, id, &live, &hop),
        Some(Shortcut::Foreign(removed)) => {
            vm.meter.borrow_mut().unconfigured();
            apply_all(vm, removed.iter().map(|name| host::remove_header(Map::Request, name.as_str())));
        }
        None => {
            let mut chance = Chance::new(&live);
            if glance.and_then(|glance| past_app(vm, id, &live, &glance, &mut chance)).is_none() {
                return decide(vm, id, &live, headers, &mut chance);
            }
        }
    }
    Action::Continue
}

/// A request that follows its mark.
fn follow(vm: &Vm, id: StreamId, live: &Rc<Live>, hop: &Hop<'_>) {
    let place = live.place(hop.target, hop.lane, hop.reason, &mut vm.meter.borrow_mut());
    if let Some(place) = place {
        vm.meter.borrow_mut().decided(place);
        let journey = Journey { row: place.row, since: now(), refused: false };
        vm.open(id, Stream { live: Rc::clone(live), journey: Some(journey), reply: None, ticket: None });
    }
    if let Some(version) = hop.version {
        set(vm, &live.router.headers().version, version.as_str().as_bytes());
    }
}

/// A request for an app, or a call of an app that has lost its mark; `None` where that takes more.
fn past_app(vm: &Vm, id: StreamId, live: &Rc<Live>, glance: &Glance<'_>, chance: &mut Chance<'_>) -> Option<()> {
    match live.router.phase() {
        Phase::Gateway => return None,
        Phase::SidecarInbound => {
            let Arrival { ticket, mirror } = live.router.arrive(glance, chance)?;
            if ticket.is_some() {
                vm.open(id, Stream { live: Rc::clone(live), journey: None, reply: None, ticket });
            }
            if let Some((name, list)) = mirror {
                set(vm, name, &list);
            }
        }
        Phase::SidecarOutbound => {
            let call = live.router.recognise(glance, chance);
            let Recognised { hop, lanes, identity } = call.map_err(|recalled| chance.recalled = recalled).ok()?;
            let names = live.router.headers();
            set(vm, &names.lane, lanes.as_bytes());
            if let Some(identity) = identity {
                set(vm, &names.identity, identity.as_str().as_bytes());
            }
            follow(vm, id, live, &hop);
        }
    }
    Some(())
}

/// A request whose decision takes more.
#[cold]
#[inline(never)]
fn decide(vm: &Vm, id: StreamId, live: &Rc<Live>, headers: HeaderMap, chance: &mut Chance<'_>) -> Action {
    let (decision, steps) = live.router.answer(&Incoming(headers), chance);
    let journey = begin(&decision, live, vm);
    let reply = Reply::to(&decision, &steps, live);
    let ticket = decision.ticket;
    if journey.is_some() || reply.is_some() || ticket.is_some() {
        vm.open(id, Stream { live: Rc::clone(live), journey, reply, ticket });
    }
    // A new value drops the route that Envoy has cached, so the request is routed by it: no further call is needed.
    apply_all(vm, decision.edits.iter().map(apply));
    match decision.outcome {
        Outcome::Pass | Outcome::Forward => Action::Continue,
        Outcome::Refuse if refuse(&decision, &live.router).is_ok() => Action::Pause,
        Outcome::Refuse => {
            vm.host_error();
            Action::Continue
        }
    }
}

impl Stream {
    /// The response's headers are here.
    pub(crate) fn respond(&mut self) {
        if let Some(reply) = self.reply.take() {
            reply.write(&self.live);
        }
    }

    /// It is still under way.
    pub(crate) fn keep(&mut self, now: u32) {
        if let (Some(memory), Some(ticket)) = (&self.live.memory, &mut self.ticket) {
            memory.keep(ticket, now);
        }
    }

    /// Both have ended, however they did.
    pub(crate) fn end(&self, vm: &Vm) {
        if let (Some(memory), Some(ticket)) = (&self.live.memory, &self.ticket) {
            memory.end(ticket);
        }
        if let Some(journey) = &self.journey {
            journey.end(&self.live, vm);
        }
    }
}

/// Counts a decision; the journey it begins, if it is for a service.
fn begin(decision: &Decision<'_>, live: &Live, vm: &Vm) -> Option<Journey> {
    let mut meter = vm.meter.borrow_mut();
    meter.noticed(decision.events);
    let Some(target) = decision.target else {
        if live.router.phase() != Phase::SidecarInbound && decision.events.mirrored == 0 {
            meter.unconfigured();
        }
        return None;
    };
    let place = live.place(target, decision.lane, decision.reason, &mut meter)?;
    meter.decided(place);
    Some(Journey { row: place.row, since: now(), refused: decision.outcome == Outcome::Refuse })
}

/// Answers in place of the service; to a gRPC caller Envoy says the same as status 14, `UNAVAILABLE`.
#[cold]
#[inline(never)]
fn refuse(decision: &Decision<'_>, router: &Router) -> Answer {
    let service = decision.target.and_then(|target| router.service_name(target.service));
    let lanes: Vec<&str> = decision.lanes.iter().filter_map(|lane| Some(router.lane_name(*lane)?.as_str())).collect();
    let why = format!(
        "{}: {} has no ready version for lane {}",
        decision.reason,
        service.map_or("the service", ServiceName::as_str),
        lanes.join(", ")
    );
    host::respond(503, &[(router.headers().reason.as_str(), &why)], &why)
}

impl Journey {
    fn end(&self, live: &Live, vm: &Vm) {
        let class = self.class();
        if !self.refused && class != ResponseClass::None {
            let sampled = vm.samples();
            if live.steers() && (live.is_first(self.row) || sampled) {
                self.check_steering(vm);
            }
        }
        // Zero where the clock was set back meanwhile.
        let nanoseconds = now().saturating_sub(self.since);
        vm.meter.borrow_mut().finished(self.row, class, nanoseconds);
    }

    /// What the filter answers itself it needs not read back; Envoy may show it to a gRPC caller as 200.
    fn class(&self) -> ResponseClass {
        if self.refused {
            return ResponseClass::ServerError;
        }
        host::header(Map::Response, ":status").map_or(ResponseClass::None, |status| ResponseClass::of_status(&status))
    }

    /// Compares where Envoy sent the request with the decision.
    fn check_steering(&self, vm: &Vm) {
        let cluster = host::property(&steering::CLUSTER).ok();
        if let Some(version) = cluster.as_deref().and_then(steering::version_of) {
            vm.meter.borrow_mut().steered(self.row, version);
        }
    }
}

impl Reply {
    fn to(decision: &Decision<'_>, steps: &[Step], live: &Live) -> Option<Box<Self>> {
        (decision.cookie.is_some() || decision.explain).then(|| Box::new(Self::made(decision, steps, live)))
    }

    #[cold]
    #[inline(never)]
    fn made(decision: &Decision<'_>, steps: &[Step], live: &Live) -> Self {
        let set_cookie = decision.cookie.as_ref().map(ToString::to_string);
        let decides = live.router.phase() != Phase::SidecarInbound;
        let explanation = (decision.explain && decides).then(|| explanation::header_value(steps));
        let way = if decision.explain { Way::of(decision, steps, live.router.phase()) } else { None };
        Self { set_cookie, explanation, way }
    }

    fn write(&self, live: &Live) {
        if let Some(cookie) = &self.set_cookie {
            let _ = host::add_header(Map::Response, "set-cookie", cookie);
        }
        if let Some(explanation) = &self.explanation {
            let _ = host::set_header(Map::Response, live.router.headers().explanation.as_str(), explanation.as_bytes());
        }
        if let Some(way) = &self.way {
            way.write(live);
        }
    }
}

/// Makes changes until one fails.
fn apply_all(vm: &Vm, mut changes: impl Iterator<Item = Answer>) {
    if changes.any(|answer| answer.is_err()) {
        vm.host_error();
    }
}

fn set(vm: &Vm, name: &HeaderName, value: &[u8]) {
    if host::set_header(Map::Request, name.as_str(), value).is_err() {
        vm.host_error();
    }
}

fn apply(edit: &HeaderEdit<'_>) -> Answer {
    match edit {
        HeaderEdit::Set(name, value) => host::set_header(Map::Request, name.as_str(), value.as_bytes()),
        HeaderEdit::Remove(name) => host::remove_header(Map::Request, name.as_str()),
    }
}

fn now() -> u64 {
    host::now().unwrap_or_default()
}

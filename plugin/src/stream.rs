//! One request and its response.

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use graylane_core::metric::ResponseClass;
use graylane_core::{Decision, HeaderEdit, Outcome, Phase, Step};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};

use crate::draw::Chance;
use crate::explanation;
use crate::live::Live;
use crate::meter::RowId;
use crate::request::Fields;
use crate::steering;
use crate::vm::Vm;

/// A request that no configuration says anything about.
pub(crate) struct PassThrough;

impl Context for PassThrough {}
impl HttpContext for PassThrough {}

pub(crate) struct Stream {
    vm: Rc<Vm>,
    /// The configuration that it began with, and stays with.
    live: Rc<Live>,
    journey: Option<Journey>,
    reply: Option<Box<Reply>>,
}

/// A request that is counted.
struct Journey {
    row: RowId,
    since: SystemTime,
    class: ResponseClass,
    /// Whether the filter itself answers.
    refused: bool,
}

/// What the response is to carry.
struct Reply {
    set_cookie: Option<String>,
    explanation: Option<String>,
}

impl Stream {
    pub(crate) fn new(vm: Rc<Vm>, live: Rc<Live>) -> Self {
        Self { vm, live, journey: None, reply: None }
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let Ok(fields) = hostcalls::get_map_bytes(MapType::HttpRequestHeaders) else {
            self.vm.meter.borrow_mut().host_error();
            return Action::Continue;
        };
        let live = Rc::clone(&self.live);
        let (decision, steps) = live.router.answer(&Fields(fields), &mut Chance(&live.positions));
        self.count(&decision);
        self.reply = Reply::to(&decision, &steps);
        // A new value drops the route that Envoy has cached, so the request is routed by it: no further call is needed.
        if !decision.edits.iter().all(|edit| apply(edit).is_ok()) {
            self.vm.meter.borrow_mut().host_error();
        }
        match decision.outcome {
            Outcome::Pass | Outcome::Forward => Action::Continue,
            Outcome::Refuse => self.refuse(&decision),
        }
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        if let Some(journey) = &mut self.journey
            && !journey.refused
        {
            journey.class = class_of_response();
            let row = journey.row;
            self.check_steering(row);
        }
        if let Some(reply) = self.reply.take() {
            reply.write(&self.live);
        }
        Action::Continue
    }
}

/// Envoy deletes the context when request and response are done with, however they ended.
impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(Journey { row, since, class, .. }) = self.journey {
            self.vm.meter.borrow_mut().finished(row, class, elapsed(since));
        }
    }
}

impl Stream {
    fn count(&mut self, decision: &Decision<'_>) {
        let mut meter = self.vm.meter.borrow_mut();
        meter.noticed(decision.events);
        let Some(target) = decision.target else {
            if self.live.router.phase() != Phase::SidecarInbound {
                meter.unconfigured();
            }
            return;
        };
        let refused = decision.outcome == Outcome::Refuse;
        let class = if refused { ResponseClass::ServerError } else { ResponseClass::None };
        if let Some(place) = self.live.place(target, decision.lane, decision.reason, &mut meter) {
            meter.decided(place);
            self.journey = Some(Journey { row: place.row, since: now(), class, refused });
        }
    }

    /// Answers in place of the service; to a gRPC caller Envoy says the same as status 14, `UNAVAILABLE`.
    fn refuse(&self, decision: &Decision<'_>) -> Action {
        let router = &self.live.router;
        let service = decision.target.and_then(|target| router.service_name(target.service));
        let lanes: Vec<&str> =
            decision.lanes.iter().filter_map(|lane| Some(router.lane_name(*lane)?.as_str())).collect();
        let why = format!(
            "{}: {} has no ready version for lane {}",
            decision.reason,
            service.map_or("service", |service| service.as_str()),
            lanes.join(", ")
        );
        let headers = vec![(router.headers().reason.as_str(), why.as_str())];
        if hostcalls::send_http_response(503, headers, Some(why.as_bytes())).is_ok() {
            Action::Pause
        } else {
            self.vm.meter.borrow_mut().host_error();
            Action::Continue
        }
    }

    /// Compares where Envoy sent the request with the decision: once after each change, then by sample.
    fn check_steering(&self, row: RowId) {
        let sampled = self.vm.samples();
        if !self.live.steers() || !(sampled || self.live.unchecked(row)) {
            return;
        }
        let cluster = hostcalls::get_property(steering::CLUSTER.to_vec()).ok().flatten();
        if let Some(version) = cluster.as_deref().and_then(steering::version_of) {
            self.live.check(row);
            self.vm.meter.borrow_mut().steered(row, version);
        }
    }
}

impl Reply {
    fn to(decision: &Decision<'_>, steps: &[Step]) -> Option<Box<Self>> {
        let set_cookie = decision.cookie.as_ref().map(ToString::to_string);
        let explanation = decision.explain.then(|| explanation::header_value(steps));
        (set_cookie.is_some() || explanation.is_some()).then(|| Box::new(Self { set_cookie, explanation }))
    }

    fn write(&self, live: &Live) {
        if let Some(cookie) = &self.set_cookie {
            let _ = hostcalls::add_map_value(MapType::HttpResponseHeaders, "set-cookie", cookie);
        }
        if let Some(explanation) = &self.explanation {
            let name = live.router.headers().explanation.as_str();
            let _ = hostcalls::set_map_value(MapType::HttpResponseHeaders, name, Some(explanation));
        }
    }
}

fn apply(edit: &HeaderEdit<'_>) -> Result<(), proxy_wasm::types::Status> {
    match edit {
        HeaderEdit::Set(name, value) => {
            hostcalls::set_map_value(MapType::HttpRequestHeaders, name.as_str(), Some(value.as_str()))
        }
        HeaderEdit::Remove(name) => hostcalls::remove_map_value(MapType::HttpRequestHeaders, name.as_str()),
    }
}

fn class_of_response() -> ResponseClass {
    let status = hostcalls::get_map_value_bytes(MapType::HttpResponseHeaders, ":status").ok().flatten();
    status.map_or(ResponseClass::None, |status| ResponseClass::of_status(&status))
}

fn now() -> SystemTime {
    hostcalls::get_current_time().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Zero where the clock was set back meanwhile.
fn elapsed(since: SystemTime) -> Duration {
    now().duration_since(since).unwrap_or_default()
}

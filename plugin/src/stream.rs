//! One request and its response.

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use graylane_core::metric::ResponseClass;
use graylane_core::name::ServiceName;
use graylane_core::{Decision, HeaderEdit, Outcome, Phase, Router, Step};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType, Status};

use crate::draw::Chance;
use crate::explanation;
use crate::live::Live;
use crate::meter::RowId;
use crate::request::Fields;
use crate::steering;
use crate::vm::Vm;

pub(crate) struct Stream {
    vm: Rc<Vm>,
    /// The configuration that it began with, and stays with; without one, it passes untouched.
    live: Option<Rc<Live>>,
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
    pub(crate) fn new(vm: Rc<Vm>, live: Option<Rc<Live>>) -> Self {
        Self { vm, live, journey: None, reply: None }
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let Some(live) = self.live.clone() else {
            return Action::Continue;
        };
        let Ok(fields) = hostcalls::get_map_bytes(MapType::HttpRequestHeaders) else {
            self.vm.host_error();
            return Action::Continue;
        };
        let (decision, steps) = live.router.answer(&Fields(fields), &mut Chance(&live.positions));
        self.journey = begin(&decision, &live, &self.vm);
        self.reply = Reply::to(&decision, &steps);
        // A new value drops the route that Envoy has cached, so the request is routed by it: no further call is needed.
        if !decision.edits.iter().all(|edit| apply(edit).is_ok()) {
            self.vm.host_error();
        }
        match decision.outcome {
            Outcome::Pass | Outcome::Forward => Action::Continue,
            Outcome::Refuse if refuse(&decision, &live.router).is_ok() => Action::Pause,
            Outcome::Refuse => {
                self.vm.host_error();
                Action::Continue
            }
        }
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        let Some(live) = &self.live else {
            return Action::Continue;
        };
        if let Some(journey) = &mut self.journey {
            journey.arrive(live, &self.vm);
        }
        if let Some(reply) = self.reply.take() {
            reply.write(&live.router);
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

/// Counts a decision; the journey it begins, if it is for a service.
fn begin(decision: &Decision<'_>, live: &Live, vm: &Vm) -> Option<Journey> {
    let mut meter = vm.meter.borrow_mut();
    meter.noticed(decision.events);
    let Some(target) = decision.target else {
        if live.router.phase() != Phase::SidecarInbound {
            meter.unconfigured();
        }
        return None;
    };
    let place = live.place(target, decision.lane, decision.reason, &mut meter)?;
    meter.decided(place);
    let refused = decision.outcome == Outcome::Refuse;
    // What the filter answers itself it needs not read back; Envoy may show it to a gRPC caller as 200.
    let class = if refused { ResponseClass::ServerError } else { ResponseClass::None };
    Some(Journey { row: place.row, since: now(), class, refused })
}

/// Answers in place of the service; to a gRPC caller Envoy says the same as status 14, `UNAVAILABLE`.
fn refuse(decision: &Decision<'_>, router: &Router) -> Result<(), Status> {
    let service = decision.target.and_then(|target| router.service_name(target.service));
    let lanes: Vec<&str> = decision.lanes.iter().filter_map(|lane| Some(router.lane_name(*lane)?.as_str())).collect();
    let why = format!(
        "{}: {} has no ready version for lane {}",
        decision.reason,
        service.map_or("the service", ServiceName::as_str),
        lanes.join(", ")
    );
    let headers = vec![(router.headers().reason.as_str(), why.as_str())];
    hostcalls::send_http_response(503, headers, Some(why.as_bytes()))
}

impl Journey {
    /// The response has come.
    fn arrive(&mut self, live: &Live, vm: &Vm) {
        if self.refused {
            return;
        }
        let status = hostcalls::get_map_value_bytes(MapType::HttpResponseHeaders, ":status").ok().flatten();
        self.class = status.map_or(ResponseClass::None, |status| ResponseClass::of_status(&status));
        let sampled = vm.samples();
        if live.steers() && (live.is_first(self.row) || sampled) {
            self.check_steering(vm);
        }
    }

    /// Compares where Envoy sent the request with the decision.
    fn check_steering(&self, vm: &Vm) {
        let cluster = hostcalls::get_property(steering::CLUSTER.to_vec()).ok().flatten();
        if let Some(version) = cluster.as_deref().and_then(steering::version_of) {
            vm.meter.borrow_mut().steered(self.row, version);
        }
    }
}

impl Reply {
    fn to(decision: &Decision<'_>, steps: &[Step]) -> Option<Box<Self>> {
        let set_cookie = decision.cookie.as_ref().map(ToString::to_string);
        let explanation = decision.explain.then(|| explanation::header_value(steps));
        (set_cookie.is_some() || explanation.is_some()).then(|| Box::new(Self { set_cookie, explanation }))
    }

    fn write(&self, router: &Router) {
        if let Some(cookie) = &self.set_cookie {
            let _ = hostcalls::add_map_value(MapType::HttpResponseHeaders, "set-cookie", cookie);
        }
        if let Some(explanation) = &self.explanation {
            let name = router.headers().explanation.as_str();
            let _ = hostcalls::set_map_value(MapType::HttpResponseHeaders, name, Some(explanation));
        }
    }
}

fn apply(edit: &HeaderEdit<'_>) -> Result<(), Status> {
    match edit {
        HeaderEdit::Set(name, value) => {
            hostcalls::set_map_value(MapType::HttpRequestHeaders, name.as_str(), Some(value.as_str()))
        }
        HeaderEdit::Remove(name) => hostcalls::remove_map_value(MapType::HttpRequestHeaders, name.as_str()),
    }
}

fn now() -> SystemTime {
    hostcalls::get_current_time().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Zero where the clock was set back meanwhile.
fn elapsed(since: SystemTime) -> Duration {
    now().duration_since(since).unwrap_or_default()
}

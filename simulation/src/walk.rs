//! The way of one request from outside: through the gateway, and from app to app.

use graylane_core::correlation::Ticket;
use graylane_core::{Decision, HeaderEdit, Headers, Router};
use oorandom::Rand64;

use crate::mesh::{Mesh, Version};
use crate::pod::Pod;
use crate::tally::{Found, Lost, Tally, Truth};
use crate::{Forwarding, ServiceId};

/// A request under way, and the apps that wait for others on its behalf.
pub(crate) struct Walk {
    truth: Truth,
    waiting: Vec<Serving>,
}

/// An app that serves a request.
struct Serving {
    service: ServiceId,
    version: Version,
    ticket: Option<Ticket>,
    /// What the app was given.
    headers: Headers,
    /// How many calls it has made.
    called: usize,
    /// Who lost the mark on the way to here.
    lost: Lost,
}

/// Whether there is more to be done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Going,
    Done,
}

impl Progress {
    pub(crate) fn is_done(self) -> bool {
        self == Self::Done
    }
}

impl Walk {
    /// A user's request comes to the gateway.
    pub(crate) fn begin(mesh: &mut Mesh<'_>, chance: &mut Rand64, tally: &mut Tally) -> Option<Self> {
        let entrances = u64::try_from(mesh.graph.entrances()).ok()?;
        let service = ServiceId(usize::try_from(chance.rand_range(0..entrances)).ok()?);
        let trace = u128::from(chance.rand_u64()) << 64 | u128::from(chance.rand_u64()) | 1;
        let mut headers = call(service);
        headers.push("x-user", format!("user-{}", chance.rand_range(0..100_000)));
        headers.push("traceparent", format!("00-{trace:032x}-{:016x}-01", chance.rand_u64() | 1));
        let (version, in_lane) = {
            let decision = mesh.gateway.decide(&headers, &mut mesh.edge);
            let chosen = (version_of(&decision), !decision.lanes.is_empty());
            let edits = decision.edits.clone();
            apply(&edits, &mut headers);
            chosen
        };
        headers.remove("x-user");
        let truth = if in_lane { Truth::in_lane() } else { Truth::on_base() };
        tally.began(&truth);
        let mut walk = Self { truth, waiting: Vec::new() };
        walk.arrive(mesh, service, version, headers, Lost::Nowhere, tally);
        Some(walk)
    }

    /// One app makes its next call, or has answered.
    pub(crate) fn step(&mut self, mesh: &mut Mesh<'_>, tally: &mut Tally) -> Progress {
        let Some(serving) = self.waiting.last_mut() else { return Progress::Done };
        let Some(app) = mesh.graph.get(serving.service) else { return Progress::Done };
        let (forwarding, callee) = (app.forwarding, app.callees.get(serving.called).copied());
        let Some(callee) = callee else {
            if let Some(ended) = self.waiting.pop() {
                ended.end(mesh);
            }
            return if self.waiting.is_empty() { Progress::Done } else { Progress::Going };
        };
        serving.called += 1;
        let mut headers = call(callee);
        forward(forwarding, &serving.headers, &mut headers);
        let mut lost = serving.lost;
        let Some((pod, _, outbound)) = mesh.pod(serving.service, serving.version) else { return Progress::Done };
        let (version, found) = decide(outbound, pod, &mut headers);
        lost.unless(found, forwarding);
        self.arrive(mesh, callee, version, headers, lost, tally);
        Progress::Going
    }

    pub(crate) fn truth(&self) -> Truth {
        self.truth.clone()
    }

    /// The request comes to a pod of the version that was chosen.
    fn arrive(
        &mut self,
        mesh: &mut Mesh<'_>,
        service: ServiceId,
        version: Version,
        mut headers: Headers,
        lost: Lost,
        tally: &mut Tally,
    ) {
        let has_gray = mesh.graph.get(service).is_some_and(|service| service.has_gray);
        if has_gray {
            tally.visited(&mut self.truth, version, lost);
        }
        headers.remove("x-gray-version");
        let Some((pod, inbound, _)) = mesh.pod(service, version) else { return };
        let decision = inbound.decide(&headers, pod);
        let (ticket, edits) = (decision.ticket, decision.edits.clone());
        apply(&edits, &mut headers);
        self.waiting.push(Serving { service, version, ticket, headers, called: 0, lost });
    }
}

impl Serving {
    fn end(self, mesh: &mut Mesh<'_>) {
        if let (Some(ticket), Some((pod, _, _))) = (self.ticket, mesh.pod(self.service, self.version)) {
            pod.end(&ticket);
        }
    }
}

/// A request for `service`, as an app would make it without being told anything.
fn call(service: ServiceId) -> Headers {
    let host = service.host();
    Headers::from([(":method", "GET"), (":path", "/"), (":authority", host.as_str())])
}

fn forward(forwarding: Forwarding, given: &Headers, headers: &mut Headers) {
    for name in ["x-gray-lane", "x-gray-id", "traceparent"].into_iter().filter(|name| forwarding.forwards(name)) {
        for value in given.values(name) {
            headers.push(name, value);
        }
    }
}

/// The version that a sidecar chooses for a call of its app, and whether it found the mark of the request behind it.
fn decide(router: &Router, pod: &mut Pod, headers: &mut Headers) -> (Version, Found) {
    let decision = router.decide(headers, pod);
    let found = if decision.events.uncorrelated == 0 { Found::Mark } else { Found::Nothing };
    let (version, edits) = (version_of(&decision), decision.edits.clone());
    apply(&edits, headers);
    (version, found)
}

fn version_of(decision: &Decision<'_>) -> Version {
    match decision.version {
        Some(version) if version.as_str() == "v2" => Version::Gray,
        Some(_) | None => Version::Base,
    }
}

fn apply(edits: &[HeaderEdit<'_>], headers: &mut Headers) {
    for edit in edits {
        match edit {
            HeaderEdit::Set(name, value) => headers.set(name.as_str(), value.as_bytes()),
            HeaderEdit::Remove(name) => headers.remove(name.as_str()),
        }
    }
}

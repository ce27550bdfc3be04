//! The router: a compiled configuration, and the decision in one screen.
//!
//! Order of a decision: trust, mark, entry (rules, then splits), target service, version, header edits. Invariants: total
//! (no input makes it fail), deterministic (same configuration, request and draw: same decision), and a decision on base
//! is written down like any other, so that no later proxy decides anew.

mod carriers;
mod choice;
mod compile;
mod correlation;
mod edits;
mod entry;
mod glance;
mod hosts;
mod id;
mod lanes;
mod mirrored;
mod names;
mod overrides;
mod remembered;
mod self_lane;
mod service;
mod shortcut;
mod trust;

use crate::carrier::Carriers;
use crate::config::{
    Correlation, Digest, FilterConfig, HeaderCarrier, HeaderNames, Identity, Isolation, LostMark, Mode, Overrides,
    PeerPattern, Phase,
};
use crate::decision::{Decision, HeaderText, Outcome, Reason, Target};
use crate::explain::{Step, Trace, ascii};
use crate::mark;
use crate::matcher::{Matcher, Subjects};
use crate::name::LaneName;
use crate::problem::Problems;
use crate::request::{Draw, Line, Request};
use crate::trace_id::Fields;
use crate::view::{Hidden, Lists, Sent, View};

use carriers::Carried;
use choice::Choice;
use entry::{RuleSet, Split};
pub use glance::Glance;
use glance::Watch;
use hosts::HostTable;
pub use id::{LaneId, ServiceId, SplitId, VersionId};
use lanes::Lanes;
pub use remembered::{Arrival, Recognised};
pub use self_lane::InvalidSelfLane;
use self_lane::SelfLane;
use service::Service;
pub use shortcut::{Hop, Shortcut};
use trust::Trust;

/// As many fields as most requests have.
const USUALLY: usize = 32;

/// A configuration that has been checked and made fast.
#[derive(Debug)]
pub struct Router {
    phase: Phase,
    mode: Mode,
    generation: u64,
    digest: Digest,
    headers: HeaderNames,
    carriers: Carriers,
    /// Who is believed in front of an app; nobody in particular: everybody.
    peers: Vec<PeerPattern>,
    mesh_hosts: HostTable,
    identity: Identity,
    lanes: Vec<Lane>,
    rule_sets: Vec<RuleSet>,
    splits: Vec<Split>,
    services: Vec<Service>,
    hosts: HostTable,
    watch: Option<Watch>,
    explain: Option<Matcher>,
    /// Of rules, and of who may ask for explanations.
    subjects: Subjects,
    correlation: Option<Correlation>,
    lost_mark: LostMark,
    /// Of the workload, not of the configuration.
    self_lane: Option<SelfLane>,
    /// At a gateway only.
    overrides: Option<Overrides>,
}

#[derive(Debug)]
struct Lane {
    name: LaneName,
    fallback: Box<[LaneId]>,
    isolation: Isolation,
}

impl Router {
    /// Checks `config` and compiles it.
    ///
    /// This is the only judge of configurations: the controller runs it before publishing, the filter before serving.
    ///
    /// # Errors
    /// Every problem there is, each with its field path; then nothing of the configuration is used.
    ///
    /// ```
    /// use graylane_core::{FilterConfig, Phase, Router};
    ///
    /// let mut config = FilterConfig::empty(Phase::Gateway, 1);
    /// assert!(Router::compile(&config).is_ok());
    ///
    /// config.lanes.insert("gray".parse()?, graylane_core::config::Lane {
    ///     fallback: vec!["no-such-lane".parse()?],
    ///     ..Default::default()
    /// });
    /// let problems = Router::compile(&config).unwrap_err();
    /// assert!(problems.to_string().starts_with("lanes.gray.fallback[0]"));
    /// # Ok::<(), graylane_core::name::InvalidName>(())
    /// ```
    pub fn compile(config: &FilterConfig) -> Result<Self, Problems> {
        compile::compile(config)
    }

    /// Decides one request.
    pub fn decide<'r>(&'r self, request: &impl Request, draw: &mut impl Draw) -> Decision<'r> {
        self.run(request, draw, &mut Trace::Off)
    }

    /// Decides one request and tells how, step by step.
    pub fn explain<'r>(&'r self, request: &impl Request, draw: &mut impl Draw) -> (Decision<'r>, Vec<Step>) {
        let mut steps = Vec::new();
        let decision = self.run(request, draw, &mut Trace::On(&mut steps));
        (decision, steps)
    }

    /// Decides one request, and tells how only if the caller asked for it and may have it: what a filter calls.
    pub fn answer<'r>(&'r self, request: &impl Request, draw: &mut impl Draw) -> (Decision<'r>, Vec<Step>) {
        let mut steps = Vec::new();
        let decision = self.run(request, draw, &mut Trace::Asked(&mut steps));
        (decision, steps)
    }

    fn run<'r>(&'r self, request: &impl Request, draw: &mut dyn Draw, trace: &mut Trace<'_>) -> Decision<'r> {
        // All that follows is compiled once, whatever requests are made of.
        let mut lines: Vec<Line<'_>> = Vec::with_capacity(USUALLY);
        lines.extend(request.headers());
        self.judge(request, &lines, draw, trace)
    }

    fn judge<'r>(
        &'r self,
        request: &dyn Request,
        lines: &[Line<'_>],
        draw: &mut dyn Draw,
        trace: &mut Trace<'_>,
    ) -> Decision<'r> {
        let trust = self.trust(request);
        let lists = Lists::default();
        let hidden = Hidden { names: &self.headers, carriers: &self.carriers, lists: &lists };
        let view = View::of(request, lines, &self.headers).hiding(hidden);
        let mut decision = Decision::pass();
        decision.explain = self.grants_explanation(trust, &view);
        if decision.explain {
            trace.grant();
        }
        let carried = match trust {
            Trust::Believed => self.admit(&view, &mut decision, trace),
            Trust::Outside => self.disbelieve(&view, &mut decision, trace),
        };
        match self.phase {
            Phase::SidecarInbound => {
                decision.events.mirrored = u8::from(view.original().is_some());
                self.remember(&Fields::of(view.all), &carried, draw, &mut decision);
                self.hand_on(&carried, &mut decision);
            }
            Phase::Gateway | Phase::SidecarOutbound => match self.service_of(&view) {
                Some(service) => self.route(service, &view, carried, draw, &mut decision, trace),
                None if self.is_mesh_host(&view) => self.carry_on(&view, carried, draw, &mut decision, trace),
                None if self.is_copy_of_ours(&view) => self.pass_copy_on(&carried, &mut decision, trace),
                None => self.let_go(&view, &carried, &mut decision, trace),
            },
        }
        if self.mode == Mode::DryRun {
            decision.withhold();
        }
        decision
    }

    /// In front of an app: a usable mark goes on in every carrier, so that the app may hand on whichever it knows.
    fn hand_on<'r>(&'r self, carried: &Carried<'_>, decision: &mut Decision<'r>) {
        decision.identity = carried.identity;
        self.write_carried(carried, decision);
        decision.erase(carried.sent.version, &self.headers.version);
        match carried.names() {
            Some(lanes) => self.write_mirrors(carried, &lanes, decision),
            None => self.silence_mirrors(carried, decision),
        }
    }

    /// On the way to a host that is not ours: no mark leaves the mesh, no mark of a stranger comes in.
    fn let_go<'r>(
        &'r self,
        view: &View<'_>,
        carried: &Carried<'_>,
        decision: &mut Decision<'r>,
        trace: &mut Trace<'_>,
    ) {
        trace.step(|| Step::NoService { host: ascii(view.authority()) });
        self.erase_mark(&carried.sent, decision);
        decision.erase(carried.sent.version, &self.headers.version);
        self.erase_mirrors(carried, decision);
        if carried.trust == Trust::Believed {
            self.erase_aliases(&self.aliases_in(view), decision);
            decision.erase(carried.sent.signed, &self.headers.signed);
        }
    }

    /// On the way to a host of the mesh whose versions are not chosen here: it needs the mark for those it calls itself.
    fn carry_on<'r>(
        &'r self,
        view: &View<'_>,
        carried: Carried<'_>,
        draw: &mut dyn Draw,
        decision: &mut Decision<'r>,
        trace: &mut Trace<'_>,
    ) {
        trace.step(|| Step::NoService { host: ascii(view.authority()) });
        let (lanes, _) = self.settle(view, carried, draw, decision, trace);
        decision.erase(view.sent.version, &self.headers.version);
        decision.lane = lanes.label();
        decision.lanes = lanes.known;
    }

    fn route<'r>(
        &'r self,
        service_id: ServiceId,
        view: &View<'_>,
        carried: Carried<'_>,
        draw: &mut dyn Draw,
        decision: &mut Decision<'r>,
        trace: &mut Trace<'_>,
    ) {
        let Some(service) = id::get(&self.services, service_id) else {
            return;
        };
        trace.step(|| Step::Service { service: service.name.to_string() });
        decision.outcome = Outcome::Forward;
        let asked = decision.explain;
        let (lanes, origin) = self.settle(view, carried, draw, decision, trace);
        if decision.explain && !asked {
            trace.belated(Step::Service { service: service.name.to_string() });
        }
        decision.lane = lanes.label();
        match self.choose(service, &lanes, origin, decision.identity, trace) {
            Ok(Choice { version, lane, reason }) => {
                decision.reason = reason;
                decision.target = Some(Target { service: service_id, version });
                decision.version = service.version(version);
                self.write_version(service, version, &view.sent, decision);
                trace.step(|| Step::Version {
                    version: decision.version.map(ToString::to_string).unwrap_or_default(),
                    lane: lane.and_then(|lane| self.lane_name(lane)).map(ToString::to_string),
                    reason,
                });
            }
            Err(strict) => {
                decision.erase(view.sent.version, &self.headers.version);
                decision.outcome = Outcome::Refuse;
                decision.reason = Reason::Strict;
                decision.target = Some(Target { service: service_id, version: service.base });
                trace.step(|| Step::Refused { lane: strict.to_string() });
            }
        }
        decision.lanes = lanes.known;
    }

    /// The lanes of a request: those of its mark, which counts wherever it was found, else those that are decided here.
    fn settle<'r>(
        &'r self,
        view: &View<'_>,
        mut carried: Carried<'_>,
        draw: &mut dyn Draw,
        decision: &mut Decision<'r>,
        trace: &mut Trace<'_>,
    ) -> (Lanes, Reason) {
        let origin = match carried.lanes {
            Some(_) => Some(Reason::Propagated),
            None if self.phase == Phase::SidecarOutbound => {
                self.recover(&Fields::of(view.all), &mut carried, draw, decision, trace)
            }
            None => None,
        };
        decision.identity = carried.identity;
        let settled = if let Some(lanes) = self.overridden(view, draw, decision, trace) {
            self.write_mark(&carried.sent, &lanes, decision);
            (lanes, Reason::Override)
        } else if let (Some(lanes), Some(origin)) = (carried.lanes.take(), origin) {
            self.write_carried(&carried, decision);
            (lanes, origin)
        } else {
            let (lanes, origin) = self.enter(view, draw, decision, trace);
            self.write_mark(&carried.sent, &lanes, decision);
            let lost = origin == Reason::NoMatch && decision.events.uncorrelated > 0;
            (lanes, if lost { Reason::Uncorrelated } else { origin })
        };
        match self.carriers.headers {
            HeaderCarrier::Enabled => self.silence_mirrors(&carried, decision),
            HeaderCarrier::Disabled => {
                let names = carried.names().unwrap_or_else(|| self.names_of(&settled.0));
                self.write_mirrors(&carried, &names, decision);
            }
        }
        if decision.explain && self.phase == Phase::SidecarOutbound {
            self.ask_on(view, draw, decision);
        }
        settled
    }

    /// Behind an app: what asks for the way of a request asks for that of the calls made for it.
    #[cold]
    fn ask_on<'r>(&'r self, view: &View<'_>, draw: &mut dyn Draw, decision: &mut Decision<'r>) {
        if decision.way.is_none() {
            self.find_way(&Fields::of(view.all), draw, decision);
        }
        if !view.sent.explain.is_present() {
            decision.write(view.sent.explain, &self.headers.explain, HeaderText::Static("1"));
        }
    }

    fn write_mark<'r>(&'r self, sent: &Sent<'_>, lanes: &Lanes, decision: &mut Decision<'r>) {
        if self.carriers.headers == HeaderCarrier::Disabled {
            return self.erase_mark(sent, decision);
        }
        let names = || lanes.known.iter().filter_map(|lane| self.lane_name(*lane));
        let text = match lanes.known.as_slice() {
            [] => HeaderText::Static(LaneName::BASE),
            [only] => HeaderText::Static(self.lane_name(*only).map_or(LaneName::BASE, LaneName::as_str)),
            _ => HeaderText::Made(mark::encode_lanes(names())),
        };
        decision.write(sent.lane, &self.headers.lane, text);
        self.write_identity(sent.identity, decision.identity, decision);
    }

    /// Routes match the version header; its absence means base, so that a bypassed filter also means base.
    fn write_version<'r>(
        &'r self,
        service: &'r Service,
        version: VersionId,
        sent: &Sent<'_>,
        decision: &mut Decision<'r>,
    ) {
        match service.version(version) {
            Some(name) if version != service.base => {
                decision.write(sent.version, &self.headers.version, HeaderText::Static(name.as_str()));
            }
            _ => decision.erase(sent.version, &self.headers.version),
        }
    }
}

#[cfg(test)]
mod tests;

//! The router: a compiled configuration, and the decision in one screen.
//!
//! Order of a decision: trust, mark, entry (rules, then splits), target service, version, header edits. Invariants: total
//! (no input makes it fail), deterministic (same configuration, request and draw: same decision), and a decision on base
//! is written down like any other, so that no later proxy decides anew.

mod compile;
mod entry;
mod hosts;
mod id;
mod service;

use arrayvec::ArrayVec;

use crate::config::{Digest, FilterConfig, HeaderNames, Identity, Isolation, Mode, Phase, StickyCookie};
use crate::decision::{Decision, Events, HeaderEdit, HeaderText, LaneLabel, Outcome, Reason, Target};
use crate::explain::{Skipped, Step, Trace};
use crate::hash::IdentityHash;
use crate::mark::{self, MAX_LANES};
use crate::matcher::Matcher;
use crate::name::{HeaderName, LaneName, ServiceName, SplitName, VersionName};
use crate::problem::Problems;
use crate::request::{Draw, Request};
use crate::view::{Field, View};

use entry::{RuleSet, Split};
use hosts::HostTable;
pub use id::{LaneId, ServiceId, SplitId, VersionId};
use service::{Service, Subset};

/// A configuration that has been checked and made fast.
#[derive(Debug)]
pub struct Router {
    phase: Phase,
    mode: Mode,
    generation: u64,
    digest: Digest,
    headers: HeaderNames,
    identity: Identity,
    lanes: Vec<Lane>,
    rule_sets: Vec<RuleSet>,
    splits: Vec<Split>,
    services: Vec<Service>,
    hosts: HostTable,
    explain: Option<Matcher>,
}

#[derive(Debug)]
struct Lane {
    name: LaneName,
    fallback: Box<[LaneId]>,
    isolation: Isolation,
}

/// The lanes of a request, wherever they came from.
#[derive(Debug, Default)]
struct Lanes {
    known: ArrayVec<LaneId, MAX_LANES>,
    /// Whether lanes were carried that the configuration does not know.
    any_unknown: bool,
}

/// The version chosen for a service.
struct Choice {
    version: VersionId,
    lane: Option<LaneId>,
    reason: Reason,
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
        self.run(request, draw, &mut Trace::off())
    }

    /// Decides one request and tells how, step by step.
    pub fn explain<'r>(&'r self, request: &impl Request, draw: &mut impl Draw) -> (Decision<'r>, Vec<Step>) {
        let mut steps = Vec::new();
        let decision = self.run(request, draw, &mut Trace::into(&mut steps));
        (decision, steps)
    }

    fn run<'r>(&'r self, request: &impl Request, draw: &mut impl Draw, trace: &mut Trace<'_>) -> Decision<'r> {
        let view = View::of(request, &self.headers);
        let mut decision = Decision::pass();
        let carried = self.admit(&view, &mut decision, trace);
        self.admit_question(&view, &mut decision);
        match self.phase {
            Phase::SidecarInbound => self.hand_on(&view, &carried, &mut decision),
            Phase::Gateway | Phase::SidecarOutbound => match self.service_of(&view) {
                Some(service) => self.route(service, &view, carried, draw, &mut decision, trace),
                None => self.let_go(&view, &mut decision, trace),
            },
        }
        if self.mode == Mode::DryRun {
            decision.withhold();
        }
        decision
    }

    /// What may be believed of the mark that the request carries. At an edge: nothing.
    fn admit<R: Request>(&self, view: &View<'_, R>, decision: &mut Decision<'_>, trace: &mut Trace<'_>) -> Carried {
        let HeaderNames { lane, identity, version, .. } = &self.headers;
        if self.phase == Phase::Gateway {
            for (field, name) in [(view.lane, lane), (view.identity, identity), (view.version, version)] {
                if field.is_present() {
                    decision.events.stripped_marks += 1;
                    trace.step(|| Step::Stripped { header: name.to_string() });
                }
            }
            return Carried::default();
        }
        let mut usable = |field, name: &HeaderName, dropped: &mut u8| -> Option<&[u8]> {
            match field {
                Field::Absent => None,
                Field::Once(value) => Some(value),
                Field::Repeated => {
                    *dropped += 1;
                    trace.step(|| Step::Malformed { header: name.to_string(), why: mark::MalformedMark::Repeated });
                    None
                }
            }
        };
        let lane_value = usable(view.lane, lane, &mut decision.events.malformed_marks);
        let identity_value = usable(view.identity, identity, &mut decision.events.malformed_marks);
        let mut malformed = |header: &HeaderName, why| {
            decision.events.malformed_marks += 1;
            trace.step(|| Step::Malformed { header: header.to_string(), why });
        };
        let lanes = lane_value.and_then(|value| match mark::decode_lanes(value) {
            Ok(names) => Some(self.known_lanes(&names)),
            Err(why) => {
                malformed(lane, why);
                None
            }
        });
        let identity =
            identity_value.and_then(|value| mark::decode_identity(value).map_err(|why| malformed(identity, why)).ok());
        if lanes.is_some() {
            trace.step(|| Step::Mark { lanes: String::from_utf8_lossy(lane_value.unwrap_or_default()).into_owned() });
        }
        Carried { lanes, identity }
    }

    /// Whether the caller's wish for an explanation is granted; at an edge, a stranger's wish goes no further.
    fn admit_question<'r, R: Request>(&'r self, view: &View<'_, R>, decision: &mut Decision<'r>) {
        if !view.explain.is_present() {
            return;
        }
        decision.explain = self.explain.as_ref().is_some_and(|allowed| allowed.matches(view));
        if !decision.explain && self.phase == Phase::Gateway {
            decision.edit(HeaderEdit::Remove(&self.headers.explain));
        }
    }

    fn known_lanes(&self, names: &[&str]) -> Lanes {
        let mut lanes = Lanes::default();
        for name in names {
            match self.lane_id(name) {
                Some(lane) => lanes.add(lane),
                None => lanes.any_unknown = true,
            }
        }
        lanes
    }

    /// In front of an app: a usable mark goes on as it is, the rest goes no further.
    fn hand_on<'r, R: Request>(&'r self, view: &View<'_, R>, carried: &Carried, decision: &mut Decision<'r>) {
        if carried.lanes.is_none() {
            decision.erase(view.lane, &self.headers.lane);
        }
        if carried.identity.is_none() {
            decision.erase(view.identity, &self.headers.identity);
        }
        decision.erase(view.version, &self.headers.version);
        decision.identity = carried.identity;
    }

    /// On the way to a host that is not ours: no mark leaves the mesh, no mark of a stranger comes in.
    fn let_go<'r, R: Request>(&'r self, view: &View<'_, R>, decision: &mut Decision<'r>, trace: &mut Trace<'_>) {
        trace.step(|| Step::NoService { host: String::from_utf8_lossy(view.authority()).into_owned() });
        decision.erase(view.lane, &self.headers.lane);
        decision.erase(view.identity, &self.headers.identity);
        decision.erase(view.version, &self.headers.version);
    }

    fn route<'r, R: Request>(
        &'r self,
        service_id: ServiceId,
        view: &View<'_, R>,
        carried: Carried,
        draw: &mut impl Draw,
        decision: &mut Decision<'r>,
        trace: &mut Trace<'_>,
    ) {
        let Some(service) = id::get(&self.services, service_id) else {
            return;
        };
        trace.step(|| Step::Service { service: service.name.to_string() });
        decision.outcome = Outcome::Forward;
        decision.identity = carried.identity;
        let (lanes, origin) = if let Some(lanes) = carried.lanes {
            (lanes, Reason::Propagated)
        } else {
            let entered = self.enter(view, draw, decision, trace);
            self.write_mark(view, &entered.0, decision);
            entered
        };
        decision.lane = lanes.label();
        match self.choose(service, &lanes, origin, decision.identity, trace) {
            Ok(Choice { version, lane, reason }) => {
                decision.reason = reason;
                decision.target = Some(Target { service: service_id, version });
                decision.version = service.version(version);
                self.write_version(service, version, view, decision);
                trace.step(|| Step::Version {
                    version: decision.version.map(ToString::to_string).unwrap_or_default(),
                    lane: lane.and_then(|lane| self.lane_name(lane)).map(ToString::to_string),
                    reason,
                });
            }
            Err(strict) => {
                decision.outcome = Outcome::Refuse;
                decision.reason = Reason::Strict;
                decision.target = Some(Target { service: service_id, version: service.base });
                trace.step(|| Step::Refused { lane: strict.to_string() });
            }
        }
        decision.lanes = lanes.known;
    }

    /// The version of `service` for a request in `lanes`; `Err` names the strict lane that refuses.
    fn choose(
        &self,
        service: &Service,
        lanes: &Lanes,
        origin: Reason,
        identity: Option<IdentityHash>,
        trace: &mut Trace<'_>,
    ) -> Result<Choice, &LaneName> {
        let mut skipped = None;
        let mut ready = |lane: LaneId, trace: &mut Trace<'_>| {
            let why = match service.subset(lane) {
                Subset::Ready(version) => return Some(version),
                Subset::Unready => Skipped::Unready,
                Subset::Missing => Skipped::Missing,
            };
            if skipped != Some(Skipped::Unready) {
                skipped = Some(why);
            }
            trace.step(|| Step::Skipped {
                lane: self.lane_name(lane).map(ToString::to_string).unwrap_or_default(),
                why,
            });
            None
        };
        for lane in &lanes.known {
            if let Some(version) = ready(*lane, trace) {
                return Ok(Choice { version, lane: Some(*lane), reason: origin });
            }
        }
        let entries = || lanes.known.iter().filter_map(|lane| id::get(&self.lanes, *lane));
        if let Some(strict) = entries().find(|lane| lane.isolation == Isolation::Strict) {
            return Err(&strict.name);
        }
        for lane in entries().flat_map(|lane| &lane.fallback) {
            if let Some(version) = ready(*lane, trace) {
                return Ok(Choice { version, lane: Some(*lane), reason: Reason::FallbackLane });
            }
        }
        if let Some((version, slot)) = service.split_choice(identity) {
            trace.step(|| Step::ServiceSplit {
                slot: slot.number(),
                version: service.version(version).map(ToString::to_string).unwrap_or_default(),
            });
            return Ok(Choice { version, lane: None, reason: Reason::ServiceSplit });
        }
        let reason = match skipped {
            Some(Skipped::Unready) => Reason::FallbackUnready,
            Some(Skipped::Missing | Skipped::Unknown) => Reason::FallbackMissing,
            None if lanes.any_unknown => Reason::UnknownLane,
            None => origin,
        };
        Ok(Choice { version: service.base, lane: None, reason })
    }

    fn write_mark<'r, R: Request>(&'r self, view: &View<'_, R>, lanes: &Lanes, decision: &mut Decision<'r>) {
        let names = || lanes.known.iter().filter_map(|lane| self.lane_name(*lane));
        let text = match lanes.known.as_slice() {
            [] => HeaderText::Static(LaneName::BASE),
            [only] => HeaderText::Static(self.lane_name(*only).map_or(LaneName::BASE, LaneName::as_str)),
            _ => HeaderText::Made(mark::encode_lanes(names())),
        };
        decision.write(view.lane, &self.headers.lane, text);
        match decision.identity {
            Some(identity) => decision.write(view.identity, &self.headers.identity, HeaderText::Identity(identity)),
            None => decision.erase(view.identity, &self.headers.identity),
        }
    }

    /// Routes match the version header; its absence means base, so that a bypassed filter also means base.
    fn write_version<'r, R: Request>(
        &'r self,
        service: &'r Service,
        version: VersionId,
        view: &View<'_, R>,
        decision: &mut Decision<'r>,
    ) {
        match service.version(version) {
            Some(name) if version != service.base => {
                decision.write(view.version, &self.headers.version, HeaderText::Static(name.as_str()));
            }
            _ => decision.erase(view.version, &self.headers.version),
        }
    }

    fn service_of<R: Request>(&self, view: &View<'_, R>) -> Option<ServiceId> {
        view.host(|host| self.hosts.find(host, || view.path()))
    }
}

/// What was believed of a request's mark.
#[derive(Default)]
struct Carried {
    lanes: Option<Lanes>,
    identity: Option<IdentityHash>,
}

impl Lanes {
    /// Adds a lane once; beyond [`MAX_LANES`] the later ones are left out.
    fn add(&mut self, lane: LaneId) {
        if !self.known.contains(&lane) && !self.known.is_full() {
            self.known.push(lane);
        }
    }

    fn label(&self) -> LaneLabel {
        match self.known.first() {
            Some(lane) => LaneLabel::Lane(*lane),
            None if self.any_unknown => LaneLabel::Unknown,
            None => LaneLabel::Base,
        }
    }
}

impl<'r> Decision<'r> {
    fn pass() -> Self {
        Self {
            outcome: Outcome::Pass,
            target: None,
            version: None,
            lane: LaneLabel::Base,
            lanes: ArrayVec::new(),
            identity: None,
            reason: Reason::Unconfigured,
            edits: ArrayVec::new(),
            cookie: None,
            explain: false,
            events: Events::default(),
        }
    }

    fn edit(&mut self, edit: HeaderEdit<'r>) {
        // At most two edits for each of four internal headers, so there is always room.
        let full = self.edits.try_push(edit).is_err();
        debug_assert!(!full, "more edits than internal headers allow");
    }

    fn write(&mut self, field: Field<'_>, name: &'r HeaderName, value: HeaderText<'r>) {
        if field == Field::Once(value.as_str().as_bytes()) {
            return;
        }
        // Hosts differ in what replacing a repeated header leaves behind; removing it first leaves nothing.
        if field == Field::Repeated {
            self.edit(HeaderEdit::Remove(name));
        }
        self.edit(HeaderEdit::Set(name, value));
    }

    fn erase(&mut self, field: Field<'_>, name: &'r HeaderName) {
        if field.is_present() {
            self.edit(HeaderEdit::Remove(name));
        }
    }

    /// What is left of a decision that must not show.
    fn withhold(&mut self) {
        self.edits.clear();
        self.cookie = None;
        self.explain = false;
        if self.outcome == Outcome::Refuse {
            self.outcome = Outcome::Forward;
        }
    }
}

/// What tools and metrics ask of a router.
impl Router {
    /// The generation of the configuration.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The digest of the configuration.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Where the filter stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether decisions take effect.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The names of the internal headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderNames {
        &self.headers
    }

    /// The name of a service of this router.
    #[must_use]
    pub fn service_name(&self, service: ServiceId) -> Option<&ServiceName> {
        id::get(&self.services, service).map(|service| &service.name)
    }

    /// The name of a version of a service of this router.
    #[must_use]
    pub fn version_name(&self, target: Target) -> Option<&VersionName> {
        id::get(&self.services, target.service).and_then(|service| service.version(target.version))
    }

    /// The name of a lane of this router.
    #[must_use]
    pub fn lane_name(&self, lane: LaneId) -> Option<&LaneName> {
        id::get(&self.lanes, lane).map(|lane| &lane.name)
    }

    /// The splits of this router, for whoever keeps their sequences.
    pub fn splits(&self) -> impl Iterator<Item = (SplitId, &SplitName)> {
        id::enumerate(&self.splits).map(|(id, split)| (id, &split.name))
    }

    fn lane_id(&self, name: &str) -> Option<LaneId> {
        id::enumerate(&self.lanes).find(|(_, lane)| lane.name.as_str() == name).map(|(id, _)| id)
    }
}

#[cfg(test)]
mod tests;

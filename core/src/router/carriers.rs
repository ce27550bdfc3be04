//! The mark over all its carriers: which one counts, and what becomes of the others.
//!
//! The lane header counts; without it baggage, then `tracestate`, then aliases. A mirror that says something else than the
//! mark is corrected in front of an app and removed behind one, because the next proxy in front of an app writes it
//! anew. A request that has only the mark's headers passes through here without an allocation.

use std::borrow::Cow;

use arrayvec::ArrayVec;

use super::Router;
use super::lanes::Lanes;
use super::trust::Trust;
use crate::carrier::{Format, List, MOST_ALIASES, MOST_MIRRORS, Mirror, Said, Stance, TRACEPARENT};
use crate::config::HeaderCarrier;
use crate::decision::{Decision, HeaderText};
use crate::explain::{Step, Trace};
use crate::hash::IdentityHash;
use crate::mark::{self, LaneList, MalformedMark};
use crate::name::HeaderName;
use crate::view::{Field, Sent, View};

/// What was believed of a request's mark, and where else it stands.
pub(super) struct Carried<'a> {
    pub(super) trust: Trust,
    pub(super) sent: Sent<'a>,
    pub(super) lanes: Option<Lanes>,
    pub(super) identity: Option<IdentityHash>,
    /// The lanes as a lane header has them, the unknown ones too.
    pub(super) text: Option<Cow<'a, [u8]>>,
    /// The lists of the router's mirrors, and how what they say stands to the mark.
    pub(super) lists: [(List<'a>, Stance); MOST_MIRRORS],
    /// Whether there is a trace that a `tracestate` could belong to.
    traced: bool,
}

/// How often each alias of the router occurs.
pub(super) type Aliases<'a> = ArrayVec<Field<'a>, MOST_ALIASES>;

impl<'a> Carried<'a> {
    pub(super) fn nothing(trust: Trust, sent: Sent<'a>) -> Self {
        Self { trust, sent, lanes: None, identity: None, text: None, lists: Default::default(), traced: false }
    }

    /// The lanes' names, the unknown ones too.
    pub(super) fn names(&self) -> Option<LaneList<'_>> {
        mark::decode_lanes(self.text.as_ref()?).ok()
    }

    fn tell(&self, from: Option<&HeaderName>, trace: &mut Trace<'_>) {
        if let Some(names) = trace.is_on().then(|| self.names()).flatten() {
            trace.step(|| Step::Mark { lanes: mark::told(&names).into_owned(), from: from.map(ToString::to_string) });
        }
    }
}

impl Router {
    /// What the request carries, from all its carriers.
    pub(super) fn admit<'a>(&self, view: &View<'a>, decision: &mut Decision<'_>, trace: &mut Trace<'_>) -> Carried<'a> {
        let mut carried = Carried::nothing(Trust::Believed, view.sent);
        self.take_lists(view, &mut carried);
        self.ask_headers(&mut carried, decision, trace);
        if view.sent.has_lists() {
            self.ask_mirrors(&mut carried, decision, trace);
        }
        if carried.text.is_none() && !self.carriers.aliases.is_empty() {
            self.ask_aliases(&self.aliases_in(view), &mut carried, decision, trace);
        }
        carried.lanes = carried.names().map(|names| self.known_lanes(&names));
        carried
    }

    /// What mirrors need of the request, so that all that follows needs no request.
    pub(super) fn take_lists<'a>(&self, view: &View<'a>, carried: &mut Carried<'a>) {
        for (mirror, (list, _)) in self.carriers.mirrors.iter().zip(&mut carried.lists) {
            let field = view.sent.list(&mirror.format);
            if field.is_present() {
                *list = view.lines_of(field, mirror.header.as_str());
            }
            carried.traced |= matches!(mirror.format, Format::TraceState(_)) && view.field(TRACEPARENT).is_present();
        }
    }

    fn ask_headers(&self, carried: &mut Carried<'_>, decision: &mut Decision<'_>, trace: &mut Trace<'_>) {
        if self.carriers.headers == HeaderCarrier::Disabled {
            return;
        }
        let (names, sent) = (&self.headers, carried.sent);
        carried.text = usable(sent.lane, &names.lane, decision, trace, lanes_text);
        carried.identity = usable(sent.identity, &names.identity, decision, trace, mark::decode_identity);
        carried.tell(None, trace);
    }

    fn ask_mirrors(&self, carried: &mut Carried<'_>, decision: &mut Decision<'_>, trace: &mut Trace<'_>) {
        let mirrors = &self.carriers.mirrors;
        let lists = mirrors.iter().zip(&carried.lists);
        let all: ArrayVec<Said<'_>, MOST_MIRRORS> =
            lists.map(|(mirror, (list, _))| said(mirror, list, decision, trace)).collect();
        for (mirror, said) in mirrors.iter().zip(&all) {
            if let (None, Some(Ok(lanes))) = (&carried.text, &said.lanes) {
                carried.text = Some(lanes.clone());
                carried.tell(Some(&mirror.header), trace);
            }
            if let (None, Some(Ok(identity))) = (carried.identity, &said.identity) {
                carried.identity = Some(*identity);
            }
        }
        let names = carried.text.as_deref().and_then(|text| mark::decode_lanes(text).ok());
        for ((mirror, said), (_, stance)) in mirrors.iter().zip(&all).zip(&mut carried.lists) {
            *stance = said.stance(names.as_ref(), carried.identity);
            if *stance == Stance::Other {
                decision.events.conflicts += 1;
                trace.step(|| Step::Conflict { header: mirror.header.to_string() });
            }
        }
    }

    /// An alias is not ours: it is read while others still write it, and left as it is.
    fn ask_aliases<'a>(
        &self,
        aliases: &Aliases<'a>,
        carried: &mut Carried<'a>,
        decision: &mut Decision<'_>,
        trace: &mut Trace<'_>,
    ) {
        for (alias, field) in self.carriers.aliases.iter().zip(aliases) {
            carried.text = usable(*field, alias, decision, trace, lanes_text);
            if carried.text.is_some() {
                return carried.tell(Some(alias), trace);
            }
        }
    }

    pub(super) fn aliases_in<'a>(&self, view: &View<'a>) -> Aliases<'a> {
        self.carriers.aliases.iter().take(MOST_ALIASES).map(|alias| view.field(alias.as_str())).collect()
    }

    pub(super) fn known_lanes(&self, names: &[&str]) -> Lanes {
        let mut lanes = Lanes::default();
        for name in names {
            match self.lane_id(name) {
                Some(lane) => lanes.add(lane),
                None => lanes.any_unknown = true,
            }
        }
        lanes
    }

    /// Has the mark's headers say what is carried, wherever it was found.
    pub(super) fn write_carried<'r>(&'r self, carried: &Carried<'_>, decision: &mut Decision<'r>) {
        let Sent { lane, identity, .. } = carried.sent;
        if self.carriers.headers == HeaderCarrier::Disabled {
            return self.erase_mark(&carried.sent, decision);
        }
        match &carried.text {
            Some(text) if lane == Field::Once(text) => {}
            Some(text) => decision.write(lane, &self.headers.lane, HeaderText::List(text.to_vec())),
            None => decision.erase(lane, &self.headers.lane),
        }
        self.write_identity(identity, carried.identity, decision);
    }

    pub(super) fn write_identity<'r>(
        &'r self,
        field: Field<'_>,
        identity: Option<IdentityHash>,
        decision: &mut Decision<'r>,
    ) {
        match identity {
            Some(identity) => decision.write(field, &self.headers.identity, HeaderText::Identity(identity)),
            None => decision.erase(field, &self.headers.identity),
        }
    }

    pub(super) fn erase_mark<'r>(&'r self, sent: &Sent<'_>, decision: &mut Decision<'r>) {
        decision.erase(sent.lane, &self.headers.lane);
        decision.erase(sent.identity, &self.headers.identity);
    }

    /// Removes mirrors that would mislead: the next proxy in front of an app writes them anew.
    pub(super) fn silence_mirrors<'r>(&'r self, carried: &Carried<'_>, decision: &mut Decision<'r>) {
        self.remove_mirrors(carried, Stance::misleads, decision);
    }

    /// Removes our members from every list, for whoever must not see them.
    pub(super) fn erase_mirrors<'r>(&'r self, carried: &Carried<'_>, decision: &mut Decision<'r>) {
        self.remove_mirrors(carried, |stance| stance != Stance::Silent, decision);
    }

    fn remove_mirrors<'r>(&'r self, carried: &Carried<'_>, of: fn(Stance) -> bool, decision: &mut Decision<'r>) {
        for (mirror, (list, stance)) in self.carriers.mirrors.iter().zip(&carried.lists) {
            if of(*stance) {
                let without = mirror.format.without(list);
                decision.write_list(carried.sent.list(&mirror.format), &mirror.header, without);
            }
        }
    }

    /// Has every mirror say what the mark says.
    pub(super) fn write_mirrors<'r>(
        &'r self,
        carried: &Carried<'_>,
        lanes: &LaneList<'_>,
        decision: &mut Decision<'r>,
    ) {
        for (mirror, (list, stance)) in self.carriers.mirrors.iter().zip(&carried.lists) {
            if *stance == Stance::Same {
                continue;
            }
            let field = carried.sent.list(&mirror.format);
            let makes_sense = match mirror.format {
                Format::Baggage(_) => true,
                Format::TraceState(_) => carried.traced,
            };
            let with = makes_sense.then(|| mirror.format.with(list, lanes, decision.identity));
            if let Some(Some(with)) = with {
                decision.write_list(field, &mirror.header, with);
                continue;
            }
            decision.events.left_out += u8::from(makes_sense);
            if stance.misleads() {
                decision.write_list(field, &mirror.header, mirror.format.without(list));
            }
        }
    }

    pub(super) fn erase_aliases<'r>(&'r self, aliases: &Aliases<'_>, decision: &mut Decision<'r>) {
        for (alias, field) in self.carriers.aliases.iter().zip(aliases) {
            decision.erase(*field, alias);
        }
    }
}

fn lanes_text(value: &[u8]) -> Result<Cow<'_, [u8]>, MalformedMark> {
    mark::decode_lanes(value).map(|_| Cow::Borrowed(value))
}

/// What a mirror says, with what is malformed counted.
fn said<'a>(mirror: &Mirror, list: &List<'a>, decision: &mut Decision<'_>, trace: &mut Trace<'_>) -> Said<'a> {
    let said = mirror.format.read(list);
    let lanes = said.lanes.as_ref().and_then(|lanes| lanes.as_ref().err());
    let identity = said.identity.as_ref().and_then(|identity| identity.as_ref().err());
    for why in [lanes, identity].into_iter().flatten() {
        malformed_mark(&mirror.header, *why, decision, trace);
    }
    said
}

/// The decoded value of an internal header; a malformed one is counted and counts as absent.
fn usable<'a, T>(
    field: Field<'a>,
    name: &HeaderName,
    decision: &mut Decision<'_>,
    trace: &mut Trace<'_>,
    decode: impl FnOnce(&'a [u8]) -> Result<T, MalformedMark>,
) -> Option<T> {
    let decoded = field.once()?.and_then(decode);
    decoded.inspect_err(|why| malformed_mark(name, *why, decision, trace)).ok()
}

fn malformed_mark(header: &HeaderName, why: MalformedMark, decision: &mut Decision<'_>, trace: &mut Trace<'_>) {
    decision.events.malformed_marks = decision.events.malformed_marks.saturating_add(1);
    trace.step(|| Step::Malformed { header: header.to_string(), why });
}

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
use crate::carrier::{Format, Mirror, Said, Stance, TRACEPARENT};
use crate::config::HeaderCarrier;
use crate::decision::{Decision, HeaderEdit, HeaderText};
use crate::explain::{Step, Trace};
use crate::hash::IdentityHash;
use crate::mark::{self, LaneList, MalformedMark};
use crate::name::HeaderName;
use crate::request::Request;
use crate::view::{Field, View};

/// Baggage and `tracestate`.
const MOST_MIRRORS: usize = 2;

/// What was believed of a request's mark.
#[derive(Default)]
pub(super) struct Carried<'a> {
    pub(super) trust: Trust,
    pub(super) lanes: Option<Lanes>,
    pub(super) identity: Option<IdentityHash>,
    /// The lanes as a lane header has them, the unknown ones too.
    pub(super) text: Option<Cow<'a, [u8]>>,
    /// How the mirrors stand to it, in the order of the router's.
    pub(super) stances: [Stance; MOST_MIRRORS],
}

impl Router {
    /// What the request carries, from all its carriers.
    pub(super) fn admit<'a, R: Request>(
        &self,
        view: &View<'a, R>,
        decision: &mut Decision<'_>,
        trace: &mut Trace<'_>,
    ) -> Carried<'a> {
        let mut carried = Carried::default();
        if self.carriers.headers == HeaderCarrier::Enabled {
            let names = &self.headers;
            let text = |value: &'a [u8]| mark::decode_lanes(value).map(|_| Cow::Borrowed(value));
            carried.text = usable(view.lane, &names.lane, decision, trace, text);
            carried.identity = usable(view.identity, &names.identity, decision, trace, mark::decode_identity);
            carried.tell(None, trace);
        }
        if view.has_lists() || (carried.text.is_none() && !self.carriers.aliases.is_empty()) {
            self.ask_others(view, &mut carried, decision, trace);
        }
        carried.lanes = carried.names().map(|names| self.known_lanes(&names));
        carried
    }

    #[inline(never)]
    fn ask_others<'a, R: Request>(
        &self,
        view: &View<'a, R>,
        carried: &mut Carried<'a>,
        decision: &mut Decision<'_>,
        trace: &mut Trace<'_>,
    ) {
        let mirrors = &self.carriers.mirrors;
        let said: ArrayVec<Said<'a>, MOST_MIRRORS> =
            mirrors.iter().map(|mirror| said(mirror, view, decision, trace)).collect();
        for (mirror, said) in mirrors.iter().zip(&said) {
            if let (None, Some(Ok(lanes))) = (&carried.text, &said.lanes) {
                carried.text = Some(lanes.clone());
                carried.tell(Some(&mirror.header), trace);
            }
            if let (None, Some(Ok(identity))) = (carried.identity, &said.identity) {
                carried.identity = Some(*identity);
            }
        }
        if carried.text.is_none() {
            self.ask_aliases(view, carried, decision, trace);
        }
        let names = carried.names();
        let stance = |said: &Said<'_>| said.stance(names.as_ref(), carried.identity);
        let stances = std::array::from_fn(|place| said.get(place).map_or(Stance::Silent, stance));
        drop(names);
        for (mirror, _) in mirrors.iter().zip(stances).filter(|(_, stance)| *stance == Stance::Other) {
            decision.events.conflicts += 1;
            trace.step(|| Step::Conflict { header: mirror.header.to_string() });
        }
        carried.stances = stances;
    }

    /// An alias is not ours: it is read while others still write it, and left as it is.
    fn ask_aliases<'a, R: Request>(
        &self,
        view: &View<'a, R>,
        carried: &mut Carried<'a>,
        decision: &mut Decision<'_>,
        trace: &mut Trace<'_>,
    ) {
        for alias in &self.carriers.aliases {
            let mut field = Field::Absent;
            view.lines(alias.as_str()).for_each(|value| field.add(value));
            let text = |value: &'a [u8]| mark::decode_lanes(value).map(|_| Cow::Borrowed(value));
            carried.text = usable(field, alias, decision, trace, text);
            if carried.text.is_some() {
                carried.tell(Some(alias), trace);
                return;
            }
        }
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
    pub(super) fn write_carried<'r, R: Request>(
        &'r self,
        view: &View<'_, R>,
        carried: &Carried<'_>,
        decision: &mut Decision<'r>,
    ) {
        if self.carriers.headers == HeaderCarrier::Disabled {
            return self.erase_mark(view, decision);
        }
        match &carried.text {
            Some(text) if view.lane == Field::Once(text) => {}
            Some(text) => {
                let text = String::from_utf8_lossy(text).into_owned();
                decision.write(view.lane, &self.headers.lane, HeaderText::Made(text));
            }
            None => decision.erase(view.lane, &self.headers.lane),
        }
        match carried.identity {
            Some(identity) => decision.write(view.identity, &self.headers.identity, HeaderText::Identity(identity)),
            None => decision.erase(view.identity, &self.headers.identity),
        }
    }

    pub(super) fn erase_mark<'r, R: Request>(&'r self, view: &View<'_, R>, decision: &mut Decision<'r>) {
        decision.erase(view.lane, &self.headers.lane);
        decision.erase(view.identity, &self.headers.identity);
    }

    /// Removes mirrors that would mislead: the next proxy in front of an app writes them anew.
    pub(super) fn silence_mirrors<'r, R: Request>(
        &'r self,
        view: &View<'_, R>,
        carried: &Carried<'_>,
        decision: &mut Decision<'r>,
    ) {
        for (mirror, stance) in self.carriers.mirrors.iter().zip(carried.stances) {
            if stance.misleads() {
                remove(mirror, view, decision);
            }
        }
    }

    /// Has every mirror say what the mark says.
    pub(super) fn write_mirrors<'r, R: Request>(
        &'r self,
        view: &View<'_, R>,
        carried: &Carried<'_>,
        lanes: &LaneList<'_>,
        decision: &mut Decision<'r>,
    ) {
        for (mirror, stance) in self.carriers.mirrors.iter().zip(carried.stances) {
            if stance == Stance::Same {
                continue;
            }
            let field = view.list(&mirror.format);
            let makes_sense = match mirror.format {
                Format::Baggage(_) => true,
                Format::TraceState(_) => view.lines(TRACEPARENT).next().is_some(),
            };
            let members = view.members(field, mirror.header.as_str());
            if let Some(list) = mirror.format.with(members, lanes, decision.identity).filter(|_| makes_sense) {
                decision.write_list(field, &mirror.header, list);
                continue;
            }
            decision.events.left_out += u8::from(makes_sense);
            if stance.misleads() {
                remove(mirror, view, decision);
            }
        }
    }

    /// Removes our members from every list, for whoever must not see them.
    pub(super) fn erase_mirrors<'r, R: Request>(
        &'r self,
        view: &View<'_, R>,
        carried: &Carried<'_>,
        decision: &mut Decision<'r>,
    ) {
        for (mirror, stance) in self.carriers.mirrors.iter().zip(carried.stances) {
            if stance != Stance::Silent {
                remove(mirror, view, decision);
            }
        }
    }

    pub(super) fn aliases_in<R: Request>(&self, view: &View<'_, R>) -> impl Iterator<Item = &HeaderName> {
        self.carriers.aliases.iter().filter(|alias| view.lines(alias.as_str()).next().is_some())
    }

    pub(super) fn erase_aliases<'r, R: Request>(&'r self, view: &View<'_, R>, decision: &mut Decision<'r>) {
        for alias in self.aliases_in(view) {
            decision.edits.push(HeaderEdit::Remove(alias));
        }
    }
}

impl Carried<'_> {
    /// The lanes' names, the unknown ones too.
    pub(super) fn names(&self) -> Option<LaneList<'_>> {
        mark::decode_lanes(self.text.as_ref()?).ok()
    }

    fn tell(&self, from: Option<&HeaderName>, trace: &mut Trace<'_>) {
        if let Some(names) = self.names() {
            trace.step(|| Step::Mark { lanes: mark::told(&names), from: from.map(ToString::to_string) });
        }
    }
}

fn remove<'r, R: Request>(mirror: &'r Mirror, view: &View<'_, R>, decision: &mut Decision<'r>) {
    let field = view.list(&mirror.format);
    let members = view.members(field, mirror.header.as_str());
    decision.write_list(field, &mirror.header, mirror.format.without(members));
}

/// What a mirror says, with what is malformed counted.
fn said<'a, R: Request>(
    mirror: &Mirror,
    view: &View<'a, R>,
    decision: &mut Decision<'_>,
    trace: &mut Trace<'_>,
) -> Said<'a> {
    let said = mirror.format.read(view.members(view.list(&mirror.format), mirror.header.as_str()));
    let malformed = [
        said.lanes.as_ref().and_then(|lanes| lanes.as_ref().err()),
        said.identity.as_ref().and_then(|identity| identity.as_ref().err()),
    ];
    for why in malformed.into_iter().flatten() {
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

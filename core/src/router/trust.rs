//! Whom a router believes: the first step of a decision.

use std::borrow::Cow;

use super::Router;
use super::lanes::Lanes;
use crate::config::{HeaderNames, Phase};
use crate::decision::Decision;
use crate::explain::{Step, Trace};
use crate::hash::IdentityHash;
use crate::mark::{self, LaneList, MalformedMark};
use crate::name::HeaderName;
use crate::request::Request;
use crate::view::{Field, View};

/// What was believed of a request's mark.
#[derive(Default)]
pub(super) struct Carried<'a> {
    pub(super) lanes: Option<Lanes>,
    pub(super) identity: Option<IdentityHash>,
    /// The lanes as a lane header has them, the unknown ones too.
    pub(super) text: Option<Cow<'a, [u8]>>,
}

impl Carried<'_> {
    /// The lanes' names, the unknown ones too.
    pub(super) fn names(&self) -> Option<LaneList<'_>> {
        mark::decode_lanes(self.text.as_ref()?).ok()
    }
}

impl Router {
    /// What may be believed of the mark that the request carries. At an edge: nothing.
    pub(super) fn admit<'a, R: Request>(
        &self,
        view: &View<'a, R>,
        decision: &mut Decision<'_>,
        trace: &mut Trace<'_>,
    ) -> Carried<'a> {
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
        let lanes = usable(view.lane, lane, decision, trace, mark::decode_lanes);
        let identity = usable(view.identity, identity, decision, trace, mark::decode_identity);
        if let Some(names) = &lanes {
            trace.step(|| Step::Mark { lanes: mark::told(names) });
        }
        let text = match view.lane {
            Field::Once(text) if lanes.is_some() => Some(Cow::Borrowed(text)),
            _ => None,
        };
        Carried { lanes: lanes.map(|names| self.known_lanes(&names)), identity, text }
    }

    /// Whether the caller asked for an explanation and may have it.
    pub(super) fn grants_explanation<R: Request>(&self, view: &View<'_, R>) -> bool {
        // Inside the mesh the question is believed as the mark is: at the edge only those who may ask could.
        let inside = self.phase != Phase::Gateway;
        view.explain.is_present() && self.explain.as_ref().is_some_and(|allowed| inside || allowed.matches(view))
    }

    /// At an edge, a stranger's wish for an explanation goes no further.
    pub(super) fn admit_question<'r, R: Request>(&'r self, view: &View<'_, R>, decision: &mut Decision<'r>) {
        if !decision.explain && self.phase == Phase::Gateway {
            decision.erase(view.explain, &self.headers.explain);
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
}

/// The decoded value of an internal header; a malformed one is counted and counts as absent.
fn usable<'a, T>(
    field: Field<'a>,
    name: &HeaderName,
    decision: &mut Decision<'_>,
    trace: &mut Trace<'_>,
    decode: impl FnOnce(&'a [u8]) -> Result<T, MalformedMark>,
) -> Option<T> {
    let decoded = match field {
        Field::Absent => return None,
        Field::Once(value) => decode(value),
        Field::Repeated => Err(MalformedMark::Repeated),
    };
    decoded
        .inspect_err(|why| {
            decision.events.malformed_marks += 1;
            trace.step(|| Step::Malformed { header: name.to_string(), why: *why });
        })
        .ok()
}

//! The short way on both sides of an app that loses marks: a request that comes in with a mark or none, and is remembered;
//! a call whose mark was lost, and is that of a request which is remembered.
//!
//! As in `shortcut.rs`, nothing is decided here that [`Router::answer`] would decide otherwise, and whatever is not as usual
//! is left to it (`router/tests/remembered.rs`).

use super::glance::Glance;
use super::shortcut::Hop;
use super::{Router, ServiceId};
use crate::carrier::{Format, List, Mirror};
use crate::config::Phase;
use crate::correlation::{Question, Recall, Remembered, RememberedLanes, Ticket};
use crate::decision::{LaneLabel, Reason};
use crate::hash::IdentityHash;
use crate::mark;
use crate::name::{HeaderName, LaneName};
use crate::request::Memory;
use crate::trace_id::{Fields, TraceId};
use crate::view;

/// A request in front of an app, whose mark stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival<'r> {
    /// Where it is remembered until it ends.
    pub ticket: Option<Ticket>,
    /// A list to be written that says what the mark says.
    pub mirror: Option<(&'r HeaderName, Vec<u8>)>,
}

/// A call behind an app that goes on with the mark of the request it is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recognised<'r> {
    /// Where it goes.
    pub hop: Hop<'r>,
    /// The value of the lane header that is to be written.
    pub lanes: &'r str,
    /// That of the identity header, if there is one.
    pub identity: Option<IdentityHash>,
}

impl Router {
    /// The decision on a request in front of an app of which this was seen, if it takes no thought.
    pub fn arrive(&self, glance: &Glance<'_>, memory: &mut impl Memory) -> Option<Arrival<'_>> {
        (self.phase == Phase::SidecarInbound && self.peers.is_empty()).then_some(())?;
        let [Some(authority), _, lanes, identity, None, None, None, None, _, ids @ ..] = glance.0 else { return None };
        let usual = match lanes {
            Some(_) => true,
            None => identity.is_none() && self.carriers.aliases.is_empty(),
        };
        (usual && view::original(authority).is_none()).then_some(())?;
        let lanes = lanes.map(mark::decode_lanes).transpose().ok()?;
        let identity = identity.map(mark::decode_identity).transpose().ok()?;
        let mirror = match (self.carriers.mirrors.as_slice(), &lanes) {
            ([Mirror { header, format: format @ Format::Baggage(_) }], Some(lanes)) => {
                Some((header, format.with(&List::default(), lanes, identity)?))
            }
            ([Mirror { format: Format::Baggage(_), .. }], None) | ([], _) => None,
            _ => return None,
        };
        let id = self.correlation.as_ref().and_then(|correlation| Fields::new(ids).first(&correlation.sources));
        let ticket = id.and_then(|id| memory.remember(id, lanes.as_ref(), identity, Question::None));
        Some(Arrival { ticket, mirror })
    }

    /// The decision on a call behind an app of which this was seen, if it has lost its mark and takes no thought.
    ///
    /// # Errors
    /// What was recalled in vain, if anything: whoever decides on the long way need not recall it again.
    pub fn recognise(
        &self,
        glance: &Glance<'_>,
        memory: &mut impl Memory,
    ) -> Result<Recognised<'_>, Option<(TraceId, Recall)>> {
        let (service, id) = self.lost(glance).ok_or(None)?;
        let recall = memory.recall(id);
        self.follow_usual(service, &recall).ok_or(Some((id, recall)))
    }

    /// The service that a call is for, and its first id, if it may have lost a mark and is usual otherwise.
    fn lost(&self, glance: &Glance<'_>) -> Option<(ServiceId, TraceId)> {
        let correlation = self.correlation.as_ref().filter(|_| self.phase == Phase::SidecarOutbound)?;
        let [Some(authority), path, None, None, None, None, None, None, None, ids @ ..] = glance.0 else { return None };
        self.carriers.aliases.is_empty().then_some(())?;
        let service = self.service_at(authority, &|| view::path_of(path.unwrap_or_default()))?;
        Some((service, Fields::new(ids).first(&correlation.sources)?))
    }

    fn follow_usual(&self, service: ServiceId, recall: &Recall) -> Option<Recognised<'_>> {
        let Recall::Known(Remembered { lanes, identity, question: Question::None }) = recall else { return None };
        let lanes = self.usual_lanes(match lanes {
            RememberedLanes::Unmarked => return None,
            RememberedLanes::Base => LaneName::BASE.as_bytes(),
            RememberedLanes::Lanes(text) => text.as_bytes(),
        })?;
        let hop = self.hop(service, &lanes, *identity, Reason::Correlated)?;
        let lanes = match hop.lane {
            LaneLabel::Lane(lane) => self.lane_name(lane)?.as_str(),
            LaneLabel::Base | LaneLabel::Unknown => LaneName::BASE,
        };
        Some(Recognised { hop, lanes, identity: *identity })
    }
}

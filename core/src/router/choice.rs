//! Which version of a service serves a request: its lanes, their fallbacks, the service's own split, base.

use super::lanes::Lanes;
use super::service::{Service, Subset};
use super::{LaneId, Router, VersionId, id};
use crate::config::Isolation;
use crate::decision::Reason;
use crate::explain::{Skipped, Step, Trace};
use crate::hash::IdentityHash;
use crate::name::LaneName;

/// The version chosen for a service.
pub(super) struct Choice {
    pub(super) version: VersionId,
    pub(super) lane: Option<LaneId>,
    pub(super) reason: Reason,
}

impl Router {
    /// The version of `service` for a request in `lanes`; `Err` names the strict lane that refuses.
    pub(super) fn choose(
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
}

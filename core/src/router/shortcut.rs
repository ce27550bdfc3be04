//! Decisions that take no thought, and are nearly all there are inside a mesh: a request whose whole mark is one known lane
//! or base, and a request for a host that is nobody's.
//!
//! Nothing is decided here that [`Router::answer`] would decide otherwise (`router/tests/shortcut.rs`): whatever is not as
//! usual is left to it. A proxy pays for every page of code that a request leads through, so this way is short, and
//! writes nothing down that has no need to be.

use arrayvec::ArrayVec;

use super::choice::Choice;
use super::glance::Glance;
use super::id::Id;
use super::lanes::Lanes;
use super::{Router, ServiceId, id};
use crate::config::Phase;
use crate::decision::{LaneLabel, Reason, Target};
use crate::explain::Trace;
use crate::hash::IdentityHash;
use crate::name::{HeaderName, LaneName, VersionName};
use crate::view;

/// A decision without anything unusual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shortcut<'r> {
    /// It follows its mark, which stays as it is.
    Hop(Hop<'r>),
    /// It goes where the filter decides nothing; these headers are to be removed.
    Foreign(ArrayVec<&'r HeaderName, 2>),
}

/// A request that follows its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop<'r> {
    /// The service and the version that it goes to.
    pub target: Target,
    /// The lane it is counted under.
    pub lane: LaneLabel,
    /// Why.
    pub reason: Reason,
    /// The value of the version header that is to be written; none where base serves it.
    pub version: Option<&'r VersionName>,
}

impl Router {
    /// The decision on a request of which this was seen, if it takes no thought.
    pub fn shortcut(&self, glance: &Glance<'_>) -> Option<Shortcut<'_>> {
        (self.phase != Phase::SidecarInbound).then_some(())?;
        let [Some(authority), path, lane, identity, None, None, None, None, None, ..] = glance.0 else { return None };
        if self.phase == Phase::Gateway && (lane.is_some() || identity.is_some()) {
            return None;
        }
        let marked = lane.map(|text| self.usual_lanes(text).ok_or(())).transpose().ok()?;
        let hash = identity.map(|text| IdentityHash::parse(text).ok_or(())).transpose().ok()?;
        let path = || view::path_of(path.unwrap_or_default());
        let is_foreign = |host: &[u8]| self.mesh_hosts.find(host, &path).is_none();
        let plain = self.hosts.find_plain(view::plain_host(authority), &path);
        let look = || view::host_of(authority, |host| self.hosts.find(host, &path).ok_or_else(|| is_foreign(host)));
        match plain.map_or_else(look, Ok) {
            Ok(service) => self.hop(ServiceId::at(service), &marked?, hash, Reason::Propagated).map(Shortcut::Hop),
            Err(true) if self.carriers.aliases.is_empty() && view::original(authority).is_none() => {
                let lane = lane.map(|_| &self.headers.lane);
                let identity = identity.map(|_| &self.headers.identity);
                Some(Shortcut::Foreign([lane, identity].into_iter().flatten().collect()))
            }
            Err(_) => None,
        }
    }

    /// The lanes of a mark that is base or one known lane.
    pub(super) fn usual_lanes(&self, text: &[u8]) -> Option<Lanes> {
        let mut lanes = Lanes::default();
        if text != LaneName::BASE.as_bytes() {
            let known = id::enumerate(&self.lanes).find(|(_, lane)| lane.name.as_str().as_bytes() == text);
            lanes.add(known?.0);
        }
        Some(lanes)
    }

    pub(super) fn hop(
        &self,
        service_id: ServiceId,
        lanes: &Lanes,
        identity: Option<IdentityHash>,
        origin: Reason,
    ) -> Option<Hop<'_>> {
        let service = id::get(&self.services, service_id)?;
        let chosen = self.choose(service, lanes, origin, identity, &mut Trace::Off);
        let Choice { version, reason, .. } = chosen.ok()?;
        let name = if version == service.base { None } else { service.version(version) };
        let target = Target { service: service_id, version };
        Some(Hop { target, lane: lanes.label(), reason, version: name })
    }
}

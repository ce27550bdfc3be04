//! Decisions that take no thought, and are nearly all there are inside a mesh: a request whose whole mark is one known lane
//! or base, and a request for a host that is nobody's.
//!
//! Nothing is decided here that [`Router::answer`] would decide otherwise (`router/tests/shortcut.rs`): whatever is not as
//! usual is left to it. A proxy pays for every page of code that a request leads through, so this way is short, and
//! writes nothing down that has no need to be.

use arrayvec::ArrayVec;

use super::choice::Choice;
use super::lanes::Lanes;
use super::{Router, ServiceId, id};
use crate::carrier::{BAGGAGE, TRACESTATE};
use crate::config::{FilterConfig, HeaderCarrier, HeaderNames, Mode, Phase};
use crate::decision::{LaneLabel, Reason, Target};
use crate::explain::Trace;
use crate::hash::IdentityHash;
use crate::name::{HeaderName, LaneName, VersionName};
use crate::request::Line;
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

const PLACES: usize = 9;

/// The names of all headers that this way knows, its own and those that lead away from it.
#[derive(Debug)]
pub(super) struct Watch {
    /// Which [`trait_of`] they have, by bit: nearly all other headers are told from them by that.
    traits: u64,
    /// In the order of [`Seen`].
    names: [(u8, Box<[u8]>); PLACES],
}

/// The values of the watched headers.
pub(super) type Seen<'a> = [Option<&'a [u8]>; PLACES];

impl Watch {
    /// None where every request is unusual.
    pub(super) fn of(config: &FilterConfig) -> Option<Self> {
        let HeaderNames { lane, identity, version, explain, signed, .. } = &config.headers;
        let usual = config.mode == Mode::Enforce && config.carriers.headers == HeaderCarrier::Enabled;
        let own = [lane, identity, version, explain, signed].map(HeaderName::as_str);
        let [lane, identity, version, explain, signed] = own;
        let names = [":authority", ":path", lane, identity, version, explain, signed, BAGGAGE, TRACESTATE];
        let names = names.map(|name| (trait_of(name.as_bytes()), name.as_bytes().into()));
        let traits = names.iter().fold(0, |traits, (own, _)| traits | 1 << own);
        usual.then_some(Self { traits, names })
    }

    /// The values of the watched headers; `None` if one occurs twice.
    pub(super) fn see<'a>(&self, lines: impl Iterator<Item = Line<'a>>) -> Option<Seen<'a>> {
        let mut seen = [None; PLACES];
        for (name, value) in lines {
            let own = trait_of(name);
            if self.traits >> own & 1 == 0 {
                continue;
            }
            for ((other, watched), place) in self.names.iter().zip(&mut seen) {
                if *other == own && **watched == *name && place.replace(value).is_some() {
                    return None;
                }
            }
        }
        Some(seen)
    }
}

/// Something that is quick to see of a name, below 64.
fn trait_of(name: &[u8]) -> u8 {
    let [.., last] = name else { return 0 };
    let [length, ..] = name.len().to_le_bytes();
    length.wrapping_add(last.wrapping_mul(5)) % 64
}

impl Router {
    /// The decision on a request of these header fields, if it takes no thought.
    pub fn shortcut<'a>(&self, lines: impl Iterator<Item = Line<'a>>) -> Option<Shortcut<'_>> {
        let watch = self.watch.as_ref().filter(|_| self.phase != Phase::SidecarInbound)?;
        let seen = watch.see(lines)?;
        let [Some(authority), path, lane, identity, None, None, None, None, None] = seen else { return None };
        if self.phase == Phase::Gateway && (lane.is_some() || identity.is_some()) {
            return None;
        }
        let marked = lane.map(|text| self.usual_lanes(text).ok_or(())).transpose().ok()?;
        let hash = identity.map(|text| IdentityHash::parse(text).ok_or(())).transpose().ok()?;
        let path = || view::path_of(path.unwrap_or_default());
        let is_foreign = |host: &[u8]| self.mesh_hosts.find(host, &path).is_none();
        match view::host_of(authority, |host| self.hosts.find(host, &path).ok_or_else(|| is_foreign(host))) {
            Ok(service) => self.hop(service, &marked?, hash, Reason::Propagated).map(Shortcut::Hop),
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

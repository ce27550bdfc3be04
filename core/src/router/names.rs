//! What tools and metrics ask of a router.

use super::lanes::Lanes;
use super::{LaneId, Router, ServiceId, SplitId, id};
use crate::config::{Correlation, Digest, HeaderNames, Mode, Phase};
use crate::decision::Target;
use crate::mark::LaneList;
use crate::name::{LaneName, ServiceName, SplitName, VersionName};

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

    /// How calls that lost their mark are recognised; only for sidecars.
    #[must_use]
    pub fn correlation(&self) -> Option<&Correlation> {
        self.correlation.as_ref().filter(|_| self.phase != Phase::Gateway)
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

    pub(super) fn names_of(&self, lanes: &Lanes) -> LaneList<'_> {
        lanes.known.iter().filter_map(|lane| Some(self.lane_name(*lane)?.as_str())).collect()
    }

    pub(super) fn lane_id(&self, name: &str) -> Option<LaneId> {
        id::enumerate(&self.lanes).find(|(_, lane)| lane.name.as_str() == name).map(|(id, _)| id)
    }
}

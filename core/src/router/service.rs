//! A service's versions.

use super::{LaneId, VersionId, id};
use crate::hash::IdentityHash;
use crate::name::{ServiceName, VersionName};
use crate::slots::{Slot, SlotTable};

#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: ServiceName,
    pub(super) base: VersionId,
    pub(super) versions: Box<[Version]>,
    /// Few: a service is seldom in more than a handful of lanes.
    pub(super) lanes: Box<[(LaneId, VersionId)]>,
    pub(super) split: Option<ServiceSplit>,
}

#[derive(Debug)]
pub(super) struct Version {
    pub(super) name: VersionName,
    pub(super) ready: bool,
}

#[derive(Debug)]
pub(super) struct ServiceSplit {
    pub(super) salt: Box<str>,
    pub(super) table: SlotTable<VersionId>,
}

/// What a service has for a lane.
pub(super) enum Subset {
    Ready(VersionId),
    Unready,
    Missing,
}

impl Service {
    pub(super) fn version(&self, version: VersionId) -> Option<&VersionName> {
        id::get(&self.versions, version).map(|version| &version.name)
    }

    pub(super) fn subset(&self, lane: LaneId) -> Subset {
        match self.lanes.iter().find(|(candidate, _)| *candidate == lane) {
            Some((_, version)) if self.is_ready(*version) => Subset::Ready(*version),
            Some(_) => Subset::Unready,
            None => Subset::Missing,
        }
    }

    /// The ready version that this service's own split gives to `identity`.
    pub(super) fn split_choice(&self, identity: Option<IdentityHash>) -> Option<(VersionId, Slot)> {
        let split = self.split.as_ref()?;
        let slot = identity?.slot(&split.salt);
        let version = *split.table.owner(slot)?;
        self.is_ready(version).then_some((version, slot))
    }

    /// Base is the last resort, so it counts as ready whatever is known of it.
    fn is_ready(&self, version: VersionId) -> bool {
        version == self.base || id::get(&self.versions, version).is_some_and(|version| version.ready)
    }
}

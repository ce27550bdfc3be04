//! What is wanted of the way to a service, by releases and standing lanes together.
//!
//! Both have their versions in one `DestinationRule` and one `VirtualService`. Where requests go that are in no lane is the
//! release's to say while it goes on, else it is the pods that no lane has.

use std::collections::{BTreeMap, BTreeSet};

use graylane_core::name::VersionName;
use serde_json::Value;

use super::standing::BASE;
use crate::api::{LaneService, PodLabels, VirtualServiceName};
use crate::plan::Service;

/// The ways to all services that anybody wants something of.
pub(super) type Ways = BTreeMap<Service, Way>;

/// What is wanted of the way to one service.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Way {
    /// What the objects go with.
    pub(super) owners: BTreeMap<String, Value>,
    /// The labels of the pods of each version.
    pub(super) subsets: BTreeMap<VersionName, PodLabels>,
    /// The versions that the version header leads to.
    pub(super) versions: BTreeSet<VersionName>,
    /// The objects of others that routes are put in front of.
    pub(super) named: BTreeSet<VirtualServiceName>,
    /// Whether what there is of it stays, when nothing more is wanted of it.
    pub(super) rest: Rest,
    /// Where requests go without it; `None`: to all pods of the service, and no routes are wanted.
    pub(super) base: Option<VersionName>,
}

/// What becomes of a way of which nothing more is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Rest {
    /// It stays as it is.
    #[default]
    Left,
    /// It goes, before the release that wanted it does: without the definition of releases nobody else would remove it.
    Removed,
}

impl Way {
    /// Whether the objects of the way go.
    pub(super) fn is_over(&self) -> bool {
        self.rest == Rest::Removed && self.subsets.is_empty()
    }

    /// Adds what a standing lane wants.
    pub(super) fn join(&mut self, known: &LaneService) {
        self.subsets.insert(known.version.clone(), known.labels.clone());
        self.named.extend(known.virtual_services.iter().cloned());
        let Ok(base) = VersionName::new(BASE) else { return };
        self.subsets.entry(base.clone()).or_insert_with(|| known.base.clone());
        if known.stage.is_routed() {
            self.versions.insert(known.version.clone());
            self.base.get_or_insert(base);
        }
    }
}

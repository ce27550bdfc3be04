//! What goes into the planner.

use std::collections::BTreeMap;

use graylane_core::config::{HostPattern, Secret};
use graylane_core::name::{LaneName, VersionName};

use super::Service;
use crate::api::{GrayRelease, Lane, MeshPolicy, ObjectRef, SecretSource};

/// The resources, and what is known of the services that they speak of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The releases, in any order.
    pub releases: Vec<GrayRelease>,
    /// The standing lanes, in any order.
    pub lanes: Vec<Lane>,
    /// The policy of the mesh.
    pub policy: Option<MeshPolicy>,
    /// The secrets that the policy of the mesh names, as far as they were found.
    pub secrets: BTreeMap<SecretSource, Secret>,
    /// The services there are. A service that no resource names is in here too, so that marks are carried to it.
    pub services: BTreeMap<Service, ServiceFacts>,
    /// The objects that say something which is not in force yet: where one of them contradicts another object, it is the
    /// one that is refused; of two of them, the later one in this list.
    pub newcomers: Vec<ObjectRef>,
    /// The lanes that a newcomer forms for as long as what it says is not in force, and would leave then.
    pub left: BTreeMap<LaneName, ObjectRef>,
}

/// What is known of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFacts {
    /// The port by which clusters are named.
    pub port: u16,
    /// The version that serves base where no release says which one is stable; `None`: only a release can say.
    pub base: Option<VersionName>,
    /// What requests from outside for it are addressed to; empty: no gateway serves it.
    pub gateway_hosts: Vec<HostPattern>,
    /// The versions there are, and whether they have ready endpoints. Base need not be among the ready ones.
    pub versions: BTreeMap<VersionName, Readiness>,
}

impl ServiceFacts {
    /// What base is called where nothing gives it another name.
    pub const BASE: &str = "stable";
}

/// Whether a version has ready endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// It has at least one.
    Ready,
    /// It has none: nothing is sent to it.
    NotReady,
}

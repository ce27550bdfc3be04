//! What a standing lane is at: everything that is needed to go on, whatever process does.

use graylane_core::name::{ServiceName, VersionName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Accepted, Condition, LaneSpec, PodLabels, Proxies, VirtualServiceName};

/// What the lane is at. Written by the controller only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LaneStatus {
    /// The generation of the object that this status speaks of.
    pub observed_generation: i64,
    /// What the object said when that was accepted last: in force also while what it says now is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted<LaneSpec>>,
    /// What it waits for or has come to, in a sentence.
    pub message: String,
    /// The versions that form the lane, and those that leave it.
    pub services: Vec<LaneService>,
    /// The proxies, and which of them do all that is asked for.
    pub proxies: Proxies,
    /// `Accepted` and `Ready`.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// A version of a service in a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LaneService {
    /// The service, with its namespace.
    pub service: ServiceName,
    /// The version.
    pub version: VersionName,
    /// The labels of its pods.
    pub labels: PodLabels,
    /// The labels of the pods that serve everyone who is in no lane.
    pub base: PodLabels,
    /// The objects `VirtualService` of others that routes are put in front of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub virtual_services: Vec<VirtualServiceName>,
    /// How far it is.
    pub stage: Stage,
    /// The number of the configuration by which proxies confirm the stage; later ones do so too.
    #[schemars(range(min = 0))]
    pub generation: u64,
    /// How many endpoints of it are ready.
    #[serde(default)]
    pub ready: u32,
}

/// How far a version of a lane is. Every stage begins when all proxies have confirmed the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Stage {
    /// Its endpoints are made known to proxies.
    Preparing,
    /// Routes to it are laid.
    Routing,
    /// Requests of the lane go to it, while it has ready endpoints.
    Serving,
    /// Requests do not go to it any more.
    Leaving,
    /// Its routes are taken away.
    Unrouting,
}

//! What a release over Deployments is at: everything that is needed to go on, whatever process does.

use std::collections::BTreeMap;

use graylane_core::Percentage;
use graylane_core::name::VersionName;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Accepted, Condition, DeploymentName, GrayReleaseSpec};

/// What the release is at. Written by the controller only; absent where no Deployment is released.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct GrayReleaseStatus {
    /// The generation of the object that this status speaks of.
    pub observed_generation: i64,
    /// What the object said when that was accepted last: in force also while what it says now is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted<GrayReleaseSpec>>,
    /// What is being done.
    pub phase: Phase,
    /// Since when the phase lasts; waits count from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub since: Option<Timestamp>,
    /// What it waits for or has done, in a sentence.
    pub message: String,
    /// The step and how many there are, as `2/5`.
    pub progress: String,
    /// The index of the current step, from 0; after the last one, everybody is moved.
    pub step: u32,
    /// A hash of the steps. When it changes, they are gone through from the first one.
    pub steps_hash: String,
    /// What proxies are to do. Nothing is done before it is written here.
    pub traffic: Traffic,
    /// The configuration that says so, when it is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publication: Option<Publication>,
    /// The proxies, and which of them have that configuration.
    pub proxies: Proxies,
    /// The Deployments and their versions, in the order of the workloads.
    pub workloads: Vec<WorkloadStatus>,
    /// Requests that went elsewhere than decided.
    #[serde(skip_serializing_if = "Steering::is_silent")]
    pub steering: Steering,
    /// The best that was reached in this step, and when.
    pub high_water: HighWater,
    /// Since when somebody has paused the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub paused_since: Option<Timestamp>,
    /// Why the release was or is being aborted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort_reason: Option<String>,
    /// The last verb that was obeyed or refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verb: Option<String>,
    /// Who did what when, the latest last.
    pub history: Vec<Deed>,
    /// `Accepted`, `Ready` and `Stalled`.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

impl GrayReleaseStatus {
    /// What is in force of a release that says `spec`.
    pub(crate) fn in_force<'a>(&'a self, spec: &'a GrayReleaseSpec) -> &'a GrayReleaseSpec {
        self.accepted.as_ref().map_or(spec, |accepted| &accepted.spec)
    }
}

/// What a release is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Phase {
    /// There is nothing to release.
    #[default]
    Idle,
    /// The versions are made known to proxies.
    Preparing,
    /// Routes to single versions are laid; nobody is on the new one.
    Routing,
    /// Replicas of the new version are awaited.
    Scaling,
    /// Proxies are told that the new pods serve; nobody is on them.
    Announcing,
    /// Proxies take the step.
    Propagating,
    /// The step's time passes, or somebody approves.
    Pausing,
    /// Everybody is served by the new version, and requests that were never decided join them.
    Switching,
    /// The old pods are kept for an instant return.
    Draining,
    /// The new pods are handed to the Deployment.
    Adopting,
    /// The last release has been completed; there is nothing to release.
    Completed,
    /// Proxies take everybody back to the stable version.
    Aborting,
    /// The new pods, then the routes, are removed.
    Withdrawing,
    /// The Deployment holds a new version that was aborted: `graylane retry`, another version, or the stable one ends it.
    Aborted,
    /// The release is being deleted. Its routes are gone; what they led to goes when every proxy knows.
    Leaving,
    /// The release is being deleted and has left nothing behind.
    Withdrawn,
}

/// What proxies are to do with requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Traffic {
    /// Where requests go that are in no lane.
    pub base: BaseRoute,
    /// The share of requests that is put in the lane.
    pub weight: Percentage,
    /// Whether rules put requests in the lane.
    pub cohorts: Cohorts,
    /// Whether requests in the lane go to the new pods.
    pub new_pods: NewPods,
}

/// Where requests go that are in no lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BaseRoute {
    /// To the service, as if there were no release.
    #[default]
    Service,
    /// To the pods of the stable version.
    Stable,
    /// To the pods of the new version.
    Gray,
}

/// Whether rules put requests in the lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Cohorts {
    /// They do not.
    #[default]
    Out,
    /// They do.
    In,
}

/// Whether requests in the lane go to the new pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum NewPods {
    /// They are not there yet, or not everywhere: the lane falls back.
    #[default]
    Awaited,
    /// The lane leads to them, where they are ready.
    Announced,
}

/// Traffic as it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Publication {
    /// The number of the configuration that says so; every later one says so too.
    #[schemars(range(min = 0))]
    pub generation: u64,
    /// What it says.
    pub traffic: Traffic,
    /// When every proxy had it for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub acknowledged: Option<Timestamp>,
}

/// Proxies and what they have acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Proxies {
    /// How many there are.
    pub total: u32,
    /// How many have reported the published generation or a later one.
    pub acknowledged: u32,
    /// The first of those that have not, as `NAMESPACE/POD`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub lagging: Vec<String>,
}

/// A Deployment and its versions, each called by its `pod-template-hash`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadStatus {
    /// The Deployment.
    pub deployment: DeploymentName,
    /// The version that serves everyone who is in no lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stable: Option<VersionName>,
    /// The version that is released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gray: Option<VersionName>,
    /// How many pods of the released version serve.
    #[serde(default)]
    pub ready: u32,
    /// How many there are to be.
    #[serde(default)]
    pub replicas: u32,
}

/// What proxies counted of requests of the new version that were sent to another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Steering {
    /// What each proxy had counted when the routes were laid, or when somebody resumed the release; those that had counted
    /// nothing are left out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "counts")]
    pub before: BTreeMap<String, u64>,
    /// The first of those that have counted more since, as `NAMESPACE/POD`: the release is stopped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub suspects: Vec<String>,
}

fn counts(_: &mut SchemaGenerator) -> Schema {
    let count = json_schema!({"type": "integer", "minimum": 0, "description": "How many."});
    json_schema!({"type": "object", "additionalProperties": count})
}

impl Steering {
    fn is_silent(&self) -> bool {
        *self == Self::default()
    }
}

/// The best that was reached in a step. A replica that comes and goes makes no progress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HighWater {
    /// When; the progress deadline counts from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub time: Option<Timestamp>,
    /// Replicas that serve, over all workloads.
    pub ready: u32,
    /// Proxies that have acknowledged.
    pub acknowledged: u32,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deed {
    /// When.
    #[schemars(with = "String")]
    pub time: Timestamp,
    /// Who: a user, or `graylane`.
    pub who: String,
    /// What.
    pub what: String,
}

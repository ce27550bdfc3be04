//! `GrayRelease`: the replacement of one version by another, of one or many services at once.

use graylane_core::Percentage;
use graylane_core::config::{IdentitySource, Isolation, Keyless};
use graylane_core::name::{LaneName, ServiceName, VersionName};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DeploymentName, EntryRule, GrayReleaseStatus, Strategy, VirtualServiceName, cel};

/// What is released, and who gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CustomResource, JsonSchema)]
#[kube(
    group = "graylane.io",
    version = "v1alpha1",
    kind = "GrayRelease",
    namespaced,
    shortname = "gr",
    category = "graylane",
    derive = "PartialEq",
    status = "GrayReleaseStatus",
    validation = Rule::new("has(self.spec.lane) || self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')")
        .message("the name can not be that of a lane, which has 1 to 63 of a-z, 0-9 and '-': spec.lane must say another"),
    doc = "The controlled replacement of one version by another, of one or many services at once. The new versions form a lane: a request that is put in it meets them along its whole way.",
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Step", type_ = "string", json_path = ".status.progress"),
    printcolumn(name = "Weight", type_ = "string", json_path = ".status.traffic.weight"),
    printcolumn(name = "Services", type_ = "string", json_path = ".spec.workloads[*].service"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.message", priority = 1),
    printcolumn(name = "Lane", type_ = "string", json_path = ".spec.lane", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [
    cel::strict_lanes_do_not_fall_back(),
    cel::base_is_no_lane(),
    cel::workloads_have_one_form(),
    cel::strategies_advance_deployments(),
]))]
pub struct GrayReleaseSpec {
    /// The lane that the new versions form; the name of this object when absent. Objects that name the same lane form
    /// it together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<LaneName>,
    /// The services that get a new version, all as one.
    #[schemars(length(min = 1), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["service"]))]
    pub workloads: Vec<Workload>,
    /// The share of the requests decided by no rule, or of the users behind them, that is put in the lane. 100 is
    /// everybody, also requests without identity.
    #[serde(default)]
    pub weight: Percentage,
    /// Who is put in the lane whatever the weight, for example testers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub rules: Vec<EntryRule>,
    /// The lanes to try, in order, where a service has no ready version for this lane; `base` comes last without being
    /// named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<LaneName>,
    /// Whether a service without a ready version for the lane may be served by the fallback (`permissive`) or answers
    /// 503 (`strict`). A lane of several objects is strict when one of them says so.
    #[serde(default)]
    pub isolation: Isolation,
    /// What weights go by: the first of these that a request has. The mesh policy's sources when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Vec<IdentitySource>>,
    /// What weights do with a request that has no identity; when absent, each such request is shared out by itself
    /// (`sequence`), which is accurate and not sticky.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyless: Option<Keyless>,
    /// Shares between the versions of single services, for requests that no lane pins there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["service"])
    )]
    pub service_splits: Vec<ServiceSplit>,
    /// How the new versions of Deployments take over, by steps. When absent, nothing but `weight` moves traffic, and
    /// `graylane promote` ends the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// How a changed Deployment is kept from rolling out by itself.
    #[serde(default)]
    pub hold: Hold,
    /// For how long a release may make no progress, in seconds, counted from the last replica that became ready and the
    /// last proxy that took a change; pauses do not count. Then replicas that are not ready abort the release.
    #[serde(default = "ten_minutes")]
    #[schemars(range(min = 1, max = 86_400))]
    pub progress_deadline_seconds: u32,
    /// What becomes of a release when proxies have not taken a change by the progress deadline.
    #[serde(default)]
    pub on_lagging_proxies: OnLaggingProxies,
    /// What becomes of a release when a proxy sends requests of the new version to another one.
    #[serde(default)]
    pub on_steering_mismatch: OnSteeringMismatch,
}

impl GrayRelease {
    /// The lane that its new versions form; `None` where its name can not be that of a lane.
    #[must_use]
    pub fn lane(&self) -> Option<LaneName> {
        self.spec.lane.clone().or_else(|| LaneName::new(self.metadata.name.clone()?).ok())
    }
}

const fn ten_minutes() -> u32 {
    600
}

/// How a changed Deployment is kept from rolling out by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Hold {
    /// The admission policy that is installed with Graylane pauses the Deployment in the very request that changes its
    /// pod template. An idle Deployment is not paused.
    #[default]
    Policy,
    /// The Deployment is paused at all times: for clusters without mutating admission policies.
    Always,
}

/// What becomes of a release when proxies lag behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnLaggingProxies {
    /// It waits for them; the status names them.
    #[default]
    Hold,
    /// It is aborted.
    Abort,
}

/// What becomes of a release when a proxy sends requests of the new version to another one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnSteeringMismatch {
    /// It is paused until somebody resumes it; the status names the proxy.
    #[default]
    Hold,
    /// It is aborted.
    Abort,
}

/// A service and what is released of it: a Deployment, or two versions by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [cel::versions_differ()]))]
pub struct Workload {
    /// The service: `cart`, or `cart.shop` for one in another namespace than this object's.
    pub service: ServiceName,
    /// The Deployment whose pods serve the service, in the namespace of this object. A change of its pod template starts
    /// the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentName>,
    /// Without a Deployment: the version that serves everyone who is in no lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stable: Option<VersionName>,
    /// Without a Deployment: the version that serves the lane, another one than `stable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gray: Option<VersionName>,
    /// In a cluster: your own objects `VirtualService` that route the service, in the namespace of this object. While the
    /// service has several versions, routes to them stand in front of yours; yours are left as they are. Gateways decide
    /// about requests that they route. One that routes the service inside the mesh must be named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "set"))]
    pub virtual_services: Vec<VirtualServiceName>,
}

/// A share between the versions of one service, by the identity that a request carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceSplit {
    /// The service: `cart`, or `cart.shop` for one in another namespace than this object's.
    pub service: ServiceName,
    /// The versions and their shares, 100 % in all.
    #[schemars(
        length(min = 1, max = 16),
        extend(
            "x-kubernetes-list-type" = "map",
            "x-kubernetes-list-map-keys" = ["version"],
            "x-kubernetes-validations" = [cel::weights_are_100_percent()]
        )
    )]
    pub weights: Vec<VersionWeight>,
}

/// The share of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VersionWeight {
    /// The version.
    pub version: VersionName,
    /// Its share.
    pub weight: Percentage,
}

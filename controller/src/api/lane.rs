//! `Lane`: a standing lane over versions that are there anyway.

use graylane_core::Percentage;
use graylane_core::config::{IdentitySource, Isolation, Keyless};
use graylane_core::name::{LaneName, ServiceName, VersionName};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EntryRule, LaneStatus, PodLabels, VirtualServiceName, cel};

/// Which versions form the lane, and who is put in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CustomResource, JsonSchema)]
#[kube(
    group = "graylane.io",
    version = "v1alpha1",
    kind = "Lane",
    namespaced,
    shortname = "gl",
    category = "graylane",
    derive = "PartialEq",
    status = "LaneStatus",
    validation = Rule::new("self.metadata.name != 'base' && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')")
        .message("a lane is called by 1 to 63 of a-z, 0-9 and '-', and not base, which is no lane"),
    doc = "A standing lane: a gray environment or a developer's branch, over versions that run anyway. The lane is called as this object is. Where a request is in several lanes, standing lanes come before releases, because a release replaces what serves base.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Weight", type_ = "string", json_path = ".spec.weight"),
    printcolumn(name = "Services", type_ = "string", json_path = ".spec.services[*].service"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.message", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [cel::strict_lanes_do_not_fall_back()]))]
pub struct LaneSpec {
    /// The versions that form the lane, at most one for each service.
    #[schemars(length(min = 1), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["service"]))]
    pub services: Vec<LaneMember>,
    /// Who is put in the lane.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub rules: Vec<EntryRule>,
    /// The share of the requests decided by no rule, or of the users behind them, that is put in the lane. 100 is
    /// everybody, also requests without identity.
    #[serde(default)]
    pub weight: Percentage,
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
}

/// The version of one service that serves a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [cel::stable_is_base(), cel::labels_tell_versions_apart()]))]
pub struct LaneMember {
    /// The service: `cart`, or `cart.shop` for one in another namespace than this object's.
    pub service: ServiceName,
    /// The version that serves the lane, by the name that explanations and metrics show. In a cluster, `stable` is what
    /// base is called.
    pub version: VersionName,
    /// In a cluster: the labels by which its pods are told from all others that the service selects; the label `version`
    /// with the name of the version when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<PodLabels>,
    /// In a cluster: the labels of the pods that serve everyone who is in no lane; when absent, those by which the one
    /// Deployment selects its pods that serves the service and is in no lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<PodLabels>,
    /// In a cluster: your own objects `VirtualService` that route the service, in the namespace of this object. While the
    /// service has several versions, routes to them stand in front of yours; yours are left as they are. Gateways decide
    /// about requests that they route. One that routes the service inside the mesh must be named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "set"))]
    pub virtual_services: Vec<VirtualServiceName>,
}

impl LaneMember {
    /// The labels of the pods of the version.
    #[must_use]
    pub fn pod_labels(&self) -> PodLabels {
        self.labels.clone().unwrap_or_else(|| PodLabels::of_version(&self.version))
    }
}

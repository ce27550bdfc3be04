//! `MeshPolicy`: what holds for the whole mesh.

use graylane_core::Mode;
use graylane_core::config::{Carriers, Condition, Correlation, HeaderNames, Identity, LostMark, Trust};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Accepted, Condition as StatusCondition, OverridePolicy};

/// What holds for the whole mesh.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, CustomResource, JsonSchema)]
#[kube(
    group = "graylane.io",
    version = "v1alpha1",
    kind = "MeshPolicy",
    plural = "meshpolicies",
    category = "graylane",
    derive = "PartialEq",
    status = "MeshPolicyStatus",
    validation = Rule::new("self.metadata.name == 'default'").message("the one mesh policy is called default"),
    doc = "What holds for the whole mesh. There is one, called `default`; without it everything has the values described here.",
    printcolumn(name = "Accepted", type_ = "string", json_path = ".status.conditions[?(@.type=='Accepted')].status"),
    printcolumn(name = "Mode", type_ = "string", json_path = ".spec.mode"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MeshPolicySpec {
    /// The names of the headers that carry marks and decisions.
    #[serde(default)]
    pub headers: HeaderNames,
    /// Where marks travel besides these headers: in W3C Baggage and `tracestate`, which apps with OpenTelemetry hand on
    /// by themselves, and, for the time of a migration, in headers of other systems.
    #[serde(default)]
    pub carriers: Carriers,
    /// Whom marks are believed from, and to whom they may go. From outside, through a gateway, none is ever believed.
    #[serde(default)]
    pub trust: Trust,
    /// Who a request comes from: for weights that name no sources of their own, and for the hash that travels.
    #[serde(default)]
    pub identity: Identity,
    /// How sidecars recognise the calls of apps that hand on nothing but a trace id. On unless `sources` is empty.
    #[serde(default)]
    pub correlation: Correlation,
    /// What becomes of a call of an app that has no mark, and that can not be recognised either: `decide` has rules and
    /// weights decide it where it is, `base` sends it to base. Either way it is counted for its pod.
    #[serde(default)]
    pub lost_mark: LostMark,
    /// Who may ask how a request was decided; nobody when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<ExplainPolicy>,
    /// Signed overrides that gateways honour; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<OverridePolicy>,
    /// How proxies get the filter.
    #[serde(default)]
    pub delivery: Delivery,
    /// `enforce` steers requests; `dryRun` decides and counts, and leaves every request as it came.
    #[serde(default)]
    pub mode: Mode,
}

/// How proxies get the filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Delivery {
    /// By Istio's `WasmPlugin`: modules come from anywhere, also from a registry, and are fetched by Istio's agent.
    #[default]
    WasmPlugin,
    /// By `EnvoyFilter`: a module that fails is started anew on any version of Istio, and shares its memory with no other
    /// plugin. Proxies read the module from a file of theirs (`--module-url file://` of the controller).
    EnvoyFilter,
}

/// Whether the policy is followed. Written by the controller only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct MeshPolicyStatus {
    /// The generation of the object that this status speaks of.
    pub observed_generation: i64,
    /// What the object said when that was accepted last: in force also while what it says now is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted<MeshPolicySpec>>,
    /// `Accepted`.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<StatusCondition>,
}

/// Who may ask how a request was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExplainPolicy {
    /// The condition that the asking request must fulfil.
    pub allow: Condition,
}

//! The rules that an API server checks at admission, in CEL, each with the field at fault.
//!
//! They say what CEL says simply about one object. The reader of files and the planner say the same and more; the planner
//! has the last word.

use serde_json::{Value, json};

/// A strict lane with a fallback contradicts itself.
pub(super) fn strict_lanes_do_not_fall_back() -> Value {
    json!({
        "rule": "!has(self.isolation) || self.isolation != 'strict' || !has(self.fallback) || size(self.fallback) == 0",
        "message": "a strict lane never falls back: no fallback, or isolation permissive",
        "fieldPath": ".fallback"
    })
}

/// `base` is how "in no lane" is written.
pub(super) fn base_is_no_lane() -> Value {
    json!({
        "rule": "!has(self.lane) || self.lane != 'base'",
        "message": "base is reserved for no lane",
        "fieldPath": ".lane"
    })
}

/// The name that the rule of the object's own weight has.
pub(super) fn weight_is_no_rule() -> Value {
    json!({
        "rule": "self.name != 'weight'",
        "message": "weight is the name of the rule that the object's own weight becomes",
        "fieldPath": ".name"
    })
}

/// Where all weights are whole numbers. Texts such as `"0.05%"` are added up by the planner: what CEL would cost to read
/// them exceeds what an API server allows, which counts every one as being as long as a whole request.
pub(super) fn weights_are_100_percent() -> Value {
    json!({
        "rule": "self.exists(w, type(w.weight) != int) || self.map(w, int(w.weight)).sum() == 100",
        "message": "the weights must add up to 100%"
    })
}

/// What serves a workload is said in one of two ways, and the same way for all of them.
pub(super) fn workloads_have_one_form() -> Value {
    json!({
        "rule": "self.workloads.all(w, has(w.deployment) && !has(w.stable) && !has(w.gray)) || self.workloads.all(w, !has(w.deployment) && has(w.stable) && has(w.gray))",
        "message": "every workload names its deployment, or every workload names its versions stable and gray",
        "fieldPath": ".workloads"
    })
}

/// A release of what serves everyone anyway releases nothing.
pub(super) fn versions_differ() -> Value {
    json!({
        "rule": "!has(self.stable) || !has(self.gray) || self.stable != self.gray",
        "message": "gray is the new version: another one than stable",
        "fieldPath": ".gray"
    })
}

/// A lane of base is none. In a local mesh, which has no admission, versions are called as it says.
pub(super) fn stable_is_base() -> Value {
    json!({
        "rule": "self.version != 'stable'",
        "message": "stable is what base is called in a cluster: name the version otherwise",
        "fieldPath": ".version"
    })
}

/// Pods with the labels of a lane and those of base would serve both.
pub(super) fn labels_tell_versions_apart() -> Value {
    json!({
        "rule": "!has(self.labels) || !has(self.base) || self.labels != self.base",
        "message": "the pods of the version need a label that those of base have not",
        "fieldPath": ".labels"
    })
}

/// Only a Deployment brings forth versions that a strategy can advance.
pub(super) fn strategies_advance_deployments() -> Value {
    json!({
        "rule": "!has(self.strategy) || (self.workloads.all(w, has(w.deployment)) && (!has(self.weight) || self.weight == 0))",
        "message": "a strategy advances deployments and sets the weight itself: name the deployment of every workload, and no weight",
        "fieldPath": ".strategy"
    })
}

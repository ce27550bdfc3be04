//! What others add to objects of ours, and whether it stays.
//!
//! An apply leaves what other writers own. In a spec of ours that is hardly ever harmless: members that Istio knows beside
//! those that we write say *where* an object holds, or send requests elsewhere. So the rule is that everything goes, but
//! for what cannot contradict us:
//!
//! | kind | we say | stays | goes |
//! |---|---|---|---|
//! | `VirtualService` | `hosts`, `http` | | `gateways`, `exportTo`: proxies would lose the routes; `tls`, `tcp` |
//! | `DestinationRule` | `host`, `subsets` | `trafficPolicy`: connections, outliers and the like of all versions | `exportTo`, `workloadSelector`: proxies would lose the subsets that routes name |
//! | `WasmPlugin` | see `wasm_plugin` | `imagePullPolicy`, `imagePullSecret`: how a module is had from a registry | `selector`, `targetRefs` and all else |
//! | `EnvoyFilter` | `configPatches`, `workloadSelector` | | `targetRefs`, `priority` |
//!
//! What is in a list of ours goes with the apply that repairs the list. Metadata of others stays, and so does everything in
//! an object of somebody's that we only put routes in front of.

use kube::core::ObjectMeta;
use serde_json::{Value, json};

use super::super::covers::removal;
use super::super::{Change, Kind, Write};
use super::change;

/// Takes out of an object of ours what of its spec, which is `there`, goes beside what is `wanted`.
pub(super) fn taken_out(kind: Kind, live: &ObjectMeta, there: &Value, wanted: &Value) -> Option<Change> {
    let theirs: &[&str] = match kind {
        Kind::WasmPlugin => &["imagePullPolicy", "imagePullSecret"],
        Kind::DestinationRule => &["trafficPolicy"],
        Kind::VirtualService | Kind::EnvoyFilter => &[],
        Kind::GrayRelease | Kind::Lane | Kind::MeshPolicy | Kind::Deployment | Kind::ReplicaSet => return None,
    };
    let Value::Object(mut members) = removal(there, wanted)? else { return None };
    members.retain(|member, _| !theirs.contains(&member.as_str()));
    if members.is_empty() {
        return None;
    }
    let patch = json!({"metadata": {"resourceVersion": live.resource_version}, "spec": members});
    Some(change(kind, live.namespace.as_deref()?, live.name.as_deref()?, Write::Merge(patch)))
}

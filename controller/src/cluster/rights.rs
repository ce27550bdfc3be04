//! What the controller may do: the one table from which its role is written, and which it checks when it starts.

use serde_json::{Value, json};

/// A right: some verbs on one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// The API group; empty: the core group.
    pub group: &'static str,
    /// The resource, or `RESOURCE/SUBRESOURCE`.
    pub resource: &'static str,
    /// The verbs.
    pub verbs: &'static [&'static str],
}

/// To know what there is.
const SEE: &[&str] = &["list", "watch"];
/// To keep objects of our own.
const KEEP: &[&str] = &["create", "delete", "list", "patch", "watch"];

/// Everything that the controller does, in all namespaces.
pub const RIGHTS: [Right; 19] = [
    Right { group: "", resource: "pods", verbs: SEE },
    Right { group: "", resource: "services", verbs: SEE },
    Right { group: "apps", resource: "deployments", verbs: &["list", "patch", "watch"] },
    Right { group: "apps", resource: "replicasets", verbs: KEEP },
    Right { group: "autoscaling", resource: "horizontalpodautoscalers", verbs: SEE },
    Right { group: "discovery.k8s.io", resource: "endpointslices", verbs: SEE },
    Right { group: "events.k8s.io", resource: "events", verbs: &["create", "patch"] },
    Right { group: "extensions.istio.io", resource: "wasmplugins", verbs: KEEP },
    Right { group: "graylane.io", resource: "grayreleases", verbs: &["list", "patch", "watch"] },
    // Owners that block the deletion of what they own must be allowed to be changed so far.
    Right { group: "graylane.io", resource: "grayreleases/finalizers", verbs: &["update"] },
    Right { group: "graylane.io", resource: "grayreleases/status", verbs: &["update"] },
    Right { group: "graylane.io", resource: "lanes", verbs: &["list", "patch", "watch"] },
    Right { group: "graylane.io", resource: "lanes/finalizers", verbs: &["update"] },
    Right { group: "graylane.io", resource: "lanes/status", verbs: &["update"] },
    Right { group: "graylane.io", resource: "meshpolicies", verbs: SEE },
    Right { group: "graylane.io", resource: "meshpolicies/status", verbs: &["update"] },
    Right { group: "networking.istio.io", resource: "destinationrules", verbs: KEEP },
    Right { group: "networking.istio.io", resource: "envoyfilters", verbs: KEEP },
    Right { group: "networking.istio.io", resource: "virtualservices", verbs: KEEP },
];

/// What the controller does in its own namespace.
pub const LEASES: Right =
    Right { group: "coordination.k8s.io", resource: "leases", verbs: &["create", "get", "update"] };

/// The Secret that the controller may read in its own namespace, without being told another name.
const SECRET: &str = "graylane-overrides";

/// The name of the role, its binding, and the service account.
const NAME: &str = "graylane";
/// The namespace of the controller.
const NAMESPACE: &str = "graylane-system";

/// The manifests that give the controller its rights.
#[must_use]
pub fn manifests() -> Vec<Value> {
    let api = "rbac.authorization.k8s.io";
    let rule = |right: &Right| json!({"apiGroups": [right.group], "resources": [right.resource], "verbs": right.verbs});
    let rules: Vec<Value> = RIGHTS.iter().map(rule).collect();
    let secret = json!({"apiGroups": [""], "resources": ["secrets"], "resourceNames": [SECRET], "verbs": ["get"]});
    let subjects = json!([{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}]);
    let here = json!({"name": NAME, "namespace": NAMESPACE});
    let version = format!("{api}/v1");
    vec![
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": here}),
        json!({"apiVersion": version, "kind": "ClusterRole", "metadata": {"name": NAME}, "rules": rules}),
        json!({
            "apiVersion": version,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": NAME},
            "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": NAME},
            "subjects": subjects,
        }),
        json!({"apiVersion": version, "kind": "Role", "metadata": here, "rules": [rule(&LEASES), secret]}),
        json!({
            "apiVersion": version,
            "kind": "RoleBinding",
            "metadata": here,
            "roleRef": {"apiGroup": api, "kind": "Role", "name": NAME},
            "subjects": subjects,
        }),
    ]
}

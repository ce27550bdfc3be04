//! Objects that a cluster starts with.

use serde_json::{Value, json};

/// A Deployment with one pod beside a proxy, which is ready.
pub(in crate::cluster::tests) fn deployment(name: &str, labels: &Value) -> [Value; 2] {
    let template =
        json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "app:v1"}]}});
    let sidecar = json!({"name": "istio-proxy", "ready": true, "image": "", "imageID": "", "restartCount": 0});
    [
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
               "spec": {"selector": {"matchLabels": labels}, "template": template}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("{name}-1"), "labels": labels},
               "spec": {"containers": [{"name": "istio-proxy"}]},
               "status": {"podIP": "10.0.0.1", "containerStatuses": [sidecar]}}),
    ]
}

/// A Service with endpoints: pods and whether they are ready.
pub(in crate::cluster::tests) fn service(name: &str, pods: &[(&str, bool)]) -> [Value; 2] {
    let endpoint = |(pod, ready): &(&str, bool)| json!({"addresses": ["10.0.0.1"], "conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "name": pod}});
    let endpoints: Vec<Value> = pods.iter().map(endpoint).collect();
    [
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
               "spec": {"selector": {"app": name}, "ports": [{"port": 80}]}}),
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
               "metadata": {"name": format!("{name}-a"), "labels": {"kubernetes.io/service-name": name}},
               "addressType": "IPv4", "endpoints": endpoints}),
    ]
}

/// A lane of these versions.
pub(in crate::cluster::tests) fn lane(name: &str, services: &Value) -> Value {
    let rule = json!({"name": "testers", "when": {"header": {"name": "x-user", "exact": "tester"}}});
    json!({"apiVersion": "graylane.io/v1alpha1", "kind": "Lane", "metadata": {"name": name, "generation": 1},
           "spec": {"services": services, "rules": [rule]}})
}

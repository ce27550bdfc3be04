//! A large cluster, as an API server has it: apps with sidecars, what their rollouts have left, and a release of each.
//!
//! Objects are as large as they are in clusters: containers with variables, probes and volumes, what an injector adds to
//! pods, who wrote which field. Nothing here knows what the controller keeps of them.

use serde_json::{Map, Value, json};

/// How many Services there are.
pub(super) const MANY: usize = if cfg!(debug_assertions) { 200 } else { 1_000 };

/// How many of them get a new version at once.
pub(super) const ACTIVE: usize = MANY / 10;

/// How many a namespace has: there are twenty namespaces.
const IN_A_NAMESPACE: usize = MANY / 20;

/// How many pods each has.
const PODS: usize = 2;

/// How many old `ReplicaSet`s a Deployment keeps: what `revisionHistoryLimit` is by default.
const HISTORY: usize = 10;

/// An object, and the path of its collection.
pub(super) type Object = (&'static str, Value);

pub(super) const PODS_PATH: &str = "api/v1/pods";
pub(super) const SLICES_PATH: &str = "apis/discovery.k8s.io/v1/endpointslices";
pub(super) const SETS_PATH: &str = "apis/apps/v1/replicasets";
pub(super) const DEPLOYMENTS_PATH: &str = "apis/apps/v1/deployments";

/// Everything there is before the controller comes.
pub(super) fn all() -> impl Iterator<Item = Object> {
    (0..MANY).flat_map(app)
}

fn app(index: usize) -> Vec<Object> {
    let (namespace, name) = (format!("team-{:02}", index / IN_A_NAMESPACE), format!("app-{index:04}"));
    let current = template(&name, &format!("registry.example.com/shop/{name}:v1"));
    let pods: Vec<String> = (0..PODS).map(|pod| format!("{name}-v1hash-{pod}")).collect();
    let mut objects = vec![
        ("api/v1/services", service(&namespace, &name)),
        (DEPLOYMENTS_PATH, deployment(&namespace, &name, &current)),
        (SETS_PATH, replica_set(&namespace, &name, "v1hash", PODS, &current)),
        (SLICES_PATH, slice(&namespace, &name, &pods)),
        ("apis/graylane.io/v1alpha1/grayreleases", release(&namespace, &name)),
    ];
    objects.extend(pods.iter().map(|pod| (PODS_PATH, self::pod(&namespace, &name, "v1hash", pod))));
    objects.extend((0..HISTORY).map(|old| {
        let template = template(&name, &format!("registry.example.com/shop/{name}:v0.{old}"));
        (SETS_PATH, replica_set(&namespace, &name, &format!("old{old}hash"), 0, &template))
    }));
    objects
}

/// Metadata as they are stored: with who wrote which of these fields.
fn metadata(kind: &str, namespace: &str, name: &str, labels: &Value) -> Value {
    let fields: Map<String, Value> =
        (0..30).map(|at| (format!("f:field{at}"), json!({".": {}, "f:value": {}}))).collect();
    let wrote = |manager: &str| {
        json!({"manager": manager, "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
        "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:metadata": {"f:labels": fields}, "f:spec": fields}})
    };
    json!({"namespace": namespace, "name": name, "labels": labels, "uid": format!("00000000-0000-4000-8000-{kind}-{name}"),
        "creationTimestamp": "2026-01-01T00:00:00Z", "generation": 1,
        "managedFields": [wrote("kubectl-client-side-apply"), wrote("kube-controller-manager")]})
}

fn variables(count: usize) -> Vec<Value> {
    (0..count).map(|at| json!({"name": format!("SETTING_{at}"), "value": format!("value-of-setting-{at}")})).collect()
}

fn container(name: &str, image: &str, settings: usize) -> Value {
    let probe = json!({"httpGet": {"path": "/ready", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 5,
        "failureThreshold": 3, "successThreshold": 1, "timeoutSeconds": 1});
    json!({"name": name, "image": image, "imagePullPolicy": "IfNotPresent", "env": variables(settings),
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "readinessProbe": probe, "livenessProbe": probe,
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/app"}, {"name": "scratch", "mountPath": "/tmp"}]})
}

fn template(app: &str, image: &str) -> Value {
    json!({"metadata": {"labels": {"app": app, "team": "shop"}, "annotations": {"prometheus.io/scrape": "true"}},
        "spec": {"containers": [container("app", image, 20)],
            "volumes": [{"name": "settings", "configMap": {"name": app, "defaultMode": 420}}, {"name": "scratch", "emptyDir": {}}],
            "serviceAccountName": app, "restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
            "schedulerName": "default-scheduler", "securityContext": {}, "terminationGracePeriodSeconds": 30}})
}

fn deployment(namespace: &str, name: &str, template: &Value) -> Value {
    let mut metadata = metadata("deploy", namespace, name, &json!({"app": name, "team": "shop"}));
    metadata["annotations"] = json!({"deployment.kubernetes.io/revision": "11",
        "kubectl.kubernetes.io/last-applied-configuration": template.to_string()});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
        "spec": {"replicas": PODS, "selector": {"matchLabels": {"app": name}}, "template": template, "revisionHistoryLimit": HISTORY},
        "status": {"replicas": PODS, "readyReplicas": PODS, "availableReplicas": PODS, "observedGeneration": 1}})
}

fn replica_set(namespace: &str, app: &str, hash: &str, pods: usize, template: &Value) -> Value {
    let mut template = template.clone();
    template["metadata"]["labels"]["pod-template-hash"] = json!(hash);
    let mut metadata = metadata("rs", namespace, &format!("{app}-{hash}"), &template["metadata"]["labels"]);
    metadata["annotations"] = json!({"deployment.kubernetes.io/desired-replicas": "2", "deployment.kubernetes.io/max-replicas": "3",
        "deployment.kubernetes.io/revision": "1"});
    metadata["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": app, "controller": true,
        "blockOwnerDeletion": true, "uid": format!("00000000-0000-4000-8000-deploy-{app}")}]);
    json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata,
        "spec": {"replicas": pods, "selector": {"matchLabels": {"app": app, "pod-template-hash": hash}}, "template": template},
        "status": {"replicas": pods, "readyReplicas": pods, "availableReplicas": pods, "observedGeneration": 1}})
}

/// A ready pod with a sidecar.
pub(super) fn pod(namespace: &str, app: &str, hash: &str, name: &str) -> Value {
    let mut spec = template(app, "registry.example.com/shop/app:v1")["spec"].take();
    let sidecar = container("istio-proxy", "docker.io/istio/proxyv2:1.30.0", 30);
    spec["initContainers"] = json!([container("istio-init", "docker.io/istio/proxyv2:1.30.0", 5)]);
    if let Some(containers) = spec["containers"].as_array_mut() {
        containers.push(sidecar);
    }
    let mut metadata = metadata(
        "pod",
        namespace,
        name,
        &json!({"app": app, "team": "shop", "pod-template-hash": hash,
        "security.istio.io/tlsMode": "istio", "service.istio.io/canonical-name": app, "service.istio.io/canonical-revision": "latest"}),
    );
    metadata["annotations"] = json!({"prometheus.io/scrape": "true", "sidecar.istio.io/status":
        json!({"initContainers": ["istio-init"], "containers": ["istio-proxy"], "volumes": variables(8)}).to_string()});
    let status = |container: &str| {
        json!({"name": container, "ready": true, "started": true, "restartCount": 0,
        "image": "docker.io/istio/proxyv2:1.30.0", "imageID": "docker.io/istio/proxyv2@sha256:0123456789abcdef",
        "containerID": "containerd://0123456789abcdef", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}})
    };
    let conditions: Vec<Value> = ["Initialized", "Ready", "ContainersReady", "PodScheduled"]
        .map(|kind| json!({"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}))
        .into();
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec,
        "status": {"phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}], "hostIP": "10.1.0.1",
            "conditions": conditions, "containerStatuses": [status("app"), status("istio-proxy")],
            "startTime": "2026-01-01T00:00:00Z", "qosClass": "Burstable"}})
}

fn service(namespace: &str, name: &str) -> Value {
    let metadata = metadata("service", namespace, name, &json!({"app": name}));
    json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata,
        "spec": {"selector": {"app": name}, "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "type": "ClusterIP",
            "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]},
        "status": {"loadBalancer": {}}})
}

/// The endpoints of a Service: these pods, all of them ready.
pub(super) fn slice(namespace: &str, service: &str, pods: &[String]) -> Value {
    let endpoint = |pod: &String| {
        json!({"addresses": ["10.0.0.1"], "conditions": {"ready": true, "serving": true, "terminating": false},
        "nodeName": "node-1", "targetRef": {"kind": "Pod", "namespace": namespace, "name": pod, "uid": "0123456789abcdef"}})
    };
    let labels = json!({"kubernetes.io/service-name": service, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"});
    json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": metadata("slice", namespace, &format!("{service}-a"), &labels),
        "addressType": "IPv4", "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        "endpoints": pods.iter().map(endpoint).collect::<Vec<_>>()})
}

fn release(namespace: &str, name: &str) -> Value {
    let steps = json!([{"setWeight": 10}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "5m"}}]);
    let rule = json!({"name": "testers", "when": {"header": {"name": "x-user", "exact": "tester"}}});
    json!({"apiVersion": "graylane.io/v1alpha1", "kind": "GrayRelease",
        "metadata": metadata("release", namespace, name, &json!({"team": "shop"})),
        "spec": {"workloads": [{"service": name, "deployment": name}], "rules": [rule], "strategy": {"canary": {"steps": steps}}}})
}

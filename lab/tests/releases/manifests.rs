//! What people apply: the shop, and a release of it.

/// The one release of a shop.
pub(crate) const RELEASE: &str = "checkout";

/// The routes of a shop's own, from the gateway to where requests come in.
pub(crate) const ROUTES: &str = "shop";

/// Ten percent, then half, each for as long as nobody says otherwise.
pub(crate) const BY_HALVES: &str = "[{setWeight: 10}, {pause: {}}, {setWeight: 50}, {pause: {}}]";

/// The namespace, and the way of requests from the gateway to the first service.
pub(crate) fn entry(namespace: &str, first: &str) -> String {
    format!(
        "apiVersion: v1
kind: Namespace
metadata: {{name: {namespace}, labels: {{istio-injection: enabled}}}}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: shop, namespace: {namespace}}}
spec:
  selector: {{istio: gateway}}
  servers: [{{port: {{number: 8080, name: http, protocol: HTTP}}, hosts: [{namespace}.example]}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {ROUTES}, namespace: {namespace}}}
spec:
  gateways: [shop]
  hosts: [{namespace}.example]
  http: [{{route: [{{destination: {{host: {first}.{namespace}.svc.cluster.local, port: {{number: 80}}}}}}]}}]
"
    )
}

/// A service of the shop, and the Deployment behind it.
pub(crate) fn service(namespace: &str, name: &str, version: &str, replicas: u32) -> String {
    let labels = format!("{{app: {name}}}");
    format!("{}---\n{}", address(namespace, name), deployment(namespace, name, name, version, &labels, replicas))
}

/// A service of the shop, whatever serves it.
pub(crate) fn address(namespace: &str, name: &str) -> String {
    let protocol = if name == "stock" { "grpc" } else { "http" };
    format!(
        "apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{selector: {{app: {name}}}, ports: [{{name: {protocol}, port: 80, targetPort: 8080}}]}}
"
    )
}

/// A Deployment called `name` that serves a service in a version. The pause before a pod ends is what a mesh needs to send
/// nobody there any more; one that answers its probe late, because the machine has other things to do, is not taken away.
pub(crate) fn deployment(
    namespace: &str,
    name: &str,
    service: &str,
    version: &str,
    labels: &str,
    replicas: u32,
) -> String {
    let next = match service {
        "web" => Some("cart"),
        "cart" => Some("stock"),
        _ => None,
    };
    let calls = next.map_or_else(String::new, |next| {
        format!(
            "\n        - {{name: SHOP_NEXT, value: {next}.{namespace}.svc.cluster.local}}\n        - {{name: SHOP_EGRESS, value: '127.0.0.1:80'}}"
        )
    });
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {labels}}}
  template:
    metadata: {{labels: {labels}}}
    spec:
      terminationGracePeriodSeconds: 10
      containers:
      - name: app
        image: shop:{version}
        env:
        - {{name: SHOP_SERVICE, value: {service}}}
        - {{name: SHOP_LISTEN, value: '127.0.0.1:8080'}}{calls}
        readinessProbe: {{httpGet: {{path: /healthz, port: 8080}}, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 6}}
        lifecycle: {{preStop: {{sleep: {{seconds: 2}}}}}}
"
    )
}

/// A workload of a release: a service, with the `VirtualService` that leads to it, if it is to be told.
pub(crate) fn workload(service: &str, routes: Option<&str>) -> String {
    let routes = routes.map_or_else(String::new, |routes| format!(", virtualServices: [{routes}]"));
    format!("{{service: {service}, deployment: {service}{routes}}}")
}

/// A release of workloads by these steps. `more` is more of the spec.
pub(crate) fn release(namespace: &str, workloads: &[String], steps: &str, more: &str) -> String {
    format!(
        "apiVersion: graylane.io/v1alpha1
kind: GrayRelease
metadata: {{name: {RELEASE}, namespace: {namespace}}}
spec:
  lane: gray-{namespace}
  identity: [{{header: x-user-id}}]
  workloads: [{}]
  strategy: {{canary: {{scaleDownDelaySeconds: 2, steps: {steps}}}}}
  {more}
",
        workloads.join(", ")
    )
}

/// An autoscaler of a Deployment, between `least` and `most` pods, by what the app does without its proxy. It changes its mind
/// within seconds, as nobody would have it who pays for pods.
pub(crate) fn autoscaler(namespace: &str, name: &str, least: u32, most: u32) -> String {
    format!(
        "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}
  minReplicas: {least}
  maxReplicas: {most}
  metrics:
  - type: ContainerResource
    containerResource: {{name: cpu, container: app, target: {{type: Utilization, averageUtilization: 40}}}}
  behavior: {{scaleDown: {{stabilizationWindowSeconds: 10}}}}
"
    )
}

/// The policy of the mesh.
pub(crate) fn policy(delivery: &str) -> String {
    format!(
        "{{apiVersion: graylane.io/v1alpha1, kind: MeshPolicy, metadata: {{name: default}}, spec: {{delivery: {delivery}}}}}"
    )
}

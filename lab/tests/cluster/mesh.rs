//! The mesh: gateway, sidecars and istiod as they are in a cluster.

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use libtest_mimic::Trial;
use tokio::time::{Instant, sleep};

use crate::fixture::{PATIENCE, PERIOD, address, get, is_ready};
use crate::{Shared, trial};

pub(crate) fn trials(shared: &Shared) -> Vec<Trial> {
    vec![trial(shared, "a_request_goes_through_gateway_and_sidecars_along_the_chain", |cluster| async move {
        cluster.apply(CHAIN).await?;
        let with_proxy = |pod: &Pod| is_ready(pod) && proxies(pod) == 1;
        let both = |pods: &[Pod]| pods.len() == 2 && pods.iter().all(with_proxy);
        let pods = cluster.pods_where("mesh", "two apps with proxies", both).await?;
        let is_gateway = |pod: &Pod| is_ready(pod) && pod.labels().get("istio").is_some_and(|name| name == "gateway");
        let gateways = cluster.pods_where("istio-system", "a gateway", |pods| pods.iter().any(is_gateway)).await?;
        let url = format!("http://{}:8080/", address(&gateways[0])?);
        let body = until_served(&url).await?;
        ensure!(body.contains("\"cart\"") && body.contains("\"stock\""), "{body}");
        through_the_sidecars(&pods).await
    })]
}

/// Apps listen on loopback only: whatever answers at the address of a pod is its proxy, which hands it on.
async fn through_the_sidecars(pods: &[Pod]) -> Result<()> {
    for pod in pods {
        let address = address(pod)?;
        let (status, body) = get(&format!("http://{address}:8080/healthz"), &[]).await?;
        ensure!((status, body.trim()) == (200, "ok"), "{}: {status} {body}", pod.name_any());
        let (status, metrics) = get(&format!("http://{address}:15090/stats/prometheus"), &[]).await?;
        ensure!(status == 200 && metrics.contains("envoy_"), "{}: {status} {metrics}", pod.name_any());
    }
    Ok(())
}

fn proxies(pod: &Pod) -> usize {
    let sidecars = pod.status.as_ref().and_then(|status| status.init_container_statuses.as_ref());
    sidecars.map_or(0, |sidecars| sidecars.iter().filter(|one| one.ready && one.name == "istio-proxy").count())
}

/// Routes come a moment after pods.
async fn until_served(url: &str) -> Result<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = get(url, &[("host", "shop.example")]).await;
        if let Ok((200, body)) = answer {
            return Ok(body);
        }
        ensure!(Instant::now() < deadline, "the chain does not answer: {answer:?}");
        sleep(PERIOD).await;
    }
}

/// cart calls stock by its sidecar: by the outbound listener that Istio binds for the port of the service.
const CHAIN: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: mesh, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: stock, namespace: mesh}
spec:
  selector: {matchLabels: {app: stock}}
  template:
    metadata: {labels: {app: stock}}
    spec:
      containers:
      - name: stock
        image: shop:v1
        env: [{name: SHOP_SERVICE, value: stock}, {name: SHOP_LISTEN, value: '127.0.0.1:8080'}]
        readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: mesh}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec:
      containers:
      - name: cart
        image: shop:v1
        env:
        - {name: SHOP_SERVICE, value: cart}
        - {name: SHOP_LISTEN, value: '127.0.0.1:8080'}
        - {name: SHOP_NEXT, value: stock.mesh.svc.cluster.local}
        - {name: SHOP_EGRESS, value: '127.0.0.1:80'}
        readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: stock, namespace: mesh}
spec: {selector: {app: stock}, ports: [{name: grpc, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: mesh}
spec: {selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: mesh}
spec:
  selector: {istio: gateway}
  servers: [{port: {number: 8080, name: http, protocol: HTTP}, hosts: ['*']}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: mesh}
spec:
  gateways: [shop]
  hosts: ['*']
  http: [{route: [{destination: {host: cart.mesh.svc.cluster.local, port: {number: 80}}}]}]
";

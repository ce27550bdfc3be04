//! A shop with a gray environment beside base, and who asks it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::cluster::{Cluster, until};

/// A namespace with cart, which calls stock, each in base and in a gray environment, behind the gateway.
pub(crate) struct Shop {
    pub(crate) namespace: &'static str,
    url: String,
}

impl Shop {
    pub(crate) async fn open(cluster: &Cluster, namespace: &'static str) -> Result<Self> {
        cluster.apply(&entry(namespace)).await?;
        for service in ["stock", "cart"] {
            for version in ["v1", "gray"] {
                cluster.apply(&deployment(namespace, service, version)).await?;
            }
        }
        let shop = Self { namespace, url: format!("http://{}/", cluster.gateway().await?) };
        until("the shop answers", || async { shop.ask(None).await.map(Some) }).await?;
        Ok(shop)
    }

    /// The versions that one request meets, the first one first; `user` says who asks.
    pub(crate) async fn ask(&self, user: Option<&'static str>) -> Result<Vec<String>> {
        let host = format!("{}.example", self.namespace);
        let mut request = minreq::get(&self.url).with_header("host", host).with_timeout(10);
        if let Some(user) = user {
            request = request.with_header("x-user", user);
        }
        let answer = tokio::task::spawn_blocking(|| request.send()).await??;
        ensure!(answer.status_code == 200, "{}: {}", answer.status_code, answer.as_str()?);
        let mut hop: Value = serde_json::from_str(answer.as_str()?)?;
        let mut versions = Vec::new();
        while let Some(version) = hop["version"].as_str() {
            versions.push(version.to_owned());
            hop = hop["next"].take();
        }
        Ok(versions)
    }

    /// Somebody who asks all the time, and counts what goes wrong.
    pub(crate) fn customer(self: &Arc<Self>) -> Customer {
        let (shop, leave) = (Arc::clone(self), Arc::new(AtomicBool::new(false)));
        let left = Arc::clone(&leave);
        let task = tokio::spawn(async move {
            let mut asked = 0;
            while !left.load(Ordering::Relaxed) {
                shop.ask(None).await?;
                asked += 1;
                sleep(Duration::from_millis(5)).await;
            }
            Ok(asked)
        });
        Customer { leave, task }
    }
}

/// Somebody who asks all the time.
pub(crate) struct Customer {
    leave: Arc<AtomicBool>,
    task: JoinHandle<Result<u32>>,
}

impl Customer {
    /// How many requests were answered; fails with the first one that was not.
    pub(crate) async fn leave(self) -> Result<u32> {
        self.leave.store(true, Ordering::Relaxed);
        self.task.await?
    }
}

fn entry(namespace: &str) -> String {
    let service = |name: &str, port: &str| {
        format!(
            "apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{selector: {{app: {name}}}, ports: [{{name: {port}, port: 80, targetPort: 8080}}]}}
---
"
        )
    };
    format!(
        "apiVersion: v1
kind: Namespace
metadata: {{name: {namespace}, labels: {{istio-injection: enabled}}}}
---
{}{}apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: shop, namespace: {namespace}}}
spec:
  selector: {{istio: gateway}}
  servers: [{{port: {{number: 8080, name: http, protocol: HTTP}}, hosts: [{namespace}.example]}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: shop, namespace: {namespace}}}
spec:
  gateways: [shop]
  hosts: [{namespace}.example]
  http: [{{timeout: 9s, route: [{{destination: {{host: cart.{namespace}.svc.cluster.local, port: {{number: 80}}}}}}]}}]
",
        service("cart", "http"),
        service("stock", "grpc"),
    )
}

fn deployment(namespace: &str, service: &str, version: &str) -> String {
    let name = if version == "v1" { service.to_owned() } else { format!("{service}-{version}") };
    let calls = if service == "cart" {
        format!(
            "\n        - {{name: SHOP_NEXT, value: stock.{namespace}.svc.cluster.local}}\n        - {{name: SHOP_EGRESS, value: '127.0.0.1:80'}}"
        )
    } else {
        String::new()
    };
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: {service}, version: {version}}}}}
  template:
    metadata: {{labels: {{app: {service}, version: {version}}}}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: app
        image: shop:{version}
        env:
        - {{name: SHOP_SERVICE, value: {service}}}
        - {{name: SHOP_LISTEN, value: '127.0.0.1:8080'}}{calls}
        readinessProbe: {{httpGet: {{path: /healthz, port: 8080}}, periodSeconds: 1}}
"
    )
}

/// The gray environment as a lane.
pub(crate) fn lane(namespace: &str) -> String {
    format!(
        "apiVersion: graylane.io/v1alpha1
kind: Lane
metadata: {{name: gray, namespace: {namespace}}}
spec:
  services:
  - {{service: cart, version: gray, virtualServices: [shop]}}
  - {{service: stock, version: gray}}
  rules:
  - {{name: testers, when: {{header: {{name: x-user, exact: tester}}}}}}
"
    )
}

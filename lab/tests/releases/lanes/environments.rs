//! A namespace with a gray environment beside base.

use anyhow::Result;

use crate::cluster::{Cluster, until};
use crate::load::{Load, versions};
use crate::manifests::entry;

/// A namespace with cart, which calls stock, each in base and in a gray environment, behind the gateway.
pub(super) struct Environments {
    pub(super) namespace: &'static str,
    gateway: String,
}

impl Environments {
    pub(super) async fn open(cluster: &Cluster, namespace: &'static str) -> Result<Self> {
        cluster.apply(&entry(namespace, "cart")).await?;
        for service in ["stock", "cart"] {
            cluster.apply(&service_of(namespace, service)).await?;
            for version in ["v1", "gray"] {
                cluster.apply(&deployment(namespace, service, version)).await?;
            }
        }
        let environments = Self { namespace, gateway: cluster.gateway().await? };
        for version in ["v1", "gray"] {
            // Without a lane, requests go to all pods.
            until("every version answers", || async {
                Ok((environments.ask("somebody").await? == [version, version]).then_some(()))
            })
            .await?;
        }
        Ok(environments)
    }

    fn host(&self) -> String {
        format!("{}.example", self.namespace)
    }

    /// The versions that a request of `user` meets, the first one first.
    pub(super) async fn ask(&self, user: &str) -> Result<Vec<String>> {
        versions(&self.gateway, &self.host(), user).await
    }

    /// Load of people who are in no lane, from here on.
    pub(super) fn load(&self) -> Load {
        Load::start(&self.gateway, &self.host())
    }
}

fn service_of(namespace: &str, name: &str) -> String {
    let protocol = if name == "stock" { "grpc" } else { "http" };
    format!(
        "apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{selector: {{app: {name}}}, ports: [{{name: {protocol}, port: 80, targetPort: 8080}}]}}
"
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

/// The gray environment as a lane, for a tester of that name.
pub(super) fn lane(namespace: &str, tester: &str) -> String {
    format!(
        "apiVersion: graylane.io/v1alpha1
kind: Lane
metadata: {{name: gray, namespace: {namespace}}}
spec:
  services:
  - {{service: cart, version: gray, virtualServices: [shop]}}
  - {{service: stock, version: gray}}
  rules:
  - {{name: testers, when: {{header: {{name: x-user-id, exact: {tester}}}}}}}
"
    )
}

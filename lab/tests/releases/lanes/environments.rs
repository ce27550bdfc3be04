//! A namespace with a gray environment beside base.

use anyhow::Result;

use crate::cluster::{Cluster, until};
use crate::load::{Load, Pace, Users, versions};
use crate::manifests::{address, deployment, entry};

/// A namespace with cart, which calls stock, each in base and in a gray environment, behind the gateway.
pub(super) struct Environments {
    pub(super) namespace: &'static str,
    gateway: String,
}

impl Environments {
    pub(super) async fn open(cluster: &Cluster, namespace: &'static str) -> Result<Self> {
        cluster.apply(&entry(namespace, "cart")).await?;
        for service in ["stock", "cart"] {
            cluster.apply(&address(namespace, service)).await?;
            for version in ["v1", "gray"] {
                cluster.apply(&environment(namespace, service, version)).await?;
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
        Load::start(&self.gateway, &self.host(), Pace::Usual, Users::New)
    }
}

/// The Deployment of a version; base has the service's own name.
fn environment(namespace: &str, service: &str, version: &str) -> String {
    let name = if version == "v1" { service.to_owned() } else { format!("{service}-{version}") };
    deployment(namespace, &name, service, version, &format!("{{app: {service}, version: {version}}}"), 1)
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

//! What is published in a cluster.

use graylane_core::{FilterConfig, Phase};
use kube::api::{Api, DynamicObject, ListParams};

use super::{Error, Operator};
use crate::cluster::{Kind, MANAGED, Placement, Specs, published_config};

impl Operator {
    /// The configuration that proxies of a phase are told: those of the operator's namespace, or any gateway.
    ///
    /// # Errors
    /// [`Error::NothingPublished`], or what the API server says.
    pub async fn published(&self, phase: Phase) -> Result<FilterConfig, Error> {
        let (label, manager) = MANAGED;
        let ours = ListParams::default().labels(&format!("{label}={manager}"));
        let (mut found, mut specs) = (Vec::new(), Specs::default());
        for kind in [Kind::WasmPlugin, Kind::EnvoyFilter] {
            let objects: Api<DynamicObject> = match phase {
                Phase::Gateway => Api::all_with(self.client.clone(), &kind.resource()),
                Phase::SidecarInbound | Phase::SidecarOutbound => {
                    Api::namespaced_with(self.client.clone(), &self.namespace, &kind.resource())
                }
            };
            match objects.list(&ours).await {
                Ok(listed) => {
                    found.extend(listed.items.into_iter().map(|object| Placement::kept(object, &mut specs)));
                }
                // Where Istio, or this part of it, is not installed, nothing is published by it.
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                Err(error) => return Err(self.fault(error)),
            }
        }
        published_config(&found, phase).ok_or_else(|| Error::NothingPublished { namespace: self.namespace.clone() })
    }
}

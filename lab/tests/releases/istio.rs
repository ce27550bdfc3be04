//! Istio's objects in the namespace of a shop.

use std::collections::BTreeMap;

use anyhow::Result;
use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::Value;

use crate::manifests::ROUTES;
use crate::shop::Shop;

/// What somebody has written in routes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OwnRoutes {
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    spec: Value,
}

impl OwnRoutes {
    /// The names of the routes, in order; of one without a name, nothing.
    pub(crate) fn names(&self) -> Vec<&str> {
        let routes = self.spec["http"].as_array().into_iter().flatten();
        routes.map(|route| route["name"].as_str().unwrap_or_default()).collect()
    }
}

impl Shop {
    fn istio(&self, group: &str, version: &str, kind: &str) -> Api<DynamicObject> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    pub(crate) fn routes(&self) -> Api<DynamicObject> {
        self.istio("networking.istio.io", "v1", "VirtualService")
    }

    pub(crate) fn destination_rules(&self) -> Api<DynamicObject> {
        self.istio("networking.istio.io", "v1", "DestinationRule")
    }

    pub(crate) fn wasm_plugins(&self) -> Api<DynamicObject> {
        self.istio("extensions.istio.io", "v1alpha1", "WasmPlugin")
    }

    pub(crate) fn envoy_filters(&self) -> Api<DynamicObject> {
        self.istio("networking.istio.io", "v1alpha3", "EnvoyFilter")
    }

    /// The routes of stock that a release has laid; `None`: there are none.
    pub(crate) async fn routed(&self) -> Result<Option<Value>> {
        let routes = self.routes().get_opt("graylane-stock").await?;
        Ok(routes.and_then(|routes| routes.data.pointer("/spec/http").cloned()))
    }

    /// The shop's own routes, with everything that somebody can write in them.
    pub(crate) async fn own_routes(&self) -> Result<OwnRoutes> {
        let DynamicObject { metadata, data, .. } = self.routes().get(ROUTES).await?;
        let (labels, annotations) = (metadata.labels, metadata.annotations);
        Ok(OwnRoutes { labels, annotations, spec: data.get("spec").cloned().unwrap_or_default() })
    }
}

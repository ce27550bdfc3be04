//! The objects of a cluster, as they were last seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::DynamicObject;

use super::ModuleSource;
use crate::api::{GrayRelease, Lane, MeshPolicy};

/// The objects of a cluster, as they were last seen.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// The releases.
    pub releases: Vec<Arc<GrayRelease>>,
    /// The standing lanes.
    pub lanes: Vec<Arc<Lane>>,
    /// The policy of the mesh.
    pub policy: Option<Arc<MeshPolicy>>,
    /// The Deployments.
    pub deployments: Vec<Arc<Deployment>>,
    /// The `ReplicaSet`s.
    pub replica_sets: Vec<Arc<ReplicaSet>>,
    /// The Services.
    pub services: Vec<Arc<Service>>,
    /// The endpoints of Services.
    pub endpoint_slices: Vec<Arc<EndpointSlice>>,
    /// The pods.
    pub pods: Vec<Arc<Pod>>,
    /// Istio's `DestinationRule`s.
    pub destination_rules: Vec<Arc<DynamicObject>>,
    /// Istio's `VirtualService`s.
    pub virtual_services: Vec<Arc<DynamicObject>>,
    /// Istio's `WasmPlugin`s.
    pub wasm_plugins: Vec<Arc<DynamicObject>>,
    /// The generation that each proxy reported last, by `NAMESPACE/POD`.
    pub reports: BTreeMap<String, u64>,
}

/// What holds for as long as the controller runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where proxies get the module from.
    pub module: ModuleSource,
    /// The controller's own namespace, where what is published stands even while there is no proxy.
    pub namespace: String,
}

//! The objects of a cluster, as they were last seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use graylane_core::config::Secret;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::DynamicObject;

use super::{ModuleSource, NoSecret, Report};
use crate::api::{GrayRelease, Lane, MeshPolicy, SecretRef};

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
    /// What scales Deployments.
    pub autoscalers: Vec<Arc<HorizontalPodAutoscaler>>,
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
    /// Istio's `EnvoyFilter`s.
    pub envoy_filters: Vec<Arc<DynamicObject>>,
    /// The secrets that the policy of the mesh names, or why there is none.
    pub secrets: BTreeMap<SecretRef, Result<Secret, NoSecret>>,
    /// What each proxy reported last, by `NAMESPACE/POD`.
    pub reports: BTreeMap<String, Report>,
}

/// What holds for as long as the controller runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where proxies get the module from.
    pub module: ModuleSource,
    /// The controller's own namespace, where what is published stands even while there is no proxy.
    pub namespace: String,
}

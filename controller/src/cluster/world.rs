//! The objects of a cluster, as they were last seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use graylane_core::config::Secret;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::DynamicObject;

use super::{Kept, ModuleSource, NoSecret, Objects, Placement, PodProxy, Replicas, Report, Rollout};
use crate::api::{GrayRelease, Lane, MeshPolicy, SecretRef};

/// The objects of a cluster, as they were last seen.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// The releases.
    pub releases: Objects<GrayRelease>,
    /// The namespaces and names of releases that are there and can not be read.
    pub unread_releases: BTreeSet<(String, String)>,
    /// The standing lanes.
    pub lanes: Objects<Lane>,
    /// The policy of the mesh.
    pub policy: Option<Arc<MeshPolicy>>,
    /// The Deployments.
    pub deployments: Objects<Kept<Rollout>>,
    /// The `ReplicaSet`s.
    pub replica_sets: Objects<Kept<Replicas>>,
    /// What scales Deployments.
    pub autoscalers: Objects<HorizontalPodAutoscaler>,
    /// The Services.
    pub services: Objects<Service>,
    /// The endpoints of Services.
    pub endpoint_slices: Objects<EndpointSlice>,
    /// The pods.
    pub pods: Objects<Kept<PodProxy>>,
    /// Istio's `DestinationRule`s.
    pub destination_rules: Objects<DynamicObject>,
    /// Istio's `VirtualService`s.
    pub virtual_services: Objects<DynamicObject>,
    /// Istio's `WasmPlugin`s.
    pub wasm_plugins: Objects<Kept<Placement>>,
    /// Istio's `EnvoyFilter`s.
    pub envoy_filters: Objects<Kept<Placement>>,
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

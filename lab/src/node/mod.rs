//! A node: binds pods to itself and runs them as processes, each pod at an address and in a network of its own.
//!
//! What a release can observe of a kubelet is so here: conditions and container states come from processes that run and
//! from probes that are asked, a container that ends is started again and later and later, deletion runs `preStop`,
//! waits the grace period, and stops sidecars last. Services have their addresses and names, and what pods use is measured
//! for whoever asks. What is not: images are programs of this machine ([`Images`]); there are no volumes, no other init
//! containers than sidecars, and no limits of resources.

mod container;
mod environment;
mod image;
mod metrics;
mod network;
mod pod;
mod probe;
mod program;
mod reporter;
mod services;
mod snapshot;
mod status;
mod watch;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU16;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node as NodeObject, Pod};
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::folder::Folder;
use crate::http::HttpClient;

pub use image::{Image, Images, NoImage};
pub use metrics::NoMetrics;

/// The name of the one node.
pub const NAME: &str = "lab";

/// A node that runs. Dropping it kills its pods.
pub struct Node {
    site: Arc<Site>,
    pods: JoinHandle<()>,
    services: JoinHandle<()>,
    metrics: JoinHandle<()>,
}

/// Why there is no node.
#[derive(Debug, thiserror::Error)]
pub enum NoNode {
    /// The API server refuses it.
    #[error("the API server takes no node from us: {0}")]
    Refused(#[from] kube::Error),
    /// What its pods use is not told.
    #[error(transparent)]
    Metrics(#[from] NoMetrics),
}

/// What all pods of a node share.
struct Site {
    client: Client,
    folder: Folder,
    images: Images,
    http: HttpClient,
    /// The last address given away, in [`crate::namespace::POD_NETWORK`]; the lab itself has the first.
    last_address: AtomicU16,
    /// Processes of containers, for tests that end them.
    processes: Mutex<BTreeMap<ContainerName, u32>>,
}

/// One container of one pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainerName {
    /// The namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
}

impl Node {
    /// Registers the node, and runs what is or will be bound to it.
    ///
    /// # Errors
    /// [`NoNode`]: what the API server says.
    pub async fn start(client: Client, folder: Folder, images: Images) -> Result<Self, NoNode> {
        if let Err(error) = services::take_the_place_of_the_hosts_file(&folder).await {
            tracing::warn!("names of Services are not known here: {error}");
        }
        register(&client).await?;
        let site = Arc::new(Site {
            client,
            folder,
            images,
            http: HttpClient::new(),
            last_address: AtomicU16::new(1),
            processes: Mutex::default(),
        });
        let services = tokio::spawn(services::run(site.client.clone(), site.folder.clone()));
        let pods = tokio::spawn(watch::run(Arc::clone(&site)));
        let metrics = metrics::serve(Arc::clone(&site)).await?;
        Ok(Self { site, pods, services, metrics })
    }

    /// The number of the process that a container is, inside the lab.
    #[must_use]
    pub fn process(&self, container: &ContainerName) -> Option<u32> {
        self.site.with_processes(|processes| processes.get(container).copied())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.pods.abort();
        self.services.abort();
        self.metrics.abort();
    }
}

impl Site {
    fn with_processes<T>(&self, used: impl FnOnce(&mut BTreeMap<ContainerName, u32>) -> T) -> T {
        used(&mut self.processes.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn pods(&self, namespace: &str) -> Api<Pod> {
        Api::namespaced(self.client.clone(), namespace)
    }
}

/// A node that is ready for as long as it is in the API server: nobody here doubts it.
async fn register(client: &Client) -> Result<(), kube::Error> {
    let nodes: Api<NodeObject> = Api::all(client.clone());
    let patch = PatchParams::apply("graylane-lab").force();
    let object = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": NAME, "labels": {"kubernetes.io/hostname": NAME, "kubernetes.io/os": "linux"}},
    });
    nodes.patch(NAME, &patch, &Patch::Apply(&object)).await?;
    let status = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "status": {
            "conditions": [{"type": "Ready", "status": "True", "reason": "LabRuns", "message": "the lab runs"}],
            "addresses": [{"type": "InternalIP", "address": crate::namespace::LAB_ADDRESS}],
            "capacity": {"cpu": "64", "memory": "64Gi", "pods": "500"},
            "allocatable": {"cpu": "64", "memory": "64Gi", "pods": "500"},
        },
    });
    nodes.patch_status(NAME, &patch, &Patch::Apply(&status)).await?;
    Ok(())
}

/// How long is waited before the API server is asked again for what must succeed in the end.
const AGAIN: Duration = Duration::from_millis(500);

//! The life of one pod: network, sidecars, containers; and back.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::{Container, Pod};
use kube::ResourceExt;
use kube::api::{DeleteParams, Preconditions};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::container::Running;
use super::network::PodNetwork;
use super::reporter::Reporter;
use super::watch::Wish;
use super::{AGAIN, Site};

/// What is left to a sidecar when the containers have used up all of the grace period, as a kubelet has it.
const SIDECAR_GRACE: Duration = Duration::from_secs(2);

/// Lives until the pod is to end, and then takes it out of the API server.
pub(super) async fn live(site: Arc<Site>, pod: Pod, mut wish: watch::Receiver<Wish>) {
    let pod = Arc::new(pod);
    let network = loop {
        match PodNetwork::make(&site).await {
            Ok(network) => break Arc::new(network),
            Err(error) => tracing::warn!("pod \"{}\" has no network yet: {error}", pod.name_any()),
        }
        sleep(AGAIN).await;
    };
    let reporter = Reporter::start(Arc::clone(&site), Arc::clone(&pod), network.address);
    let mut tenants = Tenants { sidecars: Vec::new(), containers: Vec::new() };
    let start = |container| Running::start(Arc::clone(&site), Arc::clone(&pod), Arc::clone(&network), container);
    let grace = tokio::select! {
        () = tenants.start(&pod, start, &reporter) => until_the_end(&mut wish).await,
        grace = until_the_end(&mut wish) => grace,
    };
    tenants.stop(grace).await;
    reporter.finish().await;
    remove(&site, &pod).await;
    drop(tenants);
    if let Ok(network) = Arc::try_unwrap(network) {
        network.end().await;
    }
    // Logs are elsewhere, and stay.
    let _ = std::fs::remove_dir_all(site.folder.pods().join(pod.uid().unwrap_or_default()));
}

async fn until_the_end(wish: &mut watch::Receiver<Wish>) -> Duration {
    // Without a sender the node itself is ending, and time is up.
    match wish.wait_for(|wish| *wish != Wish::Run).await.as_deref() {
        Ok(Wish::End { grace }) => Duration::from_secs(*grace),
        Ok(Wish::Run) | Err(_) => Duration::ZERO,
    }
}

struct Tenants {
    sidecars: Vec<Running>,
    containers: Vec<Running>,
}

impl Tenants {
    /// Sidecars one after the other, each when the one before has started; then all containers.
    async fn start(&mut self, pod: &Pod, start: impl Fn(Container) -> Running, reporter: &Reporter) {
        let Some(spec) = &pod.spec else { return };
        for sidecar in spec.init_containers.iter().flatten() {
            let sidecar = start(sidecar.clone());
            reporter.follow(&sidecar);
            self.sidecars.push(sidecar);
            if let Some(sidecar) = self.sidecars.last_mut() {
                sidecar.started().await;
            }
        }
        for container in &spec.containers {
            let container = start(container.clone());
            reporter.follow(&container);
            self.containers.push(container);
        }
    }

    /// All containers at once, then sidecars in reverse order.
    async fn stop(&mut self, grace: Duration) {
        let deadline = Instant::now() + grace;
        join_all(self.containers.iter_mut().map(|container| container.stop(deadline))).await;
        let deadline = deadline.max(Instant::now() + SIDECAR_GRACE);
        for sidecar in self.sidecars.iter_mut().rev() {
            sidecar.stop(deadline).await;
        }
    }
}

/// Only the very pod, and until the API server agrees.
async fn remove(site: &Site, pod: &Pod) {
    let preconditions = Preconditions { uid: pod.uid(), resource_version: None };
    let now =
        DeleteParams { grace_period_seconds: Some(0), preconditions: Some(preconditions), ..DeleteParams::default() };
    let pods = site.pods(&pod.namespace().unwrap_or_default());
    loop {
        match pods.delete(&pod.name_any(), &now).await {
            Ok(_) => return,
            Err(kube::Error::Api(answer)) if answer.code == 404 || answer.code == 409 => return,
            Err(error) => tracing::debug!("pod \"{}\" can not be removed yet: {error}", pod.name_any()),
        }
        sleep(AGAIN).await;
    }
}

//! Telling the API server how a pod is, whenever that changes.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, PodStatus};
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::container::Running;
use super::snapshot::Snapshot;
use super::status::{Moment, status};
use super::{AGAIN, Site};

/// Tells of one pod.
pub(super) struct Reporter {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    site: Arc<Site>,
    pod: Arc<Pod>,
    address: Ipv4Addr,
    since: Timestamp,
    followed: Mutex<Vec<(String, watch::Receiver<Snapshot>)>>,
    changed: Notify,
}

impl Reporter {
    pub(super) fn start(site: Arc<Site>, pod: Arc<Pod>, address: Ipv4Addr) -> Self {
        let shared = Arc::new(Shared {
            site,
            pod,
            address,
            since: Timestamp::now(),
            followed: Mutex::default(),
            changed: Notify::new(),
        });
        shared.changed.notify_one();
        Self { task: tokio::spawn(Arc::clone(&shared).run()), shared }
    }

    /// Tells of this container, too.
    pub(super) fn follow(&self, container: &Running) {
        let snapshot = container.snapshot.clone();
        lock(&self.shared.followed).push((container.name.clone(), snapshot.clone()));
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let mut snapshot = snapshot;
            // Until the container's life is over, and with it its last word.
            while snapshot.changed().await.is_ok() {
                shared.changed.notify_one();
            }
        });
        self.shared.changed.notify_one();
    }

    /// Tells the last state, once: whoever removes the pod does not depend on it.
    pub(super) async fn finish(self) {
        self.task.abort();
        let last = self.shared.status(None);
        let _ = self.shared.patch(&last).await;
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn run(self: Arc<Self>) {
        let mut told: Option<PodStatus> = self.pod.status.clone();
        loop {
            self.changed.notified().await;
            let now = self.status(told.as_ref());
            if told.as_ref() == Some(&now) {
                continue;
            }
            match self.patch(&now).await {
                Ok(()) => told = Some(now),
                Err(kube::Error::Api(answer)) if answer.code == 404 => return,
                Err(error) => {
                    tracing::debug!("pod \"{}\" can not be told of just now: {error}", self.pod.name_any());
                    sleep(AGAIN).await;
                    self.changed.notify_one();
                }
            }
        }
    }

    fn status(&self, told: Option<&PodStatus>) -> PodStatus {
        let followed = lock(&self.followed);
        let snapshots = followed.iter().map(|(name, snapshot)| (name.clone(), snapshot.borrow().clone())).collect();
        let moment = Moment { now: Timestamp::now(), since: self.since, address: self.address, snapshots };
        status(&self.pod, told, &moment)
    }

    /// The uid keeps it from another pod of the same name.
    async fn patch(&self, status: &PodStatus) -> Result<(), kube::Error> {
        let pods = self.site.pods(&self.pod.namespace().unwrap_or_default());
        let patch = Patch::Merge(json!({"metadata": {"uid": self.pod.uid()}, "status": status}));
        pods.patch_status(&self.pod.name_any(), &PatchParams::default(), &patch).await.map(drop)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

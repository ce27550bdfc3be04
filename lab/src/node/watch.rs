//! Which pods there are: binding those that wait, running those that are bound, forgetting those that are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt;
use graylane::observe::Pauses;
use k8s_openapi::api::core::v1::{Binding, ObjectReference, Pod};
use kube::api::{Api, ObjectMeta, PostParams};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch_all};
use kube::{Client, ResourceExt};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{NAME, Site, pod};

/// What a pod is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// To run.
    Run,
    /// To end within so many seconds.
    End {
        /// The grace period.
        grace: u64,
    },
}

/// A pod that runs here.
struct Tenant {
    wish: watch::Sender<Wish>,
    life: JoinHandle<()>,
}

/// Watches for as long as the lab lives; pods stay while the API server is away.
pub(super) async fn run(site: Arc<Site>) {
    let pods: Api<Pod> = Api::all(site.client.clone());
    let events = watch_all(pods, watcher::Config::default()).backoff(Pauses::default());
    let mut events = pin!(events);
    let mut tenants = Tenants { site, by_uid: BTreeMap::new(), seen: BTreeSet::new() };
    loop {
        match events.try_next().await {
            Ok(Some(event)) => tenants.on(event).await,
            Ok(None) => return,
            Err(error) => tracing::debug!("pods can not be watched just now: {error}"),
        }
    }
}

struct Tenants {
    site: Arc<Site>,
    by_uid: BTreeMap<String, Tenant>,
    /// Those of the list that is being read.
    seen: BTreeSet<String>,
}

impl Tenants {
    async fn on(&mut self, event: Event<Pod>) {
        match event {
            Event::Init => self.seen.clear(),
            Event::InitApply(pod) => {
                self.seen.extend(pod.uid());
                self.there_is(pod).await;
            }
            Event::InitDone => {
                let gone: Vec<_> = self.by_uid.keys().filter(|uid| !self.seen.contains(*uid)).cloned().collect();
                for uid in gone {
                    self.forget(&uid);
                }
            }
            Event::Apply(pod) => self.there_is(pod).await,
            Event::Delete(pod) => self.forget(&pod.uid().unwrap_or_default()),
        }
    }

    async fn there_is(&mut self, pod: Pod) {
        let Some(uid) = pod.uid() else { return };
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
        match node {
            None if pod.metadata.deletion_timestamp.is_none() => bind(&self.site.client, &pod).await,
            Some(NAME) => {
                let wish = wish(&pod);
                let site = &self.site;
                let tenant = self.by_uid.entry(uid).or_insert_with(|| {
                    let (told, asked) = watch::channel(wish);
                    Tenant { wish: told, life: tokio::spawn(pod::live(Arc::clone(site), pod, asked)) }
                });
                tenant.wish.send_replace(wish);
            }
            None | Some(_) => {}
        }
    }

    /// Whoever is not in the API server any more has no time left: its processes end with the task.
    fn forget(&mut self, uid: &str) {
        if let Some(tenant) = self.by_uid.remove(uid) {
            tenant.life.abort();
        }
    }
}

fn wish(pod: &Pod) -> Wish {
    if pod.metadata.deletion_timestamp.is_none() {
        return Wish::Run;
    }
    let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or_default();
    Wish::End { grace: u64::try_from(grace).unwrap_or_default() }
}

/// All that is left of a scheduler where there is one node.
async fn bind(client: &Client, pod: &Pod) {
    let pods: Api<Pod> = Api::namespaced(client.clone(), pod.namespace().as_deref().unwrap_or_default());
    let name = pod.name_any();
    let binding = Binding {
        metadata: ObjectMeta { name: Some(name.clone()), uid: pod.uid(), ..ObjectMeta::default() },
        target: ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Node".to_owned()),
            name: Some(NAME.to_owned()),
            ..ObjectReference::default()
        },
    };
    let bound = pods.create_subresource::<_, Value>("binding", &name, &PostParams::default(), &binding).await;
    // Another list or event brings it up again.
    if let Err(error) = bound {
        tracing::debug!("pod \"{name}\" can not be bound: {error}");
    }
}

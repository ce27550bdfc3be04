//! The cache of one kind: what is kept of each object, and nothing else of it.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use graylane_core::diagnose;
use kube::api::{Api, DynamicObject, ObjectMeta};
use kube::runtime::reflector::{ObjectRef, Store, store::Writer};
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{DefaultBackoff, Event};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::cluster::{Kept, Objects, Part};

/// The longest pause before an API server that does not answer is asked again: whoever aborts a release just after an
/// outage waits for no longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// The pauses between attempts to watch: as they are usual, but none is longer than three seconds.
#[derive(Default)]
pub struct Pauses(DefaultBackoff);

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next().map(|pause| pause.min(LONGEST_PAUSE))
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.0.reset();
    }
}

/// How many objects are listed at once. A page is held as a whole, as text and as objects, before anything is left out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Page {
    /// Objects of a size that people write.
    Usual,
    /// Objects that have something of every service.
    Large,
}

impl Page {
    const fn size(self) -> u32 {
        match self {
            Self::Usual => 100,
            Self::Large => 4,
        }
    }
}

/// Who watches.
pub(super) struct Watcher<'a> {
    pub(super) client: &'a Client,
    pub(super) tasks: &'a TaskTracker,
    pub(super) stop: &'a CancellationToken,
    /// Is told of every change of what is kept.
    pub(super) changed: &'a Arc<Notify>,
}

impl Watcher<'_> {
    /// Watches all objects of a kind, and keeps of each what `kept` makes of it.
    pub(super) fn watch<K, S>(
        &self,
        kind: &K::DynamicType,
        page: Page,
        mut kept: impl FnMut(K) -> S + Send + 'static,
    ) -> Store<S>
    where
        K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
        K::DynamicType: Clone + Debug + Eq + Hash + Send + Sync,
        S: Resource<DynamicType = K::DynamicType> + Clone + PartialEq + Send + Sync + 'static,
    {
        let mut writer = Writer::new(kind.clone());
        let store = writer.as_reader();
        let (known, kind) = (writer.as_reader(), kind.clone());
        let api: Api<K> = Api::all_with(self.client.clone(), &kind);
        let events = watcher(api, watcher::Config::default().page_size(page.size())).backoff(Pauses::default());
        let (stop, changed) = (self.stop.clone(), self.changed.clone());
        self.tasks.spawn(async move {
            let each = events.for_each(|event| {
                match event {
                    Ok(event) => {
                        let event = each(event, &mut kept);
                        let is_news = is_news(&known, &kind, &event);
                        writer.apply_watcher_event(&event);
                        if is_news {
                            changed.notify_one();
                        }
                    }
                    Err(error) => warn!(kind = %K::plural(&kind), %error, "can not be watched; trying again"),
                }
                std::future::ready(())
            });
            stop.run_until_cancelled(each).await;
        });
        store
    }
}

/// The event, of what is kept of the object.
fn each<K, S>(event: Event<K>, kept: &mut impl FnMut(K) -> S) -> Event<S> {
    match event {
        Event::Apply(object) => Event::Apply(kept(object)),
        Event::Delete(object) => Event::Delete(kept(object)),
        Event::Init => Event::Init,
        Event::InitApply(object) => Event::InitApply(kept(object)),
        Event::InitDone => Event::InitDone,
    }
}

/// Whether an event says anything new of what is kept: most of what happens to pods, Deployments and autoscalers is of no
/// interest here, and makes but another version of them.
fn is_news<S>(known: &Store<S>, kind: &S::DynamicType, event: &Event<S>) -> bool
where
    S: Resource<DynamicType: Clone + Eq + Hash> + Clone + PartialEq + 'static,
{
    match event {
        Event::Apply(object) => {
            let before = known.get(&ObjectRef::from_obj_with(object, kind.clone()));
            before.is_none_or(|before| !is_same(before.as_ref().clone(), object))
        }
        Event::Delete(_) | Event::InitDone => true,
        Event::Init | Event::InitApply(_) => false,
    }
}

/// Whether nothing but the version is another.
fn is_same<S: Resource + PartialEq>(mut before: S, object: &S) -> bool {
    before.meta_mut().resource_version.clone_from(&object.meta().resource_version);
    before == *object
}

/// All of an object but who wrote which field, which nobody here asks, and which is half of what objects hold.
pub(super) fn whole<K: ResourceExt>(mut object: K) -> K {
    object.managed_fields_mut().clear();
    object
}

/// What is kept of an object of ours: what it was read as, when it came; `None`: it can not be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ours<T>(Option<Arc<T>>);

impl<T> Part for Ours<T> {
    type Of = DynamicObject;
}

impl<T: Resource + DeserializeOwned> Ours<T> {
    /// Reads an object; one that can not be read is told, and does not keep the others.
    pub(super) fn kept(object: DynamicObject) -> Kept<Self> {
        let object = whole(object);
        let ObjectMeta { name, namespace, uid, resource_version, .. } = object.metadata.clone();
        let read = match diagnose::from_value(serde_json::to_value(object).unwrap_or_default()) {
            Ok(object) => Some(Arc::new(object)),
            Err(problems) => {
                warn!(namespace, name, %problems, "is left out, because it can not be read");
                None
            }
        };
        Kept::new(ObjectMeta { name, namespace, uid, resource_version, ..ObjectMeta::default() }, Self(read))
    }

    /// The objects as they are now.
    pub(super) fn all(store: &Store<Kept<Self>>) -> Objects<T>
    where
        Self: Clone + 'static,
    {
        store.state().into_iter().filter_map(|kept| kept.0.clone()).collect()
    }

    /// The namespaces and names of those that can not be read.
    pub(super) fn unread(store: &Store<Kept<Self>>) -> BTreeSet<(String, String)>
    where
        Self: Clone + 'static,
    {
        let unread = store.state().into_iter().filter(|kept| kept.0.is_none());
        unread.map(|kept| (kept.namespace().unwrap_or_default(), kept.name_any())).collect()
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::PodProxy;

    fn pod(version: u32, change: impl FnOnce(&mut Value)) -> Kept<PodProxy> {
        let sidecar = json!({"name": "istio-proxy", "ready": true, "image": "", "imageID": "", "restartCount": 0});
        let mut object = json!({"metadata": {"namespace": "shop", "name": "cart-1", "labels": {"app": "cart"}},
            "spec": {"containers": [{"name": "istio-proxy"}]},
            "status": {"podIP": "10.0.0.1", "containerStatuses": [sidecar]}});
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        change(&mut object);
        PodProxy::kept(serde_json::from_value::<Pod>(object).unwrap())
    }

    #[test]
    fn what_is_not_kept_of_an_object_is_no_news_and_all_else_is() {
        let mut writer = Writer::<Kept<PodProxy>>::new(());
        let known = writer.as_reader();
        let first = Event::Apply(pod(1, |_| {}));
        assert!(is_news(&known, &(), &first));
        writer.apply_watcher_event(&first);

        let condition = json!([{"type": "Ready", "status": "True"}]);
        let later = Event::Apply(pod(2, |object| object["status"]["conditions"] = condition));
        assert!(!is_news(&known, &(), &later));
        writer.apply_watcher_event(&later);
        let seen = known.state().first().and_then(|pod| pod.metadata.resource_version.clone());
        assert_eq!(seen.as_deref(), Some("2"), "the version is kept");

        let changes: [fn(&mut Value); 3] = [
            |object| object["metadata"]["labels"]["app"] = json!("pay"),
            |object| object["status"]["containerStatuses"][0]["ready"] = json!(false),
            |object| object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"),
        ];
        for change in changes {
            assert!(is_news(&known, &(), &Event::Apply(pod(3, change))));
        }
        assert!(is_news(&known, &(), &Event::Delete(pod(3, |_| {}))));
    }
}

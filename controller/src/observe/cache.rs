//! The cache of one kind: what is kept of each object, and nothing else of it.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use graylane_core::diagnose;
use kube::api::{Api, DynamicObject, ObjectMeta};
use kube::runtime::reflector::{Store, store::Writer};
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
    /// Is told of every change.
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
        S: Resource<DynamicType = K::DynamicType> + Clone + Send + Sync + 'static,
    {
        let writer = Writer::new(kind.clone());
        let store = writer.as_reader();
        let plural = K::plural(kind).into_owned();
        let api: Api<K> = Api::all_with(self.client.clone(), kind);
        let events = watcher(api, watcher::Config::default().page_size(page.size()))
            .map_ok(move |event| each(event, &mut kept))
            .backoff(Pauses::default())
            .reflect(writer);
        let (stop, changed) = (self.stop.clone(), self.changed.clone());
        self.tasks.spawn(async move {
            let each = events.for_each(|event| {
                match event {
                    Ok(_) => changed.notify_one(),
                    Err(error) => warn!(kind = plural, %error, "can not be watched; trying again"),
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

/// All of an object but who wrote which field, which nobody here asks, and which is half of what objects hold.
pub(super) fn whole<K: ResourceExt>(mut object: K) -> K {
    object.managed_fields_mut().clear();
    object
}

/// What is kept of an object of ours: what it was read as, when it came; `None`: it can not be read.
#[derive(Debug, Clone)]
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
}

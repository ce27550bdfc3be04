//! The cache of one kind.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use graylane_core::diagnose;
use kube::api::{Api, DynamicObject};
use kube::runtime::reflector::{Store, store::Writer};
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::DefaultBackoff;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::cluster::Objects;

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

/// Watches all objects of a kind, each as `tidied`.
pub(super) fn watch<K>(
    client: &Client,
    kind: &K::DynamicType,
    mut tidied: impl FnMut(&mut K) + Send + 'static,
    tasks: &TaskTracker,
    stop: &CancellationToken,
    changed: &Arc<Notify>,
) -> Store<K>
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    K::DynamicType: Clone + Debug + Eq + Hash + Send + Sync,
{
    let writer = Writer::new(kind.clone());
    let store = writer.as_reader();
    let plural = K::plural(kind).into_owned();
    let api: Api<K> = Api::all_with(client.clone(), kind);
    let events = watcher(api, watcher::Config::default())
        // Nobody here asks who wrote which field, and that is half of what objects hold.
        .modify(move |object| {
            object.managed_fields_mut().clear();
            tidied(object);
        })
        .backoff(Pauses::default())
        .reflect(writer);
    let (stop, changed) = (stop.clone(), changed.clone());
    tasks.spawn(async move {
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

/// The cache of a kind of ours. An object is read when it has come or changed, and not with every look at it.
#[derive(Debug, Clone)]
pub(super) struct Typed<T> {
    store: Store<DynamicObject>,
    read: Arc<Mutex<AllRead<T>>>,
}

/// What was read, by namespace and name.
type AllRead<T> = HashMap<(Option<String>, String), Read<T>>;

/// An object as it was watched, and what it was read as; `None`: it can not be read.
type Read<T> = (Arc<DynamicObject>, Option<Arc<T>>);

impl<T: Resource + DeserializeOwned> Typed<T> {
    pub(super) fn of(store: Store<DynamicObject>) -> Self {
        Self { store, read: Arc::default() }
    }

    pub(super) fn store(&self) -> &Store<DynamicObject> {
        &self.store
    }

    /// The objects as they are now; one that can not be read is told, and does not keep the others.
    pub(super) fn state(&self) -> Objects<T> {
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let look = |object: Arc<DynamicObject>| {
            let address = (object.namespace(), object.name_any());
            let before = known.remove(&address).filter(|(before, _)| Arc::ptr_eq(before, &object));
            let read = before.map_or_else(|| read(&object), |(_, read)| read);
            (address, (object, read))
        };
        let all: AllRead<T> = self.store.state().into_iter().map(look).collect();
        *known = all;
        known.values().filter_map(|(_, read)| read.clone()).collect()
    }
}

fn read<T: DeserializeOwned>(object: &DynamicObject) -> Option<Arc<T>> {
    let value = serde_json::to_value(object).unwrap_or_default();
    match diagnose::from_value(value) {
        Ok(object) => Some(Arc::new(object)),
        Err(problems) => {
            let namespace = object.namespace().unwrap_or_default();
            warn!(namespace, name = object.name_any(), %problems, "is left out, because it can not be read");
            None
        }
    }
}

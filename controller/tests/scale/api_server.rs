//! An API server in memory, in a process of its own, with a cluster behind it that does at once what it is told.
//!
//! It knows as much of the protocol as the controller uses: lists in pages, watches, merge patches, server-side apply of
//! objects that nobody else writes, statuses. <https://kubernetes.io/docs/reference/using-api/api-concepts/>

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::objects::{self, ACTIVE, DEPLOYMENTS_PATH, PODS_PATH, SETS_PATH, SLICES_PATH};

/// Where somebody sets another image on the first [`ACTIVE`] Deployments.
pub(super) const NEW_IMAGES: &str = "/new-images";

/// Serves on a port of its own, which it prints.
pub(super) async fn serve() -> anyhow::Result<()> {
    let server = ApiServer::default();
    for (path, object) in objects::all() {
        server.books().put(path, object);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let router = Router::new().fallback(answer).with_state(server);
    Ok(axum::serve(listener, router).await?)
}

#[derive(Clone, Default)]
struct ApiServer {
    books: Arc<Mutex<Books>>,
    written: watch::Sender<usize>,
}

/// All objects, and all that happened to them.
#[derive(Default)]
struct Books {
    /// By path of the collection, then by namespace and name.
    collections: BTreeMap<String, BTreeMap<(String, String), Value>>,
    /// Path of the collection and event, as a watch tells it. The number of an event is the version that it made.
    log: Vec<(String, Bytes)>,
}

/// What a request says of a list, by name.
type Query = HashMap<String, String>;

/// What a path says: a collection, and perhaps one object in it.
struct Target {
    collection: String,
    address: Option<(String, String)>,
    of_status: bool,
}

impl Target {
    fn of(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (api, rest) = parts.split_at_checked(if parts.first() == Some(&"api") { 2 } else { 3 })?;
        let (namespace, plural, more) = match rest {
            ["namespaces", namespace, plural, more @ ..] => (*namespace, plural, more),
            [plural, more @ ..] => ("", plural, more),
            [] => return None,
        };
        let address = more.first().map(|name| (namespace.to_owned(), (*name).to_owned()));
        Some(Self {
            collection: format!("{}/{plural}", api.join("/")),
            address,
            of_status: more.get(1) == Some(&"status"),
        })
    }
}

async fn answer(State(server): State<ApiServer>, method: Method, uri: Uri, body: Bytes) -> Response {
    if uri.path() == NEW_IMAGES {
        server.books().set_images();
        server.tell();
        return StatusCode::OK.into_response();
    }
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let query: Query = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let Some(target) = Target::of(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    if query.contains_key("watch") {
        return server.watch(target.collection, &query);
    }
    let answered = match &target.address {
        None => Some(server.books().list(&target.collection, &query)),
        Some(address) => server.books().write(&method, &target, address, &body),
    };
    server.tell();
    answered.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |answer| answer.to_string().into_response())
}

impl ApiServer {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        let length = self.books().log.len();
        self.written.send_replace(length);
    }

    /// What happened to a collection since a version, and goes on to happen.
    fn watch(&self, collection: String, query: &Query) -> Response {
        let since = query.get("resourceVersion").and_then(|version| version.parse().ok()).unwrap_or_default();
        let state = (self.clone(), self.written.subscribe(), collection, since);
        let events =
            stream::unfold(state, |(server, mut written, collection, since): (Self, _, String, usize)| async move {
                written.wait_for(|length| *length > since).await.ok()?;
                let (events, now) = server.books().since(&collection, since);
                Some((stream::iter(events), (server, written, collection, now)))
            });
        Body::from_stream(events.flatten().map(Ok::<_, Infallible>)).into_response()
    }
}

impl Books {
    fn since(&self, collection: &str, since: usize) -> (Vec<Bytes>, usize) {
        let new = self.log.get(since..).unwrap_or_default();
        (new.iter().filter(|(path, _)| path == collection).map(|(_, event)| event.clone()).collect(), self.log.len())
    }

    fn list(&mut self, collection: &str, query: &Query) -> Value {
        let number = |name: &str| query.get(name).and_then(|value| value.parse::<usize>().ok());
        let (limit, skipped) = (number("limit").unwrap_or(usize::MAX), number("continue").unwrap_or_default());
        let objects = self.collections.entry(collection.to_owned()).or_default();
        let items: Vec<&Value> = objects.values().skip(skipped).take(limit).collect();
        let next = skipped + items.len();
        let token = if next < objects.len() { next.to_string() } else { String::new() };
        json!({"kind": "List", "apiVersion": "v1", "items": items,
            "metadata": {"resourceVersion": self.log.len().to_string(), "continue": token}})
    }

    fn put(&mut self, collection: &str, mut object: Value) -> Value {
        let text = |member: &str| object["metadata"][member].as_str().unwrap_or_default().to_owned();
        let address = (text("namespace"), text("name"));
        object["metadata"]["resourceVersion"] = json!((self.log.len() + 1).to_string());
        let before = self.collections.entry(collection.to_owned()).or_default().insert(address, object.clone());
        self.note(collection, if before.is_some() { "MODIFIED" } else { "ADDED" }, &object);
        object
    }

    fn note(&mut self, collection: &str, kind: &str, object: &Value) {
        let event = format!("{}\n", json!({"type": kind, "object": object}));
        self.log.push((collection.to_owned(), Bytes::from(event)));
    }

    fn write(&mut self, method: &Method, target: &Target, address: &(String, String), body: &[u8]) -> Option<Value> {
        let objects = self.collections.entry(target.collection.clone()).or_default();
        if *method == Method::DELETE {
            let object = objects.remove(address)?;
            self.note(&target.collection, "DELETED", &object);
            return Some(object);
        }
        let said: Value = serde_json::from_slice(body).ok()?;
        let mut object = objects.get(address).cloned().unwrap_or_else(|| said.clone());
        if target.of_status {
            object["status"] = said["status"].clone();
        } else {
            if target.collection.contains("istio.io") && said.get("spec").is_some() {
                object["spec"] = json!({});
            }
            json_patch::merge(&mut object, &said);
        }
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = json!(format!("uid-{}", self.log.len()));
        }
        let object = self.put(&target.collection, object);
        if target.collection == SETS_PATH {
            self.start_pods(&object);
        }
        Some(object)
    }

    /// The pods of a new version start and are ready.
    fn start_pods(&mut self, set: &Value) {
        let count = set["spec"]["replicas"].as_u64().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (namespace, name) = (text(&set["metadata"]["namespace"]), text(&set["metadata"]["name"]));
        let labels = &set["spec"]["template"]["metadata"]["labels"];
        let (app, hash) = (text(&labels["app"]), text(&labels["pod-template-hash"]));
        let mut set = set.clone();
        set["status"] = json!({"replicas": count, "readyReplicas": count, "availableReplicas": count});
        self.put(SETS_PATH, set);
        for at in 0..count {
            self.put(PODS_PATH, objects::pod(&namespace, &app, &hash, &format!("{name}-{at}")));
        }
        let pods = self.collections.get(PODS_PATH).into_iter().flatten();
        let of_app = pods.filter(|((of, _), pod)| *of == namespace && pod["metadata"]["labels"]["app"] == json!(app));
        let names: Vec<String> = of_app.map(|((_, name), _)| name.clone()).collect();
        self.put(SLICES_PATH, objects::slice(&namespace, &app, &names));
    }

    /// Somebody sets another image, and the admission policy pauses the Deployments.
    fn set_images(&mut self) {
        let deployments = self.collections.get(DEPLOYMENTS_PATH).into_iter().flatten();
        let changed: Vec<Value> = deployments.take(ACTIVE).map(|(_, deployment)| deployment.clone()).collect();
        for mut deployment in changed {
            deployment["spec"]["template"]["spec"]["containers"][0]["image"] =
                json!("registry.example.com/shop/app:v2");
            deployment["spec"]["paused"] = json!(true);
            self.put(DEPLOYMENTS_PATH, deployment);
        }
    }
}

//! A cluster in memory: it takes what a pass writes, and its proxies take what is published.

mod objects;
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::{ConditionType, Lane, Reason};
use crate::cluster::object::publication;
use crate::cluster::scope::pod_name;
use crate::cluster::{
    Change, InForce, Kept, Kind, ModuleSource, News, Objects, Part, Pass, Placement, PodProxy, Replicas, Report,
    Rollout, Settings, Specs, StoredStatus, World, Write,
};

pub(super) use objects::{deployment, lane, service};
use written::Written;

/// A cluster with one controller.
pub(super) struct Fake {
    pub(super) world: World,
    pub(super) settings: Settings,
    version: u64,
    /// The objects of which the controller keeps but a part.
    pub(super) deployments: Objects<Deployment>,
    pub(super) replica_sets: Objects<ReplicaSet>,
    wasm_plugins: Objects<DynamicObject>,
    envoy_filters: Objects<DynamicObject>,
    specs: Specs,
    /// What was applied last to each object of Istio's, by its address.
    applied: BTreeMap<String, Value>,
    /// What the clock says; a second passes with each turn.
    now: Timestamp,
    /// Whether proxies take what is published.
    pub(super) proxies_listen: bool,
    /// What was written, as `verb Kind/name`, the latest last.
    pub(super) written: Vec<String>,
    /// What was to be told of objects that were written.
    pub(super) news: Vec<News>,
    /// How many statuses were stored.
    pub(super) stored: usize,
}

impl Fake {
    /// A cluster with these objects, in the namespace `shop` unless they say another.
    pub(super) fn with(objects: &[Value]) -> Self {
        let module = ModuleSource { url: "oci://filter".to_owned(), sha256: None };
        let settings = Settings { module, namespace: "graylane-system".to_owned() };
        let mut fake = Self {
            world: World::default(),
            settings,
            version: 0,
            deployments: Objects::default(),
            replica_sets: Objects::default(),
            wasm_plugins: Objects::default(),
            envoy_filters: Objects::default(),
            specs: Specs::default(),
            applied: BTreeMap::new(),
            now: Timestamp::UNIX_EPOCH,
            proxies_listen: true,
            written: Vec::new(),
            news: Vec::new(),
            stored: 0,
        };
        for object in objects {
            fake.add(object);
        }
        fake
    }

    /// Adds an object, or puts it in the place of the one of its name.
    pub(super) fn add(&mut self, object: &Value) {
        let mut object = object.clone();
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let kind = object["kind"].as_str().unwrap().to_owned();
        self.version += 1;
        let metadata = object["metadata"].as_object_mut().unwrap();
        metadata.entry("namespace").or_insert(json!("shop"));
        metadata.entry("uid").or_insert(json!(format!("uid-{kind}-{name}")));
        metadata.insert("resourceVersion".to_owned(), json!(self.version.to_string()));
        let world = &mut self.world;
        match kind.as_str() {
            "Lane" => drop(put(&mut world.lanes, &object)),
            "GrayRelease" => drop(put(&mut world.releases, &object)),
            "MeshPolicy" => world.policy = Some(Arc::new(serde_json::from_value(object).unwrap())),
            "Deployment" => {
                let stored = put::<Deployment>(&mut self.deployments, &object);
                world.deployments.put(Arc::new(Rollout::kept(stored)));
            }
            "ReplicaSet" => {
                let stored = put::<ReplicaSet>(&mut self.replica_sets, &object);
                world.replica_sets.put(Arc::new(Replicas::kept(stored)));
            }
            "HorizontalPodAutoscaler" => drop(put(&mut world.autoscalers, &object)),
            "Service" => drop(put(&mut world.services, &object)),
            "Pod" => world.pods.put(Arc::new(PodProxy::kept(serde_json::from_value(object).unwrap()))),
            "EndpointSlice" => drop(put(&mut world.endpoint_slices, &object)),
            "VirtualService" => drop(put(&mut world.virtual_services, &object)),
            "DestinationRule" => drop(put(&mut world.destination_rules, &object)),
            other => panic!("{other}"),
        }
    }

    /// Somebody changes the spec of an object of ours: a merge patch.
    pub(super) fn edit(&mut self, kind: Kind, name: &str, spec: &Value) {
        let world = &self.world;
        let mut object = match kind {
            Kind::GrayRelease => serde_json::to_value(world.releases.get("shop", name).unwrap()),
            Kind::Lane => serde_json::to_value(world.lanes.get("shop", name).unwrap()),
            Kind::MeshPolicy => serde_json::to_value(world.policy.as_deref().unwrap()),
            other => panic!("{other:?} is not ours"),
        }
        .unwrap();
        let generation = object["metadata"]["generation"].as_i64().unwrap_or_default() + 1;
        json_patch::merge(&mut object, &json!({"metadata": {"generation": generation}, "spec": spec}));
        self.add(&object);
    }

    /// One pass of the controller, and whether it did anything.
    pub(super) fn turn(&mut self) -> bool {
        let world = self.world.clone();
        self.now += SignedDuration::from_secs(1);
        let in_force = InForce::of(world);
        let pass = Pass::begin(&in_force, &self.settings, self.now);
        let statuses: Vec<Value> = pass.statuses().map(|status| stored(&self.world, status)).collect();
        let writes = pass.writes();
        let idle = statuses.is_empty() && writes.is_empty();
        self.stored += statuses.len();
        for object in statuses {
            self.add(&object);
        }
        for change in writes {
            self.write(change);
        }
        if self.proxies_listen {
            let generation = Some(publication::highest_generation(&self.world));
            let report = Report { generation, ..Report::default() };
            self.world.reports = self.world.pods.iter().map(|pod| (pod_name(pod), report.clone())).collect();
        }
        !idle
    }

    /// Passes until nothing is left to do.
    pub(super) fn settle(&mut self) {
        let mut idle = 0;
        for _ in 0..100 {
            idle = if self.turn() { 0 } else { idle + 1 };
            // So long that requests under way are over.
            if idle > 6 {
                return;
            }
        }
        panic!("it never comes to rest: {:?}", self.written);
    }

    fn write(&mut self, change: Change) {
        let Change { kind, namespace, name, write, news } = change;
        self.news.extend(news);
        let address = format!("{kind:?} {namespace}/{name}");
        let applied_before = match &write {
            Write::Apply(object) => self.applied.insert(address, serde_json::to_value(object).unwrap()),
            Write::Delete { .. } => self.applied.remove(&address),
            Write::Merge(_) => None,
        };
        self.version += 1;
        let version = self.version.to_string();
        let verb = match &write {
            Write::Apply(_) => "apply",
            Write::Merge(_) => "patch",
            Write::Delete { .. } => "delete",
        };
        self.written.push(format!("{verb} {kind:?}/{name}"));
        let world = &mut self.world;
        let write = Written { write: &write, applied_before, version: &version };
        match kind {
            Kind::Lane => write.to(&mut world.lanes, &namespace, &name),
            Kind::GrayRelease => write.to(&mut world.releases, &namespace, &name),
            Kind::Deployment => {
                write.to(&mut self.deployments, &namespace, &name);
                see(&self.deployments, &mut world.deployments, Rollout::kept, (&namespace, &name));
            }
            Kind::ReplicaSet => {
                write.to(&mut self.replica_sets, &namespace, &name);
                see(&self.replica_sets, &mut world.replica_sets, Replicas::kept, (&namespace, &name));
            }
            Kind::DestinationRule => write.to(&mut world.destination_rules, &namespace, &name),
            Kind::VirtualService => write.to(&mut world.virtual_services, &namespace, &name),
            Kind::WasmPlugin => {
                write.to(&mut self.wasm_plugins, &namespace, &name);
                let kept = |object| Placement::kept(object, &mut self.specs);
                see(&self.wasm_plugins, &mut world.wasm_plugins, kept, (&namespace, &name));
            }
            Kind::EnvoyFilter => {
                write.to(&mut self.envoy_filters, &namespace, &name);
                let kept = |object| Placement::kept(object, &mut self.specs);
                see(&self.envoy_filters, &mut world.envoy_filters, kept, (&namespace, &name));
            }
            Kind::MeshPolicy => panic!("the policy is not written"),
        }
    }

    /// Somebody edits what places filters, each of a namespace and a name.
    pub(super) fn edit_filters(&mut self, kind: Kind, edit: impl Fn((&str, &str), &mut Value)) {
        let (stored, seen) = match kind {
            Kind::WasmPlugin => (&mut self.wasm_plugins, &mut self.world.wasm_plugins),
            Kind::EnvoyFilter => (&mut self.envoy_filters, &mut self.world.envoy_filters),
            other => panic!("{other:?} places no filter"),
        };
        for object in stored.iter_mut() {
            let address = (object.namespace().unwrap(), object.name_any());
            edit((&address.0, &address.1), &mut Arc::make_mut(object).data["spec"]);
            seen.put(Arc::new(Placement::kept(object.as_ref().clone(), &mut self.specs)));
        }
    }

    /// Marks a lane as being deleted.
    pub(super) fn delete_lane(&mut self, name: &str) {
        let mut lane = self.lane(name);
        lane.metadata.deletion_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(Timestamp::UNIX_EPOCH));
        put(&mut self.world.lanes, &serde_json::to_value(lane).unwrap());
    }

    /// Marks a release as being deleted.
    pub(super) fn delete_release(&mut self, name: &str) {
        let release = self.world.releases.iter().find(|release| release.name_any() == name).unwrap();
        let mut release = release.as_ref().clone();
        release.metadata.deletion_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(Timestamp::UNIX_EPOCH));
        put(&mut self.world.releases, &serde_json::to_value(release).unwrap());
    }

    pub(super) fn lane(&self, name: &str) -> Lane {
        self.world.lanes.iter().find(|lane| lane.name_any() == name).unwrap().as_ref().clone()
    }

    /// Why a lane is not accepted; `None`: it is.
    pub(super) fn objection(&self, lane: &str) -> Option<(Reason, String)> {
        let status = self.lane(lane).status.unwrap();
        let accepted = status.conditions.into_iter().find(|condition| condition.kind == ConditionType::Accepted);
        accepted.filter(|one| one.reason != Reason::Valid).map(|one| (one.reason, one.message))
    }

    /// What is said of the policy of the mesh.
    pub(super) fn policy_condition(&self) -> (Reason, String) {
        let status = self.world.policy.as_ref().unwrap().status.clone().unwrap();
        let condition = status.conditions.into_iter().next().unwrap();
        (condition.reason, condition.message)
    }

    /// The `spec` of an object of Istio's.
    pub(super) fn spec(&self, kind: Kind, name: &str) -> Option<Value> {
        let objects: &Objects<DynamicObject> = match kind {
            Kind::DestinationRule => &self.world.destination_rules,
            Kind::VirtualService => &self.world.virtual_services,
            Kind::WasmPlugin => &self.wasm_plugins,
            Kind::EnvoyFilter => &self.envoy_filters,
            other => panic!("{other:?} has no place here"),
        };
        objects.iter().find(|object| object.name_any() == name).map(|object| object.data["spec"].clone())
    }

    /// What sidecars are told of a service.
    pub(super) fn told(&self, service: &str) -> Value {
        let spec = self.spec(Kind::WasmPlugin, publication::OUTBOUND).unwrap();
        spec["pluginConfig"]["services"][service].clone()
    }
}

/// The object in `world` with the status that is stored: an API server takes nothing else from who stores a status.
fn stored(world: &World, status: StoredStatus<'_>) -> Value {
    let (namespace, name, _) = status.address();
    match status {
        StoredStatus::Release { after, .. } => {
            let mut object = world.releases.get(&namespace, &name).unwrap().clone();
            object.status = Some(after.clone());
            serde_json::to_value(object).unwrap()
        }
        StoredStatus::Lane { after, .. } => {
            let mut object = world.lanes.get(&namespace, &name).unwrap().clone();
            object.status = Some(after.clone());
            serde_json::to_value(object).unwrap()
        }
        StoredStatus::Policy { after, .. } => {
            let mut object = world.policy.as_deref().unwrap().clone();
            object.status = Some(after.clone());
            serde_json::to_value(object).unwrap()
        }
    }
}

fn put<K: ResourceExt + DeserializeOwned + Clone>(objects: &mut Objects<K>, object: &Value) -> K {
    let object: K = serde_json::from_value(object.clone()).unwrap();
    objects.put(Arc::new(object.clone()));
    object
}

/// Shows the controller what has become of an object.
fn see<K: ResourceExt + Clone, P: Part>(
    stored: &Objects<K>,
    seen: &mut Objects<Kept<P>>,
    kept: impl FnOnce(K) -> Kept<P>,
    (namespace, name): (&str, &str),
) {
    match stored.get(namespace, name) {
        Some(object) => seen.put(Arc::new(kept(object.clone()))),
        None => drop(seen.take(namespace, name)),
    }
}

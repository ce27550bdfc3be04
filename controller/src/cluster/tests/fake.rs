//! A cluster in memory: it takes what a pass writes, and its proxies take what is published.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::{ConditionType, Lane, Reason};
use crate::cluster::object::wasm_plugin;
use crate::cluster::{Change, Kind, ModuleSource, Pass, Settings, StoredStatus, World, Write};

/// A cluster with one controller.
pub(super) struct Fake {
    pub(super) world: World,
    settings: Settings,
    version: u64,
    /// Whether proxies take what is published.
    pub(super) proxies_listen: bool,
    /// What was written, as `verb Kind/name`, the latest last.
    pub(super) written: Vec<String>,
}

impl Fake {
    /// A cluster with these objects, all in the namespace `shop`.
    pub(super) fn with(objects: &[Value]) -> Self {
        let module = ModuleSource { url: "oci://filter".to_owned(), sha256: None };
        let settings = Settings { module, namespace: "graylane-system".to_owned() };
        let mut fake =
            Self { world: World::default(), settings, version: 0, proxies_listen: true, written: Vec::new() };
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
        metadata.insert("namespace".to_owned(), json!("shop"));
        metadata.entry("uid").or_insert(json!(format!("uid-{kind}-{name}")));
        metadata.insert("resourceVersion".to_owned(), json!(self.version.to_string()));
        let world = &mut self.world;
        match kind.as_str() {
            "Lane" => put(&mut world.lanes, &object),
            "GrayRelease" => put(&mut world.releases, &object),
            "Deployment" => put::<Deployment>(&mut world.deployments, &object),
            "Service" => put::<Service>(&mut world.services, &object),
            "Pod" => put::<Pod>(&mut world.pods, &object),
            "EndpointSlice" => put::<EndpointSlice>(&mut world.endpoint_slices, &object),
            "VirtualService" => put(&mut world.virtual_services, &object),
            "DestinationRule" => put(&mut world.destination_rules, &object),
            other => panic!("{other}"),
        }
    }

    /// One pass of the controller, and whether it did anything.
    pub(super) fn turn(&mut self) -> bool {
        let world = self.world.clone();
        let pass = Pass::begin(&world, &self.settings, Timestamp::UNIX_EPOCH);
        let statuses: Vec<(String, Value)> = pass.statuses().map(stored).collect();
        let writes = pass.writes();
        let idle = statuses.is_empty() && writes.is_empty();
        for (_, object) in statuses {
            self.add(&object);
        }
        for change in writes {
            self.write(change);
        }
        if self.proxies_listen {
            let generation = wasm_plugin::highest_generation(&self.world.wasm_plugins);
            self.world.reports =
                self.world.pods.iter().map(|pod| (format!("shop/{}", pod.name_any()), generation)).collect();
        }
        !idle
    }

    /// Passes until nothing is left to do.
    pub(super) fn settle(&mut self) {
        for _ in 0..40 {
            if !self.turn() {
                return;
            }
        }
        panic!("it never comes to rest: {:?}", self.written);
    }

    fn write(&mut self, change: Change) {
        let Change { kind, namespace, name, write } = change;
        self.version += 1;
        let version = self.version.to_string();
        let verb = match &write {
            Write::Apply(_) => "apply",
            Write::Merge(_) => "patch",
            Write::Delete { .. } => "delete",
        };
        self.written.push(format!("{verb} {kind:?}/{name}"));
        if kind == Kind::Lane {
            let Write::Merge(patch) = write else { panic!("lanes are patched only") };
            let finalizers: Vec<String> = serde_json::from_value(patch["metadata"]["finalizers"].clone()).unwrap();
            let lanes = &mut self.world.lanes;
            let at = lanes.iter().position(|lane| lane.name_any() == name).unwrap();
            let mut lane = lanes[at].as_ref().clone();
            if finalizers.is_empty() && lane.metadata.deletion_timestamp.is_some() {
                lanes.remove(at);
                return;
            }
            lane.metadata.finalizers = Some(finalizers);
            lane.metadata.resource_version = Some(version);
            lanes[at] = Arc::new(lane);
            return;
        }
        let objects = match kind {
            Kind::DestinationRule => &mut self.world.destination_rules,
            Kind::VirtualService => &mut self.world.virtual_services,
            Kind::WasmPlugin => &mut self.world.wasm_plugins,
            other => panic!("{other:?} {name} is not held here"),
        };
        objects.retain(|object| object.name_any() != name || object.namespace().as_ref() != Some(&namespace));
        if let Write::Apply(object) = write {
            let mut object = *object;
            object.metadata.resource_version = Some(version);
            objects.push(Arc::new(object));
        }
    }

    /// Marks a lane as being deleted.
    pub(super) fn delete_lane(&mut self, name: &str) {
        let mut lane = self.lane(name);
        lane.metadata.deletion_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(Timestamp::UNIX_EPOCH));
        put(&mut self.world.lanes, &serde_json::to_value(lane).unwrap());
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

    /// The `spec` of an object of Istio's.
    pub(super) fn spec(&self, kind: Kind, name: &str) -> Option<Value> {
        let objects: &[Arc<DynamicObject>] = match kind {
            Kind::DestinationRule => &self.world.destination_rules,
            Kind::VirtualService => &self.world.virtual_services,
            Kind::WasmPlugin => &self.world.wasm_plugins,
            other => panic!("{other:?}"),
        };
        objects.iter().find(|object| object.name_any() == name).map(|object| object.data["spec"].clone())
    }

    /// What sidecars are told of a service.
    pub(super) fn told(&self, service: &str) -> Value {
        let spec = self.spec(Kind::WasmPlugin, wasm_plugin::OUTBOUND).unwrap();
        spec["pluginConfig"]["services"][service].clone()
    }
}

fn stored(status: StoredStatus<'_>) -> (String, Value) {
    match status {
        StoredStatus::Release { release, after, .. } => {
            let mut object = release.clone();
            object.status = Some(after.clone());
            (release.name_any(), serde_json::to_value(object).unwrap())
        }
        StoredStatus::Lane { lane, after, .. } => {
            let mut object = lane.clone();
            object.status = Some(after.clone());
            (lane.name_any(), serde_json::to_value(object).unwrap())
        }
    }
}

fn put<K: ResourceExt + DeserializeOwned>(objects: &mut Vec<Arc<K>>, object: &Value) {
    let object: K = serde_json::from_value(object.clone()).unwrap();
    objects.retain(|known| known.name_any() != object.name_any());
    objects.push(Arc::new(object));
    objects.sort_by_key(|known| known.name_any());
}

/// A Deployment with one pod beside a proxy, which is ready.
pub(super) fn deployment(name: &str, labels: &Value) -> [Value; 2] {
    let template =
        json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "app:v1"}]}});
    let sidecar = json!({"name": "istio-proxy", "ready": true, "image": "", "imageID": "", "restartCount": 0});
    [
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
               "spec": {"selector": {"matchLabels": labels}, "template": template}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("{name}-1"), "labels": labels},
               "spec": {"containers": [{"name": "istio-proxy"}]},
               "status": {"podIP": "10.0.0.1", "containerStatuses": [sidecar]}}),
    ]
}

/// A Service with endpoints: pods and whether they are ready.
pub(super) fn service(name: &str, pods: &[(&str, bool)]) -> [Value; 2] {
    let endpoint = |(pod, ready): &(&str, bool)| json!({"addresses": ["10.0.0.1"], "conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "name": pod}});
    let endpoints: Vec<Value> = pods.iter().map(endpoint).collect();
    [
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
               "spec": {"selector": {"app": name}, "ports": [{"port": 80}]}}),
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
               "metadata": {"name": format!("{name}-a"), "labels": {"kubernetes.io/service-name": name}},
               "addressType": "IPv4", "endpoints": endpoints}),
    ]
}

/// A lane of these versions.
pub(super) fn lane(name: &str, services: &Value) -> Value {
    let rule = json!({"name": "testers", "when": {"header": {"name": "x-user", "exact": "tester"}}});
    json!({"apiVersion": "graylane.io/v1alpha1", "kind": "Lane", "metadata": {"name": name, "generation": 1},
           "spec": {"services": services, "rules": [rule]}})
}

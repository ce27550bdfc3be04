//! What Kubernetes does with pods, endpoints, and what nobody owns any more.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt;
use serde_json::json;

use super::super::fake::{Fake, deployment, service};
use super::SERVICES;

/// How the names of pods of new versions end.
const TWIN: &str = "-twin";

/// A Service with the pods of base, of the gray environment, and of versions that are released.
pub(super) fn serve(fake: &mut Fake, name: &str, gray: bool) {
    let (base, other) = (format!("{name}-1"), format!("{name}-gray-1"));
    let prefix = format!("{name}-");
    let twins: Vec<_> = fake
        .world
        .pods
        .iter()
        .map(|pod| pod.name_any())
        .filter(|pod| pod.ends_with(TWIN) && pod.starts_with(&prefix))
        .collect();
    let pods = [(base.as_str(), true), (other.as_str(), gray)];
    let pods: Vec<_> = pods.into_iter().chain(twins.iter().map(|pod| (pod.as_str(), true))).collect();
    for object in service(name, &pods) {
        fake.add(&object);
    }
}

/// Whether pods of the gray environment are ready.
fn gray_is_ready(fake: &Fake, name: &str) -> bool {
    let slice = fake.world.endpoint_slices.get("shop", &format!("{name}-a"));
    let ready = |slice: &EndpointSlice| slice.endpoints.as_ref()?.get(1)?.conditions.as_ref()?.ready;
    slice.and_then(ready).unwrap_or(true)
}

/// What the controllers of Kubernetes and the kubelet do with pods of new versions.
pub(super) fn pods(fake: &mut Fake) {
    let sets: Vec<_> = fake.replica_sets.iter().cloned().collect();
    let is_twin = |set: &&Arc<ReplicaSet>| !set.name_any().ends_with("v1hash");
    let wanted = |set: &ReplicaSet| set.spec.replicas.unwrap_or_default();
    let mut pods = Vec::new();
    for set in sets.iter().filter(is_twin) {
        let mut object = serde_json::to_value(set.as_ref()).unwrap();
        let replicas = wanted(set);
        if object["status"]["availableReplicas"] != json!(replicas) {
            object["status"] = json!({"replicas": replicas, "availableReplicas": replicas});
            fake.add(&object);
        }
        if replicas > 0 {
            let [_, mut pod] = deployment("any", &object["spec"]["template"]["metadata"]["labels"]);
            pod["metadata"]["name"] = json!(format!("{}{TWIN}", set.name_any()));
            pods.push(pod);
        }
    }
    let before: Vec<_> = fake.world.pods.iter().map(|pod| pod.name_any()).filter(|pod| pod.ends_with(TWIN)).collect();
    let now: Vec<_> = pods.iter().map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned()).collect();
    if before == now {
        return;
    }
    for pod in &before {
        fake.world.pods.take("shop", pod);
    }
    for pod in &pods {
        fake.add(pod);
    }
    for name in SERVICES.into_iter().filter(|name| fake.world.services.get("shop", name).is_some()).collect::<Vec<_>>()
    {
        let gray = gray_is_ready(fake, name);
        serve(fake, name, gray);
    }
}

/// What Kubernetes does with objects all of whose owners are gone.
pub(super) fn collect_garbage(fake: &mut Fake) {
    let world = &mut fake.world;
    let uids: Vec<_> =
        world.releases.iter().map(|one| one.uid()).chain(world.lanes.iter().map(|one| one.uid())).collect();
    for objects in [&mut world.virtual_services, &mut world.destination_rules] {
        for name in SERVICES.map(|name| format!("graylane-{name}")) {
            let owned = |owners: &[OwnerReference]| owners.iter().any(|owner| uids.contains(&Some(owner.uid.clone())));
            if objects.get("shop", &name).is_some_and(|object| !owned(object.owner_references())) {
                objects.take("shop", &name);
            }
        }
    }
    let is_twin = |set: &ReplicaSet| set.owner_references().iter().any(|owner| owner.kind == "GrayRelease");
    let lost = |set: &ReplicaSet| {
        is_twin(set) && !set.owner_references().iter().any(|owner| uids.contains(&Some(owner.uid.clone())))
    };
    let lost: Vec<_> = fake.replica_sets.iter().filter(|set| lost(set.as_ref())).map(|set| set.name_any()).collect();
    for name in lost {
        fake.replica_sets.take("shop", &name);
        fake.world.replica_sets.take("shop", &name);
    }
}

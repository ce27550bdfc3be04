//! What holds whatever people do to releases, lanes and Services, and in whatever order.

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::fake::{Fake, deployment, lane, service};
use super::releases::{release, roll_out};
use crate::cluster::Kind;
use crate::cluster::object::publication;

const SERVICES: [&str; 2] = ["cart", "pay"];
const LANES: [&str; 2] = ["gray", "qa"];
const RELEASES: [(&str, &str); 2] = [("checkout", "cart"), ("payment", "pay")];

/// What people and the cluster do.
#[derive(Debug, Clone)]
enum Act {
    /// The controller makes so many passes.
    Pass(u8),
    /// Somebody sets another image, and the admission policy pauses the Deployment.
    SetImage {
        deployment: &'static str,
        image: u8,
    },
    /// A release is there with this spec, or is changed to it.
    Release {
        index: usize,
        spec: Value,
    },
    DeleteRelease(usize),
    /// A release is gone at once, as when somebody takes its finalizer away.
    LoseRelease(usize),
    /// A lane is there with this spec, or is changed to it.
    Lane {
        name: &'static str,
        spec: Value,
    },
    DeleteLane(&'static str),
    DeleteService(&'static str),
    MakeService(&'static str),
    /// The pods of the gray environment are ready or not.
    Gray {
        ready: bool,
    },
    Proxies {
        listen: bool,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let service = || select(SERVICES.to_vec());
    let lane = || select(LANES.to_vec());
    prop_oneof![
        6 => (1..8_u8).prop_map(Act::Pass),
        2 => (service(), 1..4_u8).prop_map(|(deployment, image)| Act::SetImage { deployment, image }),
        4 => (0..2_usize, release_spec()).prop_map(|(index, spec)| Act::Release { index, spec }),
        1 => (0..2_usize).prop_map(Act::DeleteRelease),
        1 => (0..2_usize).prop_map(Act::LoseRelease),
        4 => (lane(), lane_spec()).prop_map(|(name, spec)| Act::Lane { name, spec }),
        2 => lane().prop_map(Act::DeleteLane),
        1 => service().prop_map(Act::DeleteService),
        2 => service().prop_map(Act::MakeService),
        1 => any::<bool>().prop_map(|ready| Act::Gray { ready }),
        1 => any::<bool>().prop_map(|listen| Act::Proxies { listen }),
    ]
}

fn fallback() -> impl Strategy<Value = Value> {
    select(vec![json!(null), json!([]), json!(["gray"]), json!(["qa"]), json!(["nowhere"]), json!(["qa", "gray"])])
}

fn release_spec() -> impl Strategy<Value = Value> {
    let isolation = select(vec![json!(null), json!("strict")]);
    let lane = select(vec!["new", "newer", "gray"]);
    let split = |service: &str| json!([{"service": service, "weights": [{"version": "stable", "weight": 70}, {"version": "gray", "weight": 30}]}]);
    let splits = select(vec![json!(null), split("cart"), split("pay")]);
    let steps = select(vec![
        json!([{"setWeight": 10}, {"pause": {}}]),
        json!([{"setWeight": 10}, {"setWeight": 50}, {"pause": {}}]),
        json!([{"setReplicas": 1}, {"setWeight": 30}, {"pause": {}}]),
    ]);
    (lane, fallback(), isolation, splits, steps).prop_map(|(lane, fallback, isolation, splits, steps)| {
        json!({"lane": lane, "fallback": fallback, "isolation": isolation, "serviceSplits": splits,
            "strategy": {"canary": {"steps": steps}}})
    })
}

fn lane_spec() -> impl Strategy<Value = Value> {
    let member = |name: &str| json!({"service": name, "version": "gray", "base": {"app": name, "version": "v1"}});
    let renamed = json!({"service": "cart", "version": "next", "labels": {"version": "gray"}, "base": {"app": "cart", "version": "v1"}});
    let services = select(vec![
        json!([member("cart")]),
        json!([member("pay")]),
        json!([member("cart"), member("pay")]),
        json!([renamed]),
    ]);
    (services, fallback()).prop_map(|(services, fallback)| json!({"services": services, "fallback": fallback}))
}

fn shop() -> Fake {
    let mut fake = Fake::with(&[]);
    for name in SERVICES {
        let gray = deployment(&format!("{name}-gray"), &json!({"app": name, "version": "gray"}));
        for object in deployment(name, &json!({"app": name, "version": "v1"})).into_iter().chain(gray) {
            fake.add(&object);
        }
        roll_out(&mut fake, name);
        serve(&mut fake, name, true);
    }
    fake
}

fn serve(fake: &mut Fake, name: &str, gray: bool) {
    let (base, other) = (format!("{name}-1"), format!("{name}-gray-1"));
    for object in service(name, &[(base.as_str(), true), (other.as_str(), gray)]) {
        fake.add(&object);
    }
}

impl Act {
    fn to(&self, fake: &mut Fake) {
        match self {
            Self::Pass(times) => (0..*times).for_each(|_| pass(fake)),
            Self::SetImage { deployment, image } => {
                let stored = fake.deployments.get("shop", deployment).unwrap();
                let mut object = serde_json::to_value(stored).unwrap();
                object["spec"]["template"]["spec"]["containers"][0]["image"] = json!(format!("app:v{image}"));
                if object["metadata"]["labels"]["graylane.io/release"].is_string() {
                    object["spec"]["paused"] = json!(true);
                }
                fake.add(&object);
            }
            Self::Release { index, spec } => {
                let (name, service) = RELEASES[*index];
                if fake.world.releases.get("shop", name).is_none() {
                    fake.add(&release(name, &json!([{"service": service, "deployment": service}])));
                }
                fake.edit(Kind::GrayRelease, name, spec);
            }
            Self::DeleteRelease(index) => {
                let (name, _) = RELEASES[*index];
                match fake.world.releases.get("shop", name).map(|release| release.finalizers().is_empty()) {
                    Some(true) => drop(fake.world.releases.take("shop", name)),
                    Some(false) => fake.delete_release(name),
                    None => {}
                }
            }
            Self::LoseRelease(index) => drop(fake.world.releases.take("shop", RELEASES[*index].0)),
            Self::Lane { name, spec } => {
                if fake.world.lanes.get("shop", name).is_none() {
                    fake.add(&lane(name, &spec["services"]));
                }
                fake.edit(Kind::Lane, name, spec);
            }
            Self::DeleteLane(name) => match fake.world.lanes.get("shop", name).map(|lane| lane.finalizers().is_empty())
            {
                Some(true) => drop(fake.world.lanes.take("shop", name)),
                Some(false) => fake.delete_lane(name),
                None => {}
            },
            Self::DeleteService(name) => drop(fake.world.services.take("shop", name)),
            Self::MakeService(name) => serve(fake, name, true),
            Self::Gray { ready } => SERVICES.into_iter().for_each(|name| {
                if fake.world.services.get("shop", name).is_some() {
                    serve(fake, name, *ready);
                }
            }),
            Self::Proxies { listen } => fake.proxies_listen = *listen,
        }
    }
}

/// One pass, after which pods are as many as there should be; and what must hold after each.
fn pass(fake: &mut Fake) {
    fake.turn();
    pods(fake);
    collect_garbage(fake);
    who_is_sent_somewhere_finds_a_route(fake);
}

fn pods(fake: &mut Fake) {
    let sets: Vec<_> = fake.replica_sets.iter().cloned().collect();
    for set in sets {
        let mut object = serde_json::to_value(set.as_ref()).unwrap();
        let replicas = object["spec"]["replicas"].clone();
        if object["status"]["availableReplicas"] != replicas {
            object["status"] = json!({"replicas": replicas, "availableReplicas": replicas});
            fake.add(&object);
        }
    }
}

/// What Kubernetes does with objects all of whose owners are gone.
fn collect_garbage(fake: &mut Fake) {
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

/// Every version that is ready for a lane or a share has a subset and a route.
fn who_is_sent_somewhere_finds_a_route(fake: &Fake) {
    let Some(spec) = fake.spec(Kind::WasmPlugin, publication::OUTBOUND) else { return };
    for (name, told) in spec["pluginConfig"]["services"].as_object().into_iter().flatten() {
        let name = name.strip_suffix(".shop").unwrap();
        let routes = fake.spec(Kind::VirtualService, &format!("graylane-{name}")).unwrap_or_default().to_string();
        let subsets = fake.spec(Kind::DestinationRule, &format!("graylane-{name}")).unwrap_or_default().to_string();
        let not_ready = told["notReady"].as_array().cloned().unwrap_or_default();
        let lanes = told["lanes"].as_object().into_iter().flatten().map(|(_, version)| version);
        let shares = told["split"]["slots"].as_array().into_iter().flatten().map(|run| &run["to"]);
        for version in lanes.chain(shares).filter(|version| !not_ready.contains(version) && **version != told["base"]) {
            for objects in [&routes, &subsets] {
                assert!(objects.contains(&version.to_string()), "{name} {version}: {told}\n{routes}\n{subsets}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_done_it_comes_to_rest_and_leaves_nothing_when_all_is_deleted(acts in vec(act(), 0..40)) {
        let mut fake = shop();
        for act in &acts {
            act.to(&mut fake);
        }
        fake.proxies_listen = true;
        (0..40).for_each(|_| pass(&mut fake));
        fake.written.clear();
        fake.settle();

        for act in [Act::DeleteRelease(0), Act::DeleteRelease(1), Act::DeleteLane("gray"), Act::DeleteLane("qa")] {
            act.to(&mut fake);
        }
        (0..60).for_each(|_| pass(&mut fake));
        prop_assert_eq!(fake.world.releases.len() + fake.world.lanes.len(), 0, "{:?}", fake.world.releases.iter().map(|one| &one.status).collect::<Vec<_>>());
        for name in SERVICES {
            let own = format!("graylane-{name}");
            for kind in [Kind::VirtualService, Kind::DestinationRule] {
                prop_assert!(fake.spec(kind, &own).is_none(), "{:?} {}", kind, own);
            }
        }
        for deployment in &fake.deployments {
            let marks = deployment.annotations().keys().chain(deployment.labels().keys());
            let left: Vec<_> = marks.filter(|key| key.contains("graylane")).collect();
            prop_assert!(left.is_empty() && deployment.finalizers().is_empty(), "{:?}", left);
            prop_assert!(deployment.spec.paused != Some(true), "{:?}", deployment);
        }
        let sets: Vec<_> = fake.replica_sets.iter().map(|set| set.name_any()).filter(|name| !name.ends_with("v1hash")).collect();
        prop_assert!(sets.is_empty(), "{:?}", sets);
    }
}

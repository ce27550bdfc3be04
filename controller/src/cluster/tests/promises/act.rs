//! What people and the cluster do, and what that is in the cluster.

use kube::ResourceExt;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::super::fake::{Fake, lane};
use super::super::releases::release;
use super::kubernetes::serve;
use super::{FRONTED, LANES, RELEASES, SERVICES, THEIRS, pass};
use crate::cluster::Kind;

/// What people and the cluster do.
#[derive(Debug, Clone)]
pub(super) enum Act {
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

pub(super) fn act() -> impl Strategy<Value = Act> {
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
    let rare = select(vec![json!(["gray"]), json!(["qa"]), json!(["nowhere"]), json!(["qa", "gray"])]);
    prop_oneof![2 => Just(json!(null)), 1 => rare]
}

fn release_spec() -> impl Strategy<Value = Value> {
    let isolation = select(vec![json!(null), json!("strict")]);
    let lane = select(vec!["new", "new", "newer", "gray"]);
    let split = |service: &str| json!([{"service": service, "weights": [{"version": "stable", "weight": 70}, {"version": "gray", "weight": 30}]}]);
    let splits = prop_oneof![2 => Just(json!(null)), 1 => select(vec![split("cart"), split("pay")])];
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
    let renamed = json!({"service": "cart", "version": "next", "labels": {"version": "gray"}, "base": {"app": "cart", "version": "v1"}});
    let both = json!([member("cart"), member("pay")]);
    let services = prop_oneof![1 => Just(both), 1 => select(vec![json!([member("cart")]), json!([member("pay")]), json!([renamed])])];
    (services, fallback()).prop_map(|(services, fallback)| json!({"services": services, "fallback": fallback}))
}

fn member(name: &str) -> Value {
    let base = json!({"app": name, "version": "v1"});
    json!({"service": name, "version": "gray", "base": base, "virtualServices": named(name)})
}

/// The `VirtualService`s of others that routes to a service are put in front of.
fn named(service: &str) -> Value {
    if service == FRONTED { json!([THEIRS]) } else { json!([]) }
}

/// A lane over both services, and a release of cart that is on its way.
pub(super) fn canary() -> Vec<Act> {
    let spec = json!({"services": [member("cart"), member("pay")]});
    let steps = json!([{"setWeight": 10}, {"pause": {}}]);
    vec![
        Act::Lane { name: "gray", spec },
        Act::Pass(6),
        Act::Release { index: 0, spec: json!({"strategy": {"canary": {"steps": steps}}}) },
        Act::Pass(6),
        Act::SetImage { deployment: "cart", image: 2 },
        Act::Pass(12),
    ]
}

impl Act {
    pub(super) fn to(&self, fake: &mut Fake) {
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
                    let workload =
                        json!({"service": service, "deployment": service, "virtualServices": named(service)});
                    fake.add(&release(name, &json!([workload])));
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

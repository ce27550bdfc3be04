//! What holds whatever people do to releases, lanes and Services, and in whatever order.

mod act;
mod kubernetes;

use kube::ResourceExt;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::fake::{Fake, deployment};
use super::releases::roll_out;
use crate::cluster::Kind;
use crate::cluster::object::publication;
use act::{Act, act, canary};
use kubernetes::{collect_garbage, pods, serve};

const SERVICES: [&str; 2] = ["cart", "pay"];
const LANES: [&str; 2] = ["gray", "qa"];
/// The service that somebody has routes of their own for, and where they are.
const FRONTED: &str = "pay";
const THEIRS: &str = "theirs";
/// Releases, and the Deployment and Service of each.
const RELEASES: [(&str, &str); 2] = [("checkout", "cart"), ("payment", "pay")];

/// Routes of somebody's own.
fn theirs() -> Value {
    let slow = json!({"match": [{"uri": {"prefix": "/slow"}}], "timeout": "9s", "route": [{"destination": {"host": FRONTED}}]});
    json!({"hosts": [FRONTED], "http": [slow, {"route": [{"destination": {"host": FRONTED}}]}]})
}

fn shop() -> Fake {
    let metadata = json!({"name": THEIRS});
    let virtual_service = json!({"kind": "VirtualService", "apiVersion": "networking.istio.io/v1",
        "metadata": metadata, "spec": theirs()});
    let mut fake = Fake::with(&[virtual_service]);
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

/// One pass, after which pods are as many as there should be; and what must hold after each.
fn pass(fake: &mut Fake) {
    fake.turn();
    pods(fake);
    collect_garbage(fake);
    who_is_sent_somewhere_finds_a_route(fake);
}

/// Every version that is ready for a lane or a share has a subset and a route.
fn who_is_sent_somewhere_finds_a_route(fake: &Fake) {
    let Some(spec) = fake.spec(Kind::WasmPlugin, publication::OUTBOUND) else { return };
    for (name, told) in spec["pluginConfig"]["services"].as_object().into_iter().flatten() {
        let name = name.strip_suffix(".shop").unwrap();
        let routes = if name == FRONTED { THEIRS.to_owned() } else { format!("graylane-{name}") };
        let routes = fake.spec(Kind::VirtualService, &routes).unwrap_or_default().to_string();
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
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_done_it_comes_to_rest_and_leaves_nothing_when_all_is_deleted(
        first in select(vec![Vec::new(), canary()]), acts in vec(act(), 0..40)
    ) {
        let mut fake = shop();
        for act in first.iter().chain(&acts) {
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
        prop_assert_eq!(fake.spec(Kind::VirtualService, THEIRS), Some(theirs()));
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

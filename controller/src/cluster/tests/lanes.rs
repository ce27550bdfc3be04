//! Standing lanes over Deployments that somebody made.

use serde_json::{Value, json};

use super::fake::{Fake, deployment, lane, service};
use crate::api::{ConditionType, Reason, Stage};
use crate::cluster::Kind;

/// The shop: cart of base and of a gray environment.
fn shop() -> Fake {
    let cart = deployment("cart", &json!({"app": "cart", "version": "v1"}));
    let gray = deployment("cart-gray", &json!({"app": "cart", "version": "gray"}));
    let service = service("cart", &[("cart-1", true), ("cart-gray-1", true)]);
    Fake::with(&[cart, gray, service].concat())
}

fn gray() -> Value {
    lane("gray", &json!([{"service": "cart", "version": "gray"}]))
}

fn yaml(spec: Option<Value>) -> String {
    serde_saphyr::to_string(&spec.unwrap()).unwrap()
}

#[test]
fn a_lane_gets_subsets_then_routes_then_requests() {
    let mut fake = shop();
    fake.settle();
    assert_eq!(fake.spec(Kind::DestinationRule, "graylane-cart"), None);

    fake.add(&gray());
    fake.turn();
    insta::assert_snapshot!("subsets", yaml(fake.spec(Kind::DestinationRule, "graylane-cart")));
    assert_eq!(fake.spec(Kind::VirtualService, "graylane-cart"), None, "nobody knows the subsets yet");
    fake.turn();
    insta::assert_snapshot!("routes", yaml(fake.spec(Kind::VirtualService, "graylane-cart")));
    assert_eq!(fake.told("cart.shop")["lanes"], Value::Null, "nobody knows the routes yet");
    fake.turn();
    assert_eq!(fake.told("cart.shop")["lanes"], json!({"gray": "gray"}));
    fake.settle();
    let status = fake.lane("gray").status.unwrap();
    assert_eq!((status.services[0].stage, status.services[0].ready), (Stage::Serving, 1));
    assert!(status.conditions.iter().any(|one| one.kind == ConditionType::Ready && one.reason == Reason::Valid));
}

#[test]
fn proxies_that_do_not_confirm_stop_a_lane_before_its_routes() {
    let mut fake = shop();
    fake.settle();
    fake.proxies_listen = false;
    fake.add(&gray());
    fake.settle();
    assert_eq!(fake.spec(Kind::VirtualService, "graylane-cart"), None);
    let status = fake.lane("gray").status.unwrap();
    assert_eq!(status.services[0].stage, Stage::Preparing);
    assert_eq!(status.proxies.lagging, ["shop/cart-1", "shop/cart-gray-1"]);
}

#[test]
fn a_version_without_ready_endpoints_gets_nothing() {
    let mut fake = shop();
    fake.add(&gray());
    fake.settle();
    assert_eq!(fake.told("cart.shop")["notReady"], Value::Null);
    for slice in service("cart", &[("cart-1", true), ("cart-gray-1", false)]) {
        fake.add(&slice);
    }
    fake.settle();
    assert_eq!(fake.told("cart.shop")["notReady"], json!(["gray"]));
    let status = fake.lane("gray").status.unwrap();
    assert!(status.message.contains("no ready endpoint"), "{}", status.message);
}

#[test]
fn a_lane_that_is_deleted_leaves_nothing() {
    let mut fake = shop();
    fake.add(&gray());
    fake.settle();
    fake.written.clear();
    fake.delete_lane("gray");
    fake.settle();
    assert!(fake.world.lanes.is_empty());
    assert_eq!(fake.spec(Kind::DestinationRule, "graylane-cart"), None);
    assert_eq!(fake.spec(Kind::VirtualService, "graylane-cart"), None);
    let order: Vec<&str> = fake.written.iter().map(String::as_str).filter(|one| one.starts_with("delete")).collect();
    assert_eq!(order, ["delete VirtualService/graylane-cart", "delete DestinationRule/graylane-cart"]);
    let first = fake.written.iter().position(|one| one.contains("WasmPlugin")).unwrap();
    let routes = fake.written.iter().position(|one| one.starts_with("delete VirtualService")).unwrap();
    assert!(first < routes, "requests leave before routes do: {:?}", fake.written);
}

#[test]
fn two_lanes_share_the_objects_of_a_service_and_leave_one_by_one() {
    let mut fake = shop();
    let branch = deployment("cart-branch", &json!({"app": "cart", "track": "branch-7"}));
    for object in &branch {
        fake.add(object);
    }
    fake.add(&gray());
    fake.add(&lane("branch-7", &json!([{"service": "cart", "version": "branch-7", "labels": {"track": "branch-7"}}])));
    fake.settle();
    insta::assert_snapshot!("shared_routes", yaml(fake.spec(Kind::VirtualService, "graylane-cart")));
    fake.delete_lane("gray");
    fake.settle();
    let rule = fake.spec(Kind::DestinationRule, "graylane-cart").unwrap();
    let names: Vec<_> = rule["subsets"].as_array().unwrap().iter().map(|subset| subset["name"].clone()).collect();
    assert_eq!(names, ["branch-7", "stable"]);
}

#[test]
fn what_stands_in_the_way_of_a_lane_is_told_with_its_own_reason_and_advice() {
    let labelled = |labels: Value| json!([{"service": "cart", "version": "gray", "labels": labels}]);
    let foreign = json!({"kind": "VirtualService", "apiVersion": "networking.istio.io/v1",
        "metadata": {"name": "mine"}, "spec": {"hosts": ["cart"], "http": []}});
    let second = deployment("cart-too", &json!({"app": "cart", "version": "v0"}));
    for (services, more, reason, advice) in [
        (json!([{"service": "carts", "version": "gray"}]), vec![], Reason::ServiceNotFound, "create it"),
        (json!([{"service": "cart.other", "version": "gray"}]), vec![], Reason::ForeignNamespace, "over there"),
        (json!([{"service": "cart", "version": "stable"}]), vec![], Reason::Conflict, "otherwise"),
        (labelled(json!({"version": "gray"})), vec![foreign], Reason::ForeignVirtualService, "take cart.shop out"),
        (labelled(json!({"version": "gray"})), second.to_vec(), Reason::BaseUnknown, "cart, cart-too"),
        (
            json!([{"service": "cart", "version": "gray", "base": {"app": "cart"}}]),
            vec![],
            Reason::SelectorOverlap,
            "cart-gray",
        ),
    ] {
        let mut fake = shop();
        for object in &more {
            fake.add(object);
        }
        fake.add(&lane("gray", &services));
        fake.settle();
        let (told, message) = fake.objection("gray").unwrap();
        assert_eq!(told, reason, "{message}");
        assert!(message.starts_with("spec.services[0]: ") && message.contains(advice), "{message}");
        assert_eq!(fake.spec(Kind::DestinationRule, "graylane-cart"), None, "{message}");
    }
}

#[test]
fn a_lane_that_means_other_pods_by_the_version_of_an_earlier_one_is_refused() {
    let mut fake = shop();
    fake.add(&gray());
    fake.add(&lane("other", &json!([{"service": "cart", "version": "gray", "labels": {"version": "v9"}}])));
    fake.settle();
    assert_eq!(fake.objection("gray"), None);
    let (reason, message) = fake.objection("other").unwrap();
    assert_eq!(reason, Reason::Conflict);
    assert!(message.contains("another name for the version"), "{message}");
}

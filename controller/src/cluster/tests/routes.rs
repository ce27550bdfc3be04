//! Routes in front of a `VirtualService` that somebody made.

use serde_json::{Value, json};

use super::fake::{Fake, deployment, lane, service};
use crate::api::Reason;
use crate::cluster::Kind;

/// The shop behind a gateway, with a page that is none of cart's, and a field that nobody here knows.
fn mine() -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "mine"}, "spec": {
        "gateways": ["edge", "mesh"],
        "hosts": ["shop.example", "cart.shop.svc.cluster.local"],
        "http": [
            {"match": [{"uri": {"prefix": "/static"}}], "route": [{"destination": {"host": "static"}}], "unknown": {"b": 1, "a": [2.5]}},
            {"name": "pay", "match": [{"uri": {"prefix": "/cart"}, "headers": {"x": {"exact": "y"}}}],
             "route": [{"destination": {"host": "cart", "port": {"number": 80}}, "weight": 90}, {"destination": {"host": "static"}, "weight": 10}]},
            {"route": [{"destination": {"host": "cart.shop.svc.cluster.local"}}], "timeout": "3s"},
        ],
        "tcp": [{"route": [{"destination": {"host": "db"}}]}],
    }})
}

fn shop(virtual_services: &Value) -> Fake {
    let cart = deployment("cart", &json!({"app": "cart", "version": "v1"}));
    let gray = deployment("cart-gray", &json!({"app": "cart", "version": "gray"}));
    let service = service("cart", &[("cart-1", true), ("cart-gray-1", true)]);
    let mut fake = Fake::with(&[cart, gray, service].concat());
    fake.add(&mine());
    fake.add(&lane("gray", &json!([{"service": "cart", "version": "gray", "virtualServices": virtual_services}])));
    fake
}

#[test]
fn routes_stand_in_front_of_those_of_somebody_and_these_stay_as_they_are() {
    let mut fake = shop(&json!(["mine"]));
    fake.settle();
    assert_eq!(fake.objection("gray"), None);
    let spec = fake.spec(Kind::VirtualService, "mine").unwrap();
    insta::assert_snapshot!("in_front", serde_saphyr::to_string(&spec["http"]).unwrap());
    let before = mine()["spec"].clone();
    let theirs = before["http"].as_array().unwrap();
    let all = spec["http"].as_array().unwrap();
    let kept = &all[all.len() - theirs.len()..];
    assert_eq!(serde_json::to_string(kept).unwrap(), serde_json::to_string(theirs).unwrap(), "byte for byte");
    for member in ["gateways", "hosts", "tcp"] {
        assert_eq!(spec[member], before[member]);
    }
    assert_eq!(fake.spec(Kind::VirtualService, "graylane-cart"), None, "Istio would not merge it");
}

#[test]
fn they_go_without_a_trace() {
    let mut fake = shop(&json!(["mine"]));
    fake.settle();
    fake.delete_lane("gray");
    fake.settle();
    let spec = fake.spec(Kind::VirtualService, "mine").unwrap();
    assert_eq!(serde_json::to_string(&spec).unwrap(), serde_json::to_string(&mine()["spec"]).unwrap());
}

#[test]
fn routes_that_somebody_takes_away_come_back_and_foreign_changes_stay() {
    let mut fake = shop(&json!(["mine"]));
    fake.settle();
    let mut again = mine();
    again["spec"]["http"][2]["timeout"] = json!("9s");
    fake.add(&again);
    fake.written.clear();
    fake.settle();
    assert_eq!(fake.written, ["patch VirtualService/mine"], "one write, then rest");
    let http = fake.spec(Kind::VirtualService, "mine").unwrap()["http"].clone();
    let timeouts: Vec<_> = http.as_array().unwrap().iter().filter_map(|route| route["timeout"].as_str()).collect();
    assert_eq!(timeouts, ["9s"; 3], "for the version, for base, and their own");
}

#[test]
fn gateways_decide_about_what_they_lead_to_the_service_alone() {
    let mut fake = shop(&json!(["mine"]));
    fake.settle();
    let spec = fake.spec(Kind::WasmPlugin, "graylane-gateway-ingressgateway").unwrap();
    let hosts = &spec["pluginConfig"]["services"]["cart.shop"]["hosts"];
    assert_eq!(
        *hosts,
        json!(["cart.shop", "cart.shop.svc.cluster.local", "shop.example"]),
        "the second route leads elsewhere, too"
    );
}

#[test]
fn what_can_have_no_routes_in_front_is_refused_with_its_own_reason() {
    let subset = |spec: &mut Value| spec["http"][2]["route"][0]["destination"]["subset"] = json!("v1");
    let elsewhere = |spec: &mut Value| spec["http"] = json!([{"route": [{"destination": {"host": "static"}}]}]);
    let as_it_is = |_: &mut Value| {};
    for (named, change, reason) in [
        (json!([]), &as_it_is as &dyn Fn(&mut Value), Reason::ForeignVirtualService),
        (json!(["mine", "yours"]), &as_it_is, Reason::VirtualServiceNotFound),
        (json!(["mine"]), &subset, Reason::VirtualServiceUnfit),
        (json!(["mine"]), &elsewhere, Reason::VirtualServiceUnfit),
    ] {
        let mut fake = shop(&named);
        let mut object = mine();
        change(&mut object["spec"]);
        fake.add(&object);
        fake.settle();
        let (told, message) = fake.objection("gray").unwrap();
        assert_eq!(told, reason, "{message}");
        let same = fake.spec(Kind::VirtualService, "mine").unwrap();
        assert_eq!(same, object["spec"], "nothing foreign is touched: {message}");
    }
}

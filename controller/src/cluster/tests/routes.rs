//! Routes in front of a `VirtualService` that somebody made.

use serde_json::{Value, json};

use super::fake::{Fake, deployment, lane, service};
use crate::api::Reason;
use crate::cluster::{Kind, SAID_ANNOTATION};

/// What our objects of cart are called.
const OURS: &str = "graylane-cart";

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
    let mut fake = with_lane(virtual_services);
    fake.add(&mine());
    fake
}

/// A lane of cart, of which nobody has routes yet.
fn with_lane(virtual_services: &Value) -> Fake {
    let cart = deployment("cart", &json!({"app": "cart", "version": "v1"}));
    let gray = deployment("cart-gray", &json!({"app": "cart", "version": "gray"}));
    let service = service("cart", &[("cart-1", true), ("cart-gray-1", true)]);
    let mut fake = Fake::with(&[cart, gray, service].concat());
    fake.add(&lane("gray", &json!([{"service": "cart", "version": "gray", "virtualServices": virtual_services}])));
    fake
}

/// Somebody adds `edit` to our object of cart.
fn add_to_ours(fake: &mut Fake, kind: Kind, edit: &Value) {
    let objects = match kind {
        Kind::VirtualService => &fake.world.virtual_services,
        Kind::DestinationRule => &fake.world.destination_rules,
        other => panic!("{other:?} is none of cart's"),
    };
    let mut object = serde_json::to_value(objects.get("shop", OURS).unwrap()).unwrap();
    json_patch::merge(&mut object, edit);
    fake.add(&object);
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
    assert_eq!(fake.spec(Kind::VirtualService, OURS), None, "Istio would not merge it");
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

#[test]
fn whatever_others_add_to_routes_and_subsets_of_ours_goes_by_one_write() {
    let mut fake = with_lane(&json!([]));
    fake.settle();
    let route = json!([{"route": [{"destination": {"host": "elsewhere"}}]}]);
    for (kind, added) in [
        (Kind::VirtualService, json!({"gateways": ["edge"]})),
        (Kind::VirtualService, json!({"exportTo": ["."]})),
        (Kind::VirtualService, json!({"tcp": route})),
        (Kind::VirtualService, json!({"tls": route, "gateways": ["edge"], "exportTo": ["~"]})),
        (Kind::DestinationRule, json!({"exportTo": ["."]})),
        (Kind::DestinationRule, json!({"workloadSelector": {"matchLabels": {"app": "nobody"}}})),
    ] {
        let right = fake.spec(kind, OURS);
        add_to_ours(&mut fake, kind, &json!({"spec": added}));
        assert_ne!(fake.spec(kind, OURS), right);
        fake.written.clear();
        fake.settle();
        assert_eq!(fake.spec(kind, OURS), right, "{added}");
        assert_eq!(fake.written, [format!("patch {kind:?}/{OURS}")], "one write, then rest");
    }
}

#[test]
fn hosts_that_others_add_go_as_well() {
    let mut fake = with_lane(&json!([]));
    fake.settle();
    let right = fake.spec(Kind::VirtualService, OURS);
    let hosts = json!(["cart.shop.svc.cluster.local", "pay.shop.svc.cluster.local"]);
    add_to_ours(&mut fake, Kind::VirtualService, &json!({"spec": {"hosts": hosts, "gateways": ["edge"]}}));
    fake.settle();
    assert_eq!(fake.spec(Kind::VirtualService, OURS), right);
}

#[test]
fn how_connections_are_made_is_for_others_to_say_and_so_is_what_objects_are_labelled_with() {
    let mut fake = with_lane(&json!([]));
    fake.settle();
    let theirs = json!({"labels": {"whose": "theirs"}, "annotations": {"note": "by hand"}});
    let pool = json!({"connectionPool": {"tcp": {"maxConnections": 7}}, "outlierDetection": {"interval": "5s"}});
    add_to_ours(&mut fake, Kind::VirtualService, &json!({"metadata": theirs}));
    add_to_ours(&mut fake, Kind::DestinationRule, &json!({"metadata": theirs, "spec": {"trafficPolicy": pool}}));
    fake.written.clear();
    fake.settle();
    assert_eq!(fake.written, Vec::<String>::new());

    add_to_ours(&mut fake, Kind::DestinationRule, &json!({"spec": {"exportTo": ["."]}}));
    fake.settle();
    let spec = fake.spec(Kind::DestinationRule, OURS).unwrap();
    assert_eq!((&spec["trafficPolicy"], &spec["exportTo"]), (&pool, &Value::Null));
    for objects in [&fake.world.virtual_services, &fake.world.destination_rules] {
        let mut metadata = serde_json::to_value(&objects.get("shop", OURS).unwrap().metadata).unwrap();
        assert!(metadata["annotations"].as_object_mut().unwrap().remove(SAID_ANNOTATION).is_some());
        assert_eq!([&metadata["labels"], &metadata["annotations"]], [&theirs["labels"], &theirs["annotations"]]);
    }
}

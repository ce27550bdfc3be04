//! Configurations that are no good, pushed by somebody: the scenario bad-config-push.
//!
//! What a filter does with one that reaches it, it goes by the last good one and counts, is promised in
//! `tests/scenarios/configuration.yaml` and in `tests/tests/plugin`.

use std::sync::Arc;

use graylane_core::{FilterConfig, Phase, Router};
use kube::ResourceExt;
use serde_json::{Value, json};

use super::fake::{Fake, deployment, lane, service};
use crate::api::{Reason, Stage};
use crate::cluster::object::publication;
use crate::cluster::{Kind, published_config};

fn shop() -> Fake {
    let cart = deployment("cart", &json!({"app": "cart", "version": "v1"}));
    let gray = deployment("cart-gray", &json!({"app": "cart", "version": "gray"}));
    let service = service("cart", &[("cart-1", true), ("cart-gray-1", true)]);
    let mut fake = Fake::with(&[cart, gray, service].concat());
    fake.add(&lane("gray", &json!([{"service": "cart", "version": "gray"}])));
    fake.settle();
    fake
}

/// Somebody edits the configuration of one of our objects in the namespace of the shop.
fn edit(fake: &mut Fake, change: impl Fn(&mut Value)) {
    fake.edit_filters(Kind::WasmPlugin, |address, spec| {
        if address == ("shop", publication::OUTBOUND) {
            change(&mut spec["pluginConfig"]);
        }
    });
}

fn outbound(fake: &Fake) -> FilterConfig {
    let objects = fake.world.wasm_plugins.iter().map(AsRef::as_ref);
    published_config(objects.filter(|object| object.namespace().as_deref() == Some("shop")), Phase::SidecarOutbound)
        .expect("it can be read")
}

/// Something that somebody does to a configuration.
type Edit<'a> = (&'a str, &'a dyn Fn(&mut Value));

#[test]
fn a_plugin_configuration_that_somebody_breaks_is_mended_at_once_and_stays_mended() {
    let edits: [Edit<'_>; 6] = [
        ("a member that no filter knows", &|config| config["wieght"] = json!(5)),
        ("one deep within", &|config| config["services"]["cart.shop"]["note"] = json!({"by": "me"})),
        ("one in a list", &|config| config["ruleSets"][0]["rules"][0]["note"] = json!("mine")),
        ("another service", &|config| config["services"]["pay.shop"] = json!({"hosts": 7})),
        ("a value of another type", &|config| config["lanes"] = json!("all")),
        ("nothing left", &|config| *config = json!({})),
    ];
    for (what, change) in edits {
        let mut fake = shop();
        let good = outbound(&fake);
        edit(&mut fake, change);
        fake.written.clear();
        fake.turn();
        let mended = outbound(&fake);
        assert_eq!(mended.digest(), good.digest(), "{what}: {:?}", fake.written);
        assert!(Router::compile(&mended).is_ok());
        fake.settle();
        assert!(fake.written.len() <= 2, "{what}: one object was edited, {:?}", fake.written);
        assert_eq!(outbound(&fake).generation, good.generation, "{what}: proxies that have it need not take it again");
    }
}

#[test]
fn a_configuration_that_is_broken_everywhere_is_mended_and_gets_a_new_generation_once() {
    let mut fake = shop();
    let good = outbound(&fake);
    fake.edit_filters(Kind::WasmPlugin, |_, spec| spec["pluginConfig"]["wieght"] = json!(5));
    fake.settle();
    let mended = outbound(&fake);
    assert_eq!((mended.digest(), mended.generation > good.generation), (good.digest(), true));
}

#[test]
fn a_selector_that_somebody_adds_takes_the_filter_from_nobody() {
    let mut fake = shop();
    let good = fake.spec(Kind::WasmPlugin, publication::INBOUND).unwrap();
    fake.edit_filters(Kind::WasmPlugin, |(_, name), spec| {
        if name == publication::INBOUND {
            spec["selector"] = json!({"matchLabels": {"app": "nobody"}});
        }
    });
    fake.settle();
    assert_eq!(fake.spec(Kind::WasmPlugin, publication::INBOUND).unwrap(), good);
}

#[test]
fn what_is_published_no_more_goes_by_the_write_that_says_the_rest() {
    let mut fake = shop();
    fake.written.clear();
    fake.delete_lane("gray");
    fake.settle();
    assert_eq!(fake.told("cart.shop")["lanes"], Value::Null);
    let patched = fake.written.iter().filter(|one| one.starts_with("patch WasmPlugin")).count();
    assert_eq!(patched, 0, "proxies get no half of a configuration: {:?}", fake.written);
}

#[test]
fn how_a_module_is_fetched_is_for_others_to_say() {
    let mut fake = shop();
    fake.edit_filters(Kind::WasmPlugin, |_, spec| spec["imagePullSecret"] = json!("mine"));
    fake.written.clear();
    fake.settle();
    assert!(fake.written.is_empty(), "{:?}", fake.written);
}

#[test]
fn routes_that_somebody_adds_something_to_are_as_they_were() {
    let mut fake = shop();
    let good = fake.spec(Kind::VirtualService, "graylane-cart").unwrap();
    let routes = Arc::make_mut(fake.world.virtual_services.iter_mut().next().unwrap());
    routes.data["spec"]["http"][0]["fault"] = json!({"abort": {"httpStatus": 500, "percentage": {"value": 100}}});
    fake.settle();
    assert_eq!(fake.spec(Kind::VirtualService, "graylane-cart").unwrap(), good);
}

#[test]
fn a_lane_that_no_filter_would_take_is_refused_with_its_field_and_stops_nobody_else() {
    let mut fake = shop();
    let good = outbound(&fake);
    let mut bad = lane("bad", &json!([{"service": "cart", "version": "gray"}]));
    // No schema can tell.
    bad["spec"]["rules"][0]["when"] = json!({"header": {"name": "x-user", "regex": "(alice"}});
    fake.add(&bad);
    fake.settle();
    let (reason, message) = fake.objection("bad").unwrap();
    assert_eq!(reason, Reason::Refused);
    assert!(message.starts_with("spec.rules[0].when.header.regex: "), "{message}");
    let told = outbound(&fake);
    assert_eq!(told.lanes, good.lanes);
    assert_eq!(fake.objection("gray"), None);
    let status = fake.lane("gray").status.unwrap();
    assert_eq!(status.services[0].stage, Stage::Serving);
}

//! Another module of the filter, while lanes and releases are under way.

use graylane_core::Phase as Side;
use serde_json::{Value, json};

use super::fake::Fake;
use super::releases::{half_way, set_image, shop, status, until};
use crate::api::{GrayReleaseStatus, Phase};
use crate::cluster::object::publication;
use crate::cluster::{Kind, ModuleSource, published_config};

fn module(name: &str) -> ModuleSource {
    ModuleSource { url: format!("oci://registry.example/{name}"), sha256: None }
}

fn outbound(fake: &Fake) -> Value {
    fake.spec(Kind::WasmPlugin, publication::OUTBOUND).unwrap()
}

fn url(fake: &Fake) -> String {
    outbound(fake)["url"].as_str().unwrap().to_owned()
}

/// What filters are told, but for its number.
fn content(fake: &Fake) -> String {
    let config = published_config(fake.world.wasm_plugins.iter().map(AsRef::as_ref), Side::SidecarOutbound);
    let mut config = config.expect("it can be read");
    config.generation = 0;
    serde_json::to_string(&config).unwrap()
}

fn at(fake: &Fake) -> GrayReleaseStatus {
    status(fake, "checkout").status.unwrap()
}

/// Somebody says something to the release.
fn tell(fake: &mut Fake, verb: &str) {
    let mut release = serde_json::to_value(status(fake, "checkout")).unwrap();
    release["metadata"]["annotations"] = json!({"graylane.io/verb": format!("{verb} by alice at 1")});
    fake.add(&release);
}

/// A release that pauses at 10 %, and another module.
fn paused() -> Fake {
    let mut fake = half_way();
    fake.turn();
    fake.settings.module = module("next");
    fake
}

#[test]
fn another_module_comes_as_a_generation_of_its_own_with_what_proxies_have() {
    let mut fake = paused();
    fake.proxies_listen = false;
    let (before, generation) = (content(&fake), publication::highest_generation(&fake.world));
    tell(&mut fake, "approve");
    fake.turn();
    assert_eq!(url(&fake), "oci://registry.example/next");
    assert_eq!((content(&fake), publication::highest_generation(&fake.world)), (before, generation + 1));
}

#[test]
fn no_release_gets_on_before_every_proxy_has_the_module() {
    let mut fake = paused();
    fake.proxies_listen = false;
    tell(&mut fake, "approve");
    let weight = at(&fake).traffic.weight;
    for _ in 0..20 {
        fake.turn();
    }
    assert_eq!(at(&fake).traffic.weight, weight);
    assert!(at(&fake).message.starts_with("held while proxies get another module"), "{}", at(&fake).message);

    fake.proxies_listen = true;
    until(&mut fake, Phase::Draining);
    assert_eq!(url(&fake), "oci://registry.example/next");
}

#[test]
fn an_abort_does_not_wait_for_a_module() {
    let mut fake = paused();
    fake.proxies_listen = false;
    fake.turn();
    tell(&mut fake, "abort");
    fake.turn();
    assert_eq!((at(&fake).phase, at(&fake).traffic.weight.slots()), (Phase::Aborting, 0));
    fake.turn();
    assert!(!content(&fake).contains("\"weight\":1000"), "{}", content(&fake));
}

#[test]
fn a_module_waits_for_a_step_that_proxies_are_taking() {
    let mut fake = shop();
    fake.settle();
    set_image(&mut fake);
    until(&mut fake, Phase::Announcing);
    fake.proxies_listen = false;
    fake.turn();
    fake.settings.module = module("next");
    for _ in 0..5 {
        fake.turn();
        assert_eq!((at(&fake).phase, url(&fake).as_str()), (Phase::Propagating, "oci://filter"));
    }
    fake.proxies_listen = true;
    until(&mut fake, Phase::Pausing);
    fake.settle();
    assert_eq!(url(&fake), "oci://registry.example/next");
}

#[test]
fn a_module_that_somebody_puts_in_is_taken_out_at_once() {
    let mut fake = paused();
    fake.settle();
    let generation = publication::highest_generation(&fake.world);
    fake.edit_filters(Kind::WasmPlugin, |_, spec| spec["url"] = json!("oci://registry.example/foreign"));
    fake.turn();
    assert_eq!(url(&fake), "oci://registry.example/next");
    assert_eq!(publication::highest_generation(&fake.world), generation);
}

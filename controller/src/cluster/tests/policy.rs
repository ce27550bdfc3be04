//! The policy of the mesh, and its secrets.

use graylane_core::config::Secret;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::fake::{Fake, deployment, service};
use crate::api::{Reason, SecretRef};
use crate::cluster::object::publication;
use crate::cluster::{Kind, ModuleSource, NoSecret};

const TEXT: &str = "0123456789abcdef0123456789abcdef";

fn with_overrides() -> Fake {
    let objects = [deployment("cart", &json!({"app": "cart"})), service("cart", &[("cart-1", true)])].concat();
    let mut fake = Fake::with(&objects);
    let key = json!({"id": "k1", "from": {"secretRef": {"name": "graylane-overrides", "key": "k1"}}});
    fake.add(&json!({"apiVersion": "graylane.io/v1alpha1", "kind": "MeshPolicy", "metadata": {"name": "default"},
        "spec": {"overrides": {"audience": "shop.example", "keys": [key]}}}));
    fake
}

fn named() -> SecretRef {
    SecretRef { name: "graylane-overrides".to_owned(), key: "k1".to_owned() }
}

fn told(fake: &Fake, name: &str) -> Value {
    fake.spec(Kind::WasmPlugin, name).unwrap()["pluginConfig"]["overrides"]["keys"].clone()
}

#[test]
fn gateways_and_only_they_get_the_secrets_that_are_named() {
    let mut fake = with_overrides();
    fake.world.secrets.insert(named(), Ok(Secret::new(TEXT).unwrap()));
    fake.settle();
    assert_eq!(told(&fake, "graylane-gateway-ingressgateway"), json!([{"id": "k1", "secret": TEXT}]));
    assert_eq!(told(&fake, "graylane-outbound"), Value::Null);
    assert_eq!(fake.policy_condition().0, Reason::Valid);
}

#[test]
fn a_secret_that_can_not_be_used_is_told_with_its_reason_and_stops_nothing() {
    for (why, reason, advice) in [
        (NoSecret::NotFound, Reason::SecretNotFound, "create it there"),
        (NoSecret::NoKey, Reason::SecretNotFound, "no such key"),
        (NoSecret::Forbidden, Reason::SecretNotReadable, "resourceNames"),
        (NoSecret::Unfit("the secret is no good".to_owned()), Reason::SecretUnfit, "no good"),
    ] {
        let mut fake = with_overrides();
        fake.world.secrets.insert(named(), Err(why));
        fake.settle();
        let (told, message) = fake.policy_condition();
        assert_eq!(told, reason, "{message}");
        assert!(
            message.starts_with("spec.overrides.keys[0].from.secretRef: ") && message.contains(advice),
            "{message}"
        );
        assert!(fake.spec(Kind::WasmPlugin, "graylane-outbound").is_some(), "everything else is published");
    }
}

#[test]
fn nothing_shows_a_secret_but_what_is_published() {
    let mut fake = with_overrides();
    fake.world.secrets.insert(named(), Ok(Secret::new(TEXT).unwrap()));
    fake.settle();
    assert!(!format!("{:?}", fake.world.secrets).contains(TEXT));
    assert!(!serde_json::to_string(fake.world.policy.as_deref().unwrap()).unwrap().contains(TEXT));
}

fn delivered(fake: &Fake, kind: Kind) -> Vec<String> {
    let objects = if kind == Kind::WasmPlugin { &fake.world.wasm_plugins } else { &fake.world.envoy_filters };
    let mut names: Vec<String> = objects.iter().map(|object| object.name_any()).collect();
    names.sort();
    names.dedup();
    names
}

fn deliver(fake: &mut Fake, delivery: &str) {
    fake.add(&json!({"apiVersion": "graylane.io/v1alpha1", "kind": "MeshPolicy", "metadata": {"name": "default"},
        "spec": {"delivery": delivery}}));
}

#[test]
fn the_filter_is_delivered_as_the_policy_says_and_the_way_back_is_the_same() {
    let mut fake = with_overrides();
    fake.settings.module = ModuleSource { url: "file:///opt/graylane.wasm".to_owned(), sha256: None };
    deliver(&mut fake, "WasmPlugin");
    fake.settle();
    let roles = ["graylane-gateway-ingressgateway", "graylane-inbound", "graylane-outbound"];
    assert_eq!((delivered(&fake, Kind::WasmPlugin), delivered(&fake, Kind::EnvoyFilter)), (to_strings(&roles), vec![]));

    fake.written.clear();
    deliver(&mut fake, "EnvoyFilter");
    fake.settle();
    assert_eq!((delivered(&fake, Kind::WasmPlugin), delivered(&fake, Kind::EnvoyFilter)), (vec![], to_strings(&roles)));
    let last_new = fake.written.iter().rposition(|one| one.starts_with("apply EnvoyFilter")).unwrap();
    let first_gone = fake.written.iter().position(|one| one.starts_with("delete WasmPlugin")).unwrap();
    assert!(last_new < first_gone, "proxies are never without: {:?}", fake.written);
    let mut gateway = fake.spec(Kind::EnvoyFilter, "graylane-gateway-ingressgateway").unwrap();
    let text = gateway.pointer_mut("/configPatches/0/patch/value/typed_config/config/configuration/value").unwrap();
    let config: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
    assert_eq!(config["phase"], "gateway");
    *text = json!("the configuration");
    insta::assert_snapshot!("envoy_filter", serde_saphyr::to_string(&gateway).unwrap());
    assert_eq!(fake.policy_condition().0, Reason::Valid);

    let generation = publication::highest_generation(&fake.world);
    deliver(&mut fake, "WasmPlugin");
    fake.settle();
    assert_eq!((delivered(&fake, Kind::WasmPlugin), delivered(&fake, Kind::EnvoyFilter)), (to_strings(&roles), vec![]));
    assert_eq!(publication::highest_generation(&fake.world), generation + 1, "a generation of its own");
}

/// Something that somebody does to a spec.
type Edit<'a> = (&'a str, &'a dyn Fn(&mut Value));

#[test]
fn what_others_add_to_an_envoy_filter_is_taken_out_by_one_write() {
    let mut fake = with_overrides();
    fake.settings.module = ModuleSource { url: "file:///opt/graylane.wasm".to_owned(), sha256: None };
    deliver(&mut fake, "EnvoyFilter");
    fake.settle();
    let patch = json!({"applyTo": "CLUSTER", "patch": {"operation": "MERGE", "value": {}}});
    let edits: [Edit<'_>; 5] = [
        ("a patch", &|spec| spec["configPatches"].as_array_mut().unwrap().push(patch.clone())),
        ("a member of a patch", &|spec| spec["configPatches"][1]["match"]["proxy"] = json!({"metadata": {}})),
        ("a selector", &|spec| spec["workloadSelector"] = json!({"labels": {"app": "nobody"}})),
        ("a target", &|spec| spec["targetRefs"] = json!([{"kind": "Service", "name": "cart"}])),
        ("an order", &|spec| spec["priority"] = json!(-10)),
    ];
    for (what, edit) in edits {
        let good = fake.spec(Kind::EnvoyFilter, "graylane-outbound").unwrap();
        fake.edit_filters(Kind::EnvoyFilter, |address, spec| {
            if address == ("shop", "graylane-outbound") {
                edit(spec);
            }
        });
        fake.written.clear();
        fake.settle();
        assert_eq!(fake.spec(Kind::EnvoyFilter, "graylane-outbound").unwrap(), good, "{what}");
        assert_eq!(fake.written.len(), 1, "{what}: {:?}", fake.written);
    }
}

fn to_strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_module_that_proxies_would_have_to_fetch_first_is_delivered_the_other_way() {
    for url in ["oci://registry.example/filter", "http://graylane.graylane-system:8080/module/0a.wasm"] {
        let mut fake = with_overrides();
        fake.settings.module = ModuleSource { url: url.to_owned(), sha256: Some("0a".to_owned()) };
        deliver(&mut fake, "EnvoyFilter");
        fake.settle();
        let (reason, message) = fake.policy_condition();
        assert_eq!(reason, Reason::DeliveryImpossible);
        assert!(message.contains(url), "{message}");
        assert_eq!(delivered(&fake, Kind::WasmPlugin).len(), 3);
    }
}

//! Manifests for people who apply them themselves, beside what the controller writes.

use std::fs;

use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::{Value, json};

use super::fake::{Fake, deployment, lane, service};
use crate::cluster::{Kind, ModuleSource, istio_manifests};
use crate::plan::{Refusals, plan};
use crate::resources::{self, Resources};

const FILE: &str = "file:///opt/graylane.wasm";

fn read(objects: &[Value]) -> Resources {
    let folder = tempfile::tempdir().unwrap();
    for (index, object) in objects.iter().enumerate() {
        let mut object = object.clone();
        object["metadata"]["namespace"] = json!("shop");
        fs::write(folder.path().join(format!("{index}.json")), object.to_string()).unwrap();
    }
    resources::read(&[folder.path()]).unwrap()
}

fn manifests(objects: &[Value], url: &str) -> Result<Vec<DynamicObject>, Refusals> {
    let observed = read(objects).observe();
    let module = ModuleSource { url: url.to_owned(), sha256: Some("0a".to_owned()) };
    istio_manifests(&observed, &plan(&observed, None).unwrap(), &module)
}

fn policy(delivery: &str) -> Value {
    json!({"apiVersion": "graylane.io/v1alpha1", "kind": "MeshPolicy", "metadata": {"name": "default"},
        "spec": {"delivery": delivery, "headers": {"version": "x-my-version"}}})
}

fn gray() -> Value {
    lane("gray", &json!([{"service": "cart", "version": "gray", "base": {"app": "cart", "version": "v1"}}]))
}

/// An object without what tells one generation from another.
fn ageless(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(generation) = spec.pointer_mut("/pluginConfig/generation") {
        *generation = json!(0);
    }
    if let Some(text) = spec.pointer_mut("/configPatches/0/patch/value/typed_config/config/configuration/value") {
        let mut config: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
        config["generation"] = json!(0);
        *text = config;
    }
    spec
}

#[test]
fn manifests_say_what_the_controller_would_write_for_the_same_files() {
    for (delivery, kind) in [("WasmPlugin", Kind::WasmPlugin), ("EnvoyFilter", Kind::EnvoyFilter)] {
        let cart = deployment("cart", &json!({"app": "cart", "version": "v1"}));
        let branch = deployment("cart-gray", &json!({"app": "cart", "version": "gray"}));
        let endpoints = service("cart", &[("cart-1", true), ("cart-gray-1", true)]);
        let mut fake = Fake::with(&[cart, branch, endpoints].concat());
        fake.settings.module = ModuleSource { url: FILE.to_owned(), sha256: Some("0a".to_owned()) };
        for object in [policy(delivery), gray()] {
            fake.add(&object);
        }
        fake.settle();
        let printed = manifests(&[policy(delivery), gray()], FILE).unwrap();
        let names = ["graylane-cart", "graylane-gateway-ingressgateway", "graylane-inbound", "graylane-outbound"];
        let mut kinds = vec![Kind::DestinationRule, Kind::VirtualService];
        kinds.extend([kind; 3]);
        assert_eq!(printed.len(), kinds.len());
        for (object, kind) in printed.iter().zip(kinds) {
            let name = object.name_any();
            assert!(names.contains(&name.as_str()), "{name}");
            assert_eq!(object.types.as_ref().unwrap().kind, kind.resource().kind);
            let written = fake.spec(kind, &name).unwrap();
            assert_eq!(ageless(&object.data["spec"]), ageless(&written), "{name}");
        }
        let places: Vec<_> = printed.iter().map(|object| object.namespace().unwrap()).collect();
        assert_eq!(places, ["shop", "shop", "istio-system", "shop", "shop"]);
    }
}

#[test]
fn what_only_a_controller_can_do_is_refused_with_the_field_and_advice() {
    let release = |workload: Value| {
        json!({"apiVersion": "graylane.io/v1alpha1", "kind": "GrayRelease", "metadata": {"name": "new"},
            "spec": {"workloads": [workload]}})
    };
    let key = json!({"id": "k1", "from": {"secretRef": {"name": "graylane-overrides", "key": "k1"}}});
    let mut secret = policy("WasmPlugin");
    secret["spec"]["overrides"] = json!({"audience": "shop.example", "keys": [key]});
    let lane = |member: Value| lane("gray", &json!([member]));
    for (object, url, path, advice) in [
        (
            release(json!({"service": "cart", "deployment": "cart"})),
            FILE,
            "spec.workloads[0].deployment",
            "stable and gray",
        ),
        (
            release(json!({"service": "cart", "stable": "v1", "gray": "v2", "virtualServices": ["mine"]})),
            FILE,
            "spec.workloads[0].virtualServices",
            "take the printed routes over",
        ),
        (lane(json!({"service": "cart", "version": "gray"})), FILE, "spec.services[0].base", "labels"),
        (
            lane(json!({"service": "cart", "version": "gray", "base": {"a": "b"}, "virtualServices": ["mine"]})),
            FILE,
            "spec.services[0].virtualServices",
            "take the printed routes over",
        ),
        (secret, FILE, "spec.overrides.keys[0].from.secretRef", "file"),
        (policy("EnvoyFilter"), "oci://registry.example/filter", "spec.delivery", "file://"),
    ] {
        let refusals = manifests(&[object], url).unwrap_err();
        let told: Vec<_> = refusals.iter().map(|refusal| &refusal.problem).collect();
        assert!(told.len() == 1 && told[0].path == path && told[0].allowed.contains(advice), "{told:?}");
    }
}

#[test]
fn a_version_that_a_release_names_is_selected_by_its_name() {
    let release = json!({"apiVersion": "graylane.io/v1alpha1", "kind": "GrayRelease", "metadata": {"name": "new"},
        "spec": {"workloads": [{"service": "cart", "stable": "stable", "gray": "v2"}]}});
    let printed = manifests(&[release, gray()], FILE).unwrap();
    let subsets = &printed[0].data["spec"]["subsets"];
    let expected = json!([
        {"name": "gray", "labels": {"version": "gray"}},
        {"name": "stable", "labels": {"version": "stable"}},
        {"name": "v2", "labels": {"version": "v2"}},
    ]);
    assert_eq!(*subsets, expected);
}

//! The policy of the mesh, and its secrets.

use graylane_core::config::Secret;
use serde_json::{Value, json};

use super::fake::{Fake, deployment, service};
use crate::api::{Reason, SecretRef};
use crate::cluster::{Kind, NoSecret};

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
        assert!(message.starts_with("spec.overrides.keys[0].from.secretRef: ") && message.contains(advice), "{message}");
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

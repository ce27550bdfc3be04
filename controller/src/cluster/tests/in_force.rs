//! What stays in force of an object that is changed to something that is refused.

use kube::ResourceExt;
use serde_json::{Value, json};

use super::fake::{Fake, deployment, lane, service};
use super::releases::{half_way, ready, release, set_image, shop, status, until};
use crate::api::{Condition, ConditionStatus, ConditionType, Phase, Reason};
use crate::cluster::Kind;
use crate::cluster::object::publication;

/// No such lane: the planner refuses what admission can not know of.
fn falls_nowhere() -> Value {
    json!({"fallback": ["nowhere", "elsewhere"]})
}

pub(super) fn mended() -> Value {
    json!({"fallback": null})
}

/// Everything that others are told, as objects of Istio say it.
fn told(fake: &Fake) -> Vec<Value> {
    let world = &fake.world;
    let routes = [&world.destination_rules, &world.virtual_services].into_iter().flatten();
    let routes = routes.map(|object| object.data["spec"].clone());
    routes.chain(world.wasm_plugins.iter().map(|object| object.spec.as_ref().clone())).collect()
}

pub(super) fn accepted(fake: &Fake, name: &str) -> Condition {
    condition(&status(fake, name).status.unwrap().conditions, ConditionType::Accepted)
}

fn condition(conditions: &[Condition], kind: ConditionType) -> Condition {
    conditions.iter().find(|condition| condition.kind == kind).unwrap().clone()
}

/// As many turns as a release would take to get on.
pub(super) fn turns(fake: &mut Fake) {
    for _ in 0..20 {
        fake.turn();
        ready(fake);
    }
}

fn verb(fake: &mut Fake, name: &str, verb: &str) {
    let mut object = serde_json::to_value(status(fake, name)).unwrap();
    object["metadata"]["annotations"] = json!({"graylane.io/verb": format!("{verb} by me at noon")});
    fake.add(&object);
}

#[test]
fn a_running_release_that_is_changed_to_what_is_refused_moves_nobody_and_goes_on_when_it_is_mended() {
    let mut fake = half_way();
    let before = told(&fake);
    let mut edit = falls_nowhere();
    edit["lane"] = json!("renamed");
    edit["rules"] = json!([{"name": "all", "when": {"header": {"name": "x", "exact": "y"}}}]);
    fake.edit(Kind::GrayRelease, "checkout", &edit);
    fake.written.clear();
    turns(&mut fake);
    assert_eq!(told(&fake), before);
    assert_eq!(fake.written, Vec::<String>::new());
    let condition = accepted(&fake, "checkout");
    assert_eq!((condition.status, condition.reason), (ConditionStatus::False, Reason::Refused));
    let parts =
        ["spec.fallback[0]", "\"nowhere\"", "; spec.fallback[1]", "\"elsewhere\"", "(generation 1) stays in force"];
    for part in parts {
        assert!(condition.message.contains(part), "{}", condition.message);
    }
    assert_eq!(condition.observed_generation, 2);

    verb(&mut fake, "checkout", "approve");
    turns(&mut fake);
    let at = status(&fake, "checkout").status.unwrap();
    assert_eq!(at.traffic.weight.slots(), 1_000, "no step is taken: {}", at.message);
    assert!(at.message.starts_with("held while a change of it is refused"), "{}", at.message);

    fake.edit(Kind::GrayRelease, "checkout", &mended());
    until(&mut fake, Phase::Draining);
    let at = status(&fake, "checkout").status.unwrap();
    assert_eq!((accepted(&fake, "checkout").reason, at.accepted.unwrap().generation), (Reason::Valid, 3));
}

#[test]
fn a_refused_release_is_still_aborted_and_still_deleted() {
    for ends in ["abort", "delete"] {
        let mut fake = shop();
        fake.settle();
        set_image(&mut fake);
        until(&mut fake, Phase::Pausing);
        fake.edit(Kind::GrayRelease, "checkout", &falls_nowhere());
        fake.turn();
        if ends == "abort" {
            verb(&mut fake, "checkout", "abort");
        } else {
            fake.delete_release("checkout");
        }
        until(&mut fake, Phase::Aborting);
        assert_eq!(status(&fake, "checkout").status.unwrap().traffic.weight.slots(), 0);
        until(&mut fake, Phase::Withdrawing);
    }
}

#[test]
fn a_release_at_rest_that_is_refused_begins_nothing() {
    let mut fake = shop();
    fake.settle();
    fake.edit(Kind::GrayRelease, "checkout", &falls_nowhere());
    fake.settle();
    assert_eq!(accepted(&fake, "checkout").reason, Reason::Refused, "before any step needs it");
    set_image(&mut fake);
    turns(&mut fake);
    assert_eq!(status(&fake, "checkout").status.unwrap().phase, Phase::Idle);
    fake.edit(Kind::GrayRelease, "checkout", &mended());
    until(&mut fake, Phase::Pausing);
}

#[test]
fn a_release_that_was_never_accepted_is_left_out() {
    let mut fake = shop();
    fake.edit(Kind::GrayRelease, "checkout", &falls_nowhere());
    fake.settle();
    let condition = accepted(&fake, "checkout");
    assert_eq!(condition.reason, Reason::Refused);
    assert!(!condition.message.contains("stays in force"), "{}", condition.message);
    assert_eq!(status(&fake, "checkout").status.unwrap().accepted, None);
    assert_eq!(fake.told("cart.shop")["lanes"], Value::Null);
}

#[test]
fn deployments_and_services_that_are_not_there_move_nobody_either() {
    for (workload, reason) in [
        (json!({"service": "cart", "deployment": "carts"}), Reason::DeploymentNotFound),
        (json!({"service": "carts", "deployment": "cart"}), Reason::ServiceNotFound),
        (json!({"service": "cart", "stable": "v1", "gray": "v2"}), Reason::Refused),
    ] {
        let mut fake = shop();
        fake.settle();
        set_image(&mut fake);
        until(&mut fake, Phase::Pausing);
        let before = told(&fake);
        fake.edit(Kind::GrayRelease, "checkout", &json!({"workloads": [workload]}));
        turns(&mut fake);
        assert_eq!((told(&fake), accepted(&fake, "checkout").reason), (before, reason));
        assert!(accepted(&fake, "checkout").message.starts_with("spec.workloads[0]."));
    }
}

#[test]
fn a_lane_and_a_policy_that_are_changed_to_what_is_refused_stay_as_they_were() {
    let cart = deployment("cart", &json!({"app": "cart", "version": "v1"}));
    let gray = deployment("cart-gray", &json!({"app": "cart", "version": "gray"}));
    let service = service("cart", &[("cart-1", true), ("cart-gray-1", true)]);
    let mut fake = Fake::with(&[cart, gray, service].concat());
    fake.add(&lane("gray", &json!([{"service": "cart", "version": "gray"}])));
    fake.add(&json!({"apiVersion": "graylane.io/v1alpha1", "kind": "MeshPolicy",
        "metadata": {"name": "default", "generation": 1}, "spec": {"headers": {"version": "x-v"}}}));
    fake.settle();
    let before = told(&fake);
    assert_eq!(fake.told("cart.shop")["lanes"], json!({"gray": "gray"}));

    let mut edit = falls_nowhere();
    edit["services"] = json!([{"service": "cart", "version": "other", "labels": {"version": "gray"}}]);
    fake.edit(Kind::Lane, "gray", &edit);
    fake.edit(Kind::MeshPolicy, "default", &json!({"headers": {"version": "x-gray-lane"}}));
    fake.settle();
    assert_eq!(told(&fake), before);
    let (reason, message) = fake.objection("gray").unwrap();
    assert_eq!(reason, Reason::Refused);
    assert!(message.contains("spec.fallback[0]") && message.contains("(generation 1) stays"), "{message}");
    assert_eq!(condition(&fake.lane("gray").status.unwrap().conditions, ConditionType::Ready).reason, Reason::Valid);
    let (reason, message) = fake.policy_condition();
    assert_eq!(reason, Reason::Refused);
    assert!(message.contains("spec.headers") && message.contains("(generation 1) stays"), "{message}");

    fake.edit(Kind::MeshPolicy, "default", &json!({"headers": {"version": "x-w"}}));
    fake.edit(Kind::Lane, "gray", &mended());
    fake.settle();
    assert_eq!((fake.objection("gray"), fake.policy_condition().0), (None, Reason::Valid));
    assert_eq!(fake.told("cart.shop")["lanes"], json!({"gray": "other"}));
}

#[test]
fn of_two_that_contradict_each_other_the_one_in_force_stays_whatever_its_name_and_age() {
    let mut fake = shop();
    for object in deployment("cart-gray", &json!({"app": "cart", "version": "gray"})) {
        fake.add(&object);
    }
    fake.add(&lane("gray", &json!([{"service": "cart", "version": "gray"}])));
    fake.settle();
    set_image(&mut fake);
    until(&mut fake, Phase::Pausing);
    let before = told(&fake);
    // The planner looks at lanes before it does at releases.
    fake.add(&lane("new", &json!([{"service": "cart", "version": "gray"}])));
    turns(&mut fake);
    assert_eq!((told(&fake), accepted(&fake, "checkout").reason), (before.clone(), Reason::Valid));
    let (reason, message) = fake.objection("new").unwrap();
    assert_eq!(reason, Reason::Refused);
    assert!(message.contains("has another version of cart.shop by GrayRelease shop/checkout"), "{message}");

    for (first, created) in [("a", "1970-01-01T00:00:00Z"), ("z", "1980-01-01T00:00:00Z")] {
        let mut rival = release(first, &json!([{"service": "cart", "deployment": "cart"}]));
        rival["metadata"]["creationTimestamp"] = json!(created);
        fake.add(&rival);
    }
    turns(&mut fake);
    assert_eq!((told(&fake), accepted(&fake, "checkout").reason), (before, Reason::Valid));
    for rival in ["a", "z"] {
        assert_eq!(accepted(&fake, rival).reason, Reason::Conflict);
        assert!(accepted(&fake, rival).message.contains("checkout"), "{}", accepted(&fake, rival).message);
    }
}

#[test]
fn who_is_changed_to_claim_what_another_one_holds_keeps_its_own_and_gets_it_when_it_is_free() {
    let mut fake = shop();
    for object in [deployment("pay", &json!({"app": "pay"})), service("pay", &[("pay-1", true)])].concat() {
        fake.add(&object);
    }
    fake.add(&release("payment", &json!([{"service": "pay", "deployment": "pay"}])));
    fake.settle();
    set_image(&mut fake);
    until(&mut fake, Phase::Pausing);
    let before = told(&fake);
    let both = json!([{"service": "pay", "deployment": "pay"}, {"service": "cart", "deployment": "cart"}]);
    fake.edit(Kind::GrayRelease, "payment", &json!({"workloads": both}));
    turns(&mut fake);
    assert_eq!((told(&fake), accepted(&fake, "checkout").reason), (before, Reason::Valid));
    let refused = accepted(&fake, "payment");
    assert_eq!(refused.reason, Reason::Conflict);
    assert!(refused.message.contains("checkout") && refused.message.contains("(generation 1) stays"), "{refused:?}");

    let mut rival = release("z", &json!([{"service": "pay", "deployment": "pay"}]));
    rival["metadata"]["creationTimestamp"] = json!("1970-01-01T00:00:00Z");
    fake.add(&rival);
    turns(&mut fake);
    assert!(accepted(&fake, "z").message.contains("payment"), "it holds what it held");
}

#[test]
fn a_restart_loses_nothing_and_a_refused_object_costs_no_writes() {
    let mut fake = half_way();
    fake.edit(Kind::GrayRelease, "checkout", &falls_nowhere());
    turns(&mut fake);
    // A controller that starts has nothing but the objects.
    let text = serde_json::to_string(&status(&fake, "checkout")).unwrap();
    let again: Value = serde_json::from_str(&text).unwrap();
    fake.add(&again);
    let (before, generation) = (told(&fake), publication::highest_generation(&fake.world));
    fake.written.clear();
    fake.stored = 0;
    turns(&mut fake);
    assert_eq!((told(&fake), fake.written.len(), fake.stored), (before, 0, 0));
    assert_eq!(publication::highest_generation(&fake.world), generation);
}

#[test]
fn a_release_that_an_earlier_controller_has_begun_stays_in_force() {
    let mut fake = half_way();
    let before = told(&fake);
    let mut object = serde_json::to_value(status(&fake, "checkout")).unwrap();
    object["status"]["accepted"] = Value::Null;
    fake.add(&object);
    // Something that stands in the way of new releases only.
    for object in deployment("cart-too", &json!({"app": "cart", "x": "y"})) {
        fake.add(&object);
    }
    fake.turn();
    assert_eq!(told(&fake), before);
    assert!(status(&fake, "checkout").status.unwrap().accepted.is_some());
    assert_eq!(status(&fake, "checkout").name_any(), "checkout");
}

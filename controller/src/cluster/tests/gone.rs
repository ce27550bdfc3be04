//! What is named in what is in force, and then taken away by somebody else.

use serde_json::{Value, json};

use super::fake::{Fake, deployment, lane, service};
use super::in_force::{accepted, mended, turns};
use super::releases::{release, roll_out, set_image, shop, status, until};
use crate::api::{ConditionStatus, Phase, Reason, Stage};
use crate::cluster::Kind;

#[test]
fn what_is_deleted_is_left_out_of_who_names_it_and_everything_else_stays() {
    let mut fake = shop();
    for (name, labels) in [
        ("cart-gray", json!({"app": "cart", "version": "gray"})),
        ("pay", json!({"app": "pay"})),
        ("pay-gray", json!({"app": "pay", "version": "gray"})),
    ] {
        for object in deployment(name, &labels) {
            fake.add(&object);
        }
    }
    for object in service("pay", &[("pay-1", true), ("pay-gray-1", true)]) {
        fake.add(&object);
    }
    let pay = json!({"service": "pay", "version": "gray", "base": {"app": "pay", "version": "v1"}});
    fake.add(&lane("gray", &json!([{"service": "cart", "version": "gray"}, pay])));
    fake.add(&lane("qa", &json!([{"service": "cart", "version": "gray"}])));
    fake.settle();
    fake.edit(Kind::Lane, "gray", &json!({"fallback": ["qa"]}));
    fake.settle();
    assert_eq!((fake.objection("gray"), fake.told("cart.shop")["lanes"]["gray"].clone()), (None, json!("gray")));

    fake.delete_lane("qa");
    fake.settle();
    assert_eq!(fake.told("cart.shop")["lanes"]["gray"], "gray", "nobody leaves it");
    let (reason, message) = fake.objection("gray").unwrap();
    assert_eq!(reason, Reason::Refused);
    assert!(message.starts_with("spec.fallback[0]: there is no lane \"qa\" any more"), "{message}");
    fake.edit(Kind::Lane, "gray", &mended());
    fake.settle();
    assert_eq!(fake.objection("gray"), None);

    fake.world.services.take("shop", "pay").unwrap();
    fake.settle();
    assert_eq!(fake.objection("gray").unwrap().0, Reason::ServiceNotFound);
    assert_eq!(fake.told("cart.shop")["lanes"]["gray"], "gray", "nobody leaves it");
}

/// A release of cart on its way, which shares pay between base and the version of a lane.
fn sharing() -> Fake {
    let mut fake = shop();
    for (name, labels) in [("pay", json!({"app": "pay"})), ("pay-gray", json!({"app": "pay", "version": "gray"}))] {
        for object in deployment(name, &labels) {
            fake.add(&object);
        }
    }
    for object in service("pay", &[("pay-1", true), ("pay-gray-1", true)]) {
        fake.add(&object);
    }
    fake.add(&pay_lane());
    fake.settle();
    let weights = json!([{"version": "stable", "weight": 70}, {"version": "gray", "weight": 30}]);
    fake.edit(Kind::GrayRelease, "checkout", &json!({"serviceSplits": [{"service": "pay", "weights": weights}]}));
    fake.settle();
    set_image(&mut fake);
    until(&mut fake, Phase::Pausing);
    let pay = fake.told("pay.shop");
    assert_eq!((accepted(&fake, "checkout").reason, &pay["notReady"]), (Reason::Valid, &Value::Null));
    assert_eq!(pay["split"]["slots"].as_array().unwrap().len(), 2, "{pay}");
    fake
}

fn pay_lane() -> Value {
    lane("gray", &json!([{"service": "pay", "version": "gray", "base": {"app": "pay", "version": "v1"}}]))
}

#[test]
fn a_version_that_its_lane_drops_gives_its_share_to_base_until_it_is_back() {
    let renamed = json!({"services": [{"service": "pay", "version": "next", "labels": {"version": "gray"},
        "base": {"app": "pay", "version": "v1"}}]});
    for edit in [None, Some(renamed)] {
        let mut fake = sharing();
        let (split, lanes) = (fake.told("pay.shop")["split"].clone(), fake.told("cart.shop")["lanes"].clone());
        match &edit {
            None => fake.delete_lane("gray"),
            Some(renamed) => fake.edit(Kind::Lane, "gray", renamed),
        }
        turns(&mut fake);
        assert_eq!(fake.told("cart.shop")["lanes"], lanes, "nobody leaves the new version");
        let pay = fake.told("pay.shop");
        assert_eq!((&pay["split"], &pay["notReady"]), (&split, &json!(["gray"])), "nobody else is moved");
        let condition = accepted(&fake, "checkout");
        assert_eq!((condition.status, condition.reason), (ConditionStatus::False, Reason::Refused));
        let message = condition.message;
        let field = "spec.serviceSplits[0].weights[1].version: pay.shop has no version \"gray\" any more";
        assert!(message.starts_with(field) && message.contains("base gets its share"), "{message}");

        fake.edit(Kind::GrayRelease, "checkout", &json!({"progressDeadlineSeconds": 700}));
        turns(&mut fake);
        assert_eq!(fake.told("cart.shop")["lanes"], lanes, "an edit of something else is followed");
        assert_eq!(status(&fake, "checkout").status.unwrap().accepted.unwrap().generation, 3);

        match edit {
            None => fake.add(&pay_lane()),
            Some(_) => fake.edit(Kind::Lane, "gray", &pay_lane()["spec"]),
        }
        turns(&mut fake);
        let pay = fake.told("pay.shop");
        assert_eq!((&pay["split"], &pay["notReady"]), (&split, &Value::Null), "the same users have it again");
        assert_eq!(accepted(&fake, "checkout").reason, Reason::Valid);
    }
}

#[test]
fn a_share_leaves_a_version_before_its_routes_do_and_comes_after_them() {
    let mut fake = sharing();
    fake.proxies_listen = false;
    fake.delete_lane("gray");
    fake.settle();
    assert_eq!(fake.lane("gray").status.unwrap().services[0].stage, Stage::Leaving);
    assert_eq!(fake.told("pay.shop")["notReady"], json!(["gray"]));
    assert!(fake.spec(Kind::VirtualService, "graylane-pay").is_some());

    fake.proxies_listen = true;
    fake.settle();
    fake.proxies_listen = false;
    fake.add(&pay_lane());
    fake.settle();
    assert_eq!(fake.lane("gray").status.unwrap().services[0].stage, Stage::Preparing);
    assert_eq!(fake.told("pay.shop")["notReady"], json!(["gray"]));
    assert_eq!(accepted(&fake, "checkout").reason, Reason::Valid);
}

#[test]
fn a_split_of_a_service_that_is_deleted_is_left_out_alone() {
    let mut fake = sharing();
    let lanes = fake.told("cart.shop")["lanes"].clone();
    fake.world.services.take("shop", "pay").unwrap();
    turns(&mut fake);
    assert_eq!((fake.told("cart.shop")["lanes"].clone(), fake.told("pay.shop")), (lanes, Value::Null));
    let condition = accepted(&fake, "checkout");
    assert_eq!(condition.reason, Reason::Refused);
    let told = "spec.serviceSplits[0].service: there is no Service pay.shop any more";
    assert!(condition.message.starts_with(told), "{}", condition.message);
}

#[test]
fn all_that_is_gone_is_named_at_once() {
    let mut fake = sharing();
    fake.add(&lane("qa", &json!([{"service": "cart", "version": "qa"}])));
    fake.settle();
    fake.edit(Kind::GrayRelease, "checkout", &json!({"fallback": ["qa"]}));
    fake.settle();
    fake.delete_lane("qa");
    fake.delete_lane("gray");
    turns(&mut fake);
    let message = accepted(&fake, "checkout").message;
    assert!(message.starts_with("spec.fallback[0]: there is no lane \"qa\" any more"), "{message}");
    assert!(message.contains("; spec.serviceSplits[0].weights[1].version: pay.shop has no version"), "{message}");
}

#[test]
fn base_in_a_split_means_base_also_while_somebody_releases_the_service() {
    let mut fake = sharing();
    let mut payment = release("payment", &json!([{"service": "pay", "deployment": "pay"}]));
    payment["spec"]["lane"] = json!("payment");
    roll_out(&mut fake, "pay");
    fake.add(&payment);
    turns(&mut fake);
    let pay = fake.told("pay.shop");
    assert_eq!((&pay["base"], &pay["notReady"]), (&json!("v1hash"), &json!(["stable"])));
    for release in ["payment", "checkout"] {
        let condition = accepted(&fake, release);
        assert_eq!(condition.reason, Reason::Valid, "{release}: {}", condition.message);
    }
}

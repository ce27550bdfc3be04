//! Objects that contradict each other, and say so in one pass.

use serde_json::{Value, json};

use super::fake::{Fake, deployment, lane, service};
use super::releases::{release, roll_out, shop, status};
use crate::api::{Accepted, Condition, ConditionStatus, ConditionType, LaneSpec, Reason};
use crate::cluster::Kind;

/// Cart of base and of two environments, with a lane each; the older lane comes second by its name.
fn environments() -> Fake {
    let mut objects = service("cart", &[("cart-1", true), ("cart-gray-1", true), ("cart-qa-1", true)]).to_vec();
    for (name, version) in [("cart", "v1"), ("cart-gray", "gray"), ("cart-qa", "qa")] {
        objects.extend(deployment(name, &json!({"app": "cart", "version": version})));
    }
    let mut fake = Fake::with(&objects);
    for (name, version, created) in [("a", "gray", "1980-01-01T00:00:00Z"), ("z", "qa", "1970-01-01T00:00:00Z")] {
        let mut lane = lane(name, &json!([{"service": "cart", "version": version}]));
        lane["metadata"]["creationTimestamp"] = json!(created);
        fake.add(&lane);
    }
    fake.settle();
    assert_eq!((fake.objection("a"), fake.objection("z")), (None, None));
    fake
}

/// Cart in a version of this name, which the pods with this label serve.
fn cart(version: &str, label: &str) -> Value {
    json!({"services": [{"service": "cart", "version": version, "labels": {"version": label}}]})
}

fn accepted(fake: &Fake, lane: &str) -> Accepted<LaneSpec> {
    fake.lane(lane).status.unwrap().accepted.unwrap()
}

#[test]
fn of_two_lanes_that_are_edited_against_each_other_in_one_pass_the_older_one_is_accepted() {
    let mut fake = environments();
    fake.edit(Kind::Lane, "a", &cart("next", "gray"));
    fake.edit(Kind::Lane, "z", &cart("next", "qa"));
    fake.settle();
    assert_eq!(fake.objection("z"), None);
    let (reason, message) = fake.objection("a").unwrap();
    assert_eq!(reason, Reason::Conflict);
    for part in ["Lane \"z\"", "version next of cart.shop", "(generation 1) stays in force"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!((accepted(&fake, "a").generation, accepted(&fake, "z").generation), (1, 2));
    assert_eq!(fake.told("cart.shop")["lanes"], json!({"a": "gray", "z": "next"}), "nobody is moved");

    fake.edit(Kind::Lane, "z", &cart("qa", "qa"));
    fake.settle();
    assert_eq!((fake.objection("a"), fake.objection("z")), (None, None), "what was in its way is gone");
    assert_eq!(fake.told("cart.shop")["lanes"], json!({"a": "next", "z": "qa"}));
}

#[test]
fn lanes_that_change_places_wait_for_each_other() {
    let mut fake = environments();
    fake.edit(Kind::Lane, "a", &cart("qa", "gray"));
    fake.edit(Kind::Lane, "z", &cart("gray", "qa"));
    fake.settle();
    assert_eq!(fake.objection("a").unwrap().0, Reason::Conflict);
    assert_eq!(fake.objection("z").unwrap().0, Reason::Conflict);
    assert_eq!(fake.told("cart.shop")["lanes"], json!({"a": "gray", "z": "qa"}), "each has what it had");
}

#[test]
fn who_is_wrong_in_itself_stands_in_nobodys_way() {
    let mut fake = environments();
    let mut wrong = cart("next", "qa");
    wrong["fallback"] = json!(["nowhere"]);
    fake.edit(Kind::Lane, "z", &wrong);
    fake.edit(Kind::Lane, "a", &cart("next", "gray"));
    // One that was never accepted, and one that has no such service.
    let mut never = lane("n", &json!([{"service": "cart", "version": "next"}, {"service": "pay", "version": "next"}]));
    never["metadata"]["creationTimestamp"] = json!("1971-01-01T00:00:00Z");
    fake.add(&never);
    fake.turn();
    assert_eq!(fake.objection("a"), None);
    fake.settle();
    assert_eq!(fake.objection("a"), None);
    assert_eq!(fake.told("cart.shop")["lanes"], json!({"a": "next", "z": "qa"}));
    let (reason, message) = fake.objection("z").unwrap();
    assert_eq!(reason, Reason::Conflict, "{message}");
    assert!(message.contains("Lane \"a\""), "it is in force by now: {message}");
}

/// Releases of cart and pay; the older one comes second by its name.
fn payment() -> Fake {
    let mut fake = shop();
    for name in ["pay", "stock"] {
        fake.add(&deployment(name, &json!({"app": name}))[0]);
        for object in service(name, &[("none", true)]) {
            fake.add(&object);
        }
        roll_out(&mut fake, name);
    }
    for (name, service, created) in
        [("checkout", "cart", "1980-01-01T00:00:00Z"), ("payment", "pay", "1970-01-01T00:00:00Z")]
    {
        let mut release = release(name, &json!([{"service": service, "deployment": service}]));
        release["metadata"]["creationTimestamp"] = json!(created);
        release["spec"]["lane"] = json!(format!("new-{service}"));
        fake.add(&release);
    }
    fake.settle();
    fake
}

fn judged(fake: &Fake, release: &str) -> (Condition, i64) {
    let status = status(fake, release).status.unwrap();
    let condition = status.conditions.into_iter().find(|condition| condition.kind == ConditionType::Accepted).unwrap();
    (condition, status.accepted.unwrap().generation)
}

#[test]
fn of_two_releases_that_are_edited_to_claim_the_same_in_one_pass_the_older_one_gets_it() {
    let with_stock = |own: &str| json!({"workloads": [{"service": own, "deployment": own}, {"service": "stock", "deployment": "stock"}]});
    let split = json!({"serviceSplits": [{"service": "stock", "weights": [{"version": "stable", "weight": 100}]}]});
    for (checkout, payment_, reason) in
        [(with_stock("cart"), with_stock("pay"), Reason::Conflict), (split.clone(), split.clone(), Reason::Refused)]
    {
        let mut fake = payment();
        fake.edit(Kind::GrayRelease, "checkout", &checkout);
        fake.edit(Kind::GrayRelease, "payment", &payment_);
        fake.settle();
        let (condition, generation) = judged(&fake, "payment");
        assert_eq!((condition.reason, generation), (Reason::Valid, 2), "{}", condition.message);
        let (condition, generation) = judged(&fake, "checkout");
        assert_eq!((condition.status, condition.reason, generation), (ConditionStatus::False, reason, 1));
        let message = condition.message;
        assert!(message.contains("payment") && message.contains("(generation 1) stays in force"), "{message}");
    }
}

#[test]
fn a_release_that_is_wrong_in_itself_claims_nothing() {
    let mut fake = payment();
    let both = json!([{"service": "pay", "deployment": "nowhere"}, {"service": "stock", "deployment": "stock"}]);
    fake.edit(Kind::GrayRelease, "payment", &json!({"workloads": both}));
    let stock = json!([{"service": "cart", "deployment": "cart"}, {"service": "stock", "deployment": "stock"}]);
    fake.edit(Kind::GrayRelease, "checkout", &json!({"workloads": stock}));
    fake.turn();
    let (condition, generation) = judged(&fake, "checkout");
    assert_eq!((condition.reason, generation), (Reason::Valid, 2), "{}", condition.message);
    assert_eq!(judged(&fake, "payment").1, 1);
}

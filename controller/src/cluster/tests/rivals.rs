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

/// An edit of a lane that is refused beside what another object says of that lane, and what that object says.
fn opposites() -> [(Value, Value); 2] {
    let (strict, falls) =
        (json!({"lane": "same", "isolation": "strict"}), json!({"lane": "same", "fallback": ["base"]}));
    [(strict.clone(), falls.clone()), (falls, strict)]
}

/// What is refused of `checkout`, by a reason that names the other one.
fn expect_refused(fake: &Fake, in_force: i64) {
    let (condition, generation) = judged(fake, "checkout");
    assert_eq!((condition.reason, generation), (Reason::Refused, in_force), "{}", condition.message);
    let named = format!("(generation {in_force}) stays in force");
    for part in ["GrayRelease shop/payment", &named] {
        assert!(condition.message.contains(part), "{part}: {}", condition.message);
    }
}

fn expect_accepted(fake: &Fake, release: &str, generation: i64) {
    let (condition, accepted) = judged(fake, release);
    assert_eq!((condition.reason, accepted), (Reason::Valid, generation), "{release}: {}", condition.message);
}

/// A release that has nothing to do with any other.
fn add_bystander(fake: &mut Fake) {
    let mut bystander = release("bystander", &json!([{"service": "stock", "deployment": "stock"}]));
    bystander["metadata"]["creationTimestamp"] = json!("1990-01-01T00:00:00Z");
    fake.add(&bystander);
}

#[test]
fn of_two_that_say_of_a_lane_what_can_not_be_together_the_older_one_is_accepted() {
    for (theirs, ours) in opposites() {
        let mut fake = payment();
        fake.edit(Kind::GrayRelease, "checkout", &theirs);
        fake.edit(Kind::GrayRelease, "payment", &ours);
        fake.settle();
        expect_accepted(&fake, "payment", 2);
        expect_refused(&fake, 1);
    }
}

/// Beside a newcomer that contradicts nobody, checkout is edited against payment, which is in force.
fn expect_checkout_alone_refused(fake: &mut Fake, edit: &Value) {
    add_bystander(fake);
    fake.edit(Kind::GrayRelease, "checkout", edit);
    fake.turn();
    expect_accepted(fake, "payment", 2);
    expect_accepted(fake, "bystander", 1);
    expect_refused(fake, 1);
}

#[test]
fn who_contradicts_a_lane_in_force_is_refused_alone() {
    for (theirs, ours) in opposites() {
        let mut fake = payment();
        fake.edit(Kind::GrayRelease, "payment", &ours);
        fake.settle();
        expect_checkout_alone_refused(&mut fake, &theirs);
    }
}

#[test]
fn a_lane_that_somebody_older_falls_back_to_is_not_taken_away() {
    let (falls, leaves) = (json!({"fallback": ["new-cart"]}), json!({"lane": "renamed"}));
    let mut fake = payment();
    fake.edit(Kind::GrayRelease, "payment", &falls);
    fake.edit(Kind::GrayRelease, "checkout", &leaves);
    fake.settle();
    expect_accepted(&fake, "payment", 2);
    expect_refused(&fake, 1);

    let mut fake = payment();
    fake.edit(Kind::GrayRelease, "payment", &falls);
    fake.settle();
    expect_checkout_alone_refused(&mut fake, &leaves);
    fake.edit(Kind::GrayRelease, "payment", &json!({"fallback": null}));
    fake.settle();
    expect_accepted(&fake, "checkout", 2);
}

#[test]
fn a_lane_that_somebody_older_takes_away_can_not_be_fallen_back_to() {
    let mut fake = payment();
    fake.edit(Kind::GrayRelease, "checkout", &json!({"fallback": ["new-pay"]}));
    fake.edit(Kind::GrayRelease, "payment", &json!({"lane": "renamed"}));
    fake.turn();
    expect_accepted(&fake, "payment", 2);
    expect_refused(&fake, 1);
    fake.settle();
    let (condition, generation) = judged(&fake, "checkout");
    assert_eq!((condition.reason, generation), (Reason::Refused, 1));
    assert!(condition.message.contains("\"new-pay\""), "{}", condition.message);
}

#[test]
fn of_two_whose_splits_would_have_one_name_the_older_one_is_accepted() {
    let mut fake = payment();
    let rules = |name: &str| json!([{"name": name, "when": {"header": {"name": "x", "exact": "y"}}, "weight": 50}]);
    let mut older = release("x.checkout", &json!([{"service": "stock", "deployment": "stock"}]));
    older["metadata"]["creationTimestamp"] = json!("1970-01-01T00:00:00Z");
    older["spec"]["rules"] = rules("r");
    fake.add(&older);
    fake.edit(Kind::GrayRelease, "checkout", &json!({"rules": rules("r.x")}));
    fake.settle();
    expect_accepted(&fake, "x.checkout", 1);
    let (condition, generation) = judged(&fake, "checkout");
    assert_eq!((condition.reason, generation), (Reason::Refused, 1));
    assert!(condition.message.contains("GrayRelease shop/x.checkout"), "{}", condition.message);
}

#[test]
fn a_lane_that_is_accepted_and_serves_nobody_yet_is_in_force_all_the_same() {
    for (created, (of_lane, of_release)) in [
        ("1960-01-01T00:00:00Z", (Reason::Valid, Reason::Refused)),
        ("1980-01-01T00:00:00Z", (Reason::Refused, Reason::Valid)),
    ] {
        let mut fake = shop();
        fake.proxies_listen = false;
        for object in deployment("cart-gray", &json!({"app": "cart", "version": "gray"})) {
            fake.add(&object);
        }
        let mut checkout = serde_json::to_value(status(&fake, "checkout")).unwrap();
        checkout["metadata"]["creationTimestamp"] = json!("1970-01-01T00:00:00Z");
        fake.add(&checkout);
        let mut lane = lane("new", &json!([{"service": "cart", "version": "gray"}]));
        lane["metadata"]["creationTimestamp"] = json!(created);
        fake.add(&lane);
        for _ in 0..4 {
            fake.turn();
            let told = [
                accepted_of(&fake.lane("new").status.unwrap().conditions),
                accepted_of(&status(&fake, "checkout").status.unwrap().conditions),
            ];
            assert_eq!(told.clone().map(|condition| condition.reason), [of_lane, of_release], "{told:?}");
        }
    }
}

fn accepted_of(conditions: &[Condition]) -> Condition {
    conditions.iter().find(|condition| condition.kind == ConditionType::Accepted).unwrap().clone()
}

//! Shares of traffic: accurate, and as sticky as a change of weights allows.

use proptest::prelude::*;

use super::*;
use crate::slots::SLOTS;

/// A router whose only rule is a split that gives so many slots to gray.
fn split(gray: u16) -> Router {
    let slots = json!([{"to": "gray", "slots": gray}, {"to": "base", "slots": SLOTS - gray}]);
    router(
        "gateway",
        json!({
            "ruleSets": [{"name": "shop", "rules": [{"name": "all", "then": {"split": "s1"}}]}],
            "splits": {"s1": {"salt": "s1", "slots": slots}}
        }),
    )
}

fn is_gray(router: &Router, user: &str) -> bool {
    let request = Headers::from([(":authority", "cart.shop"), ("x-user-id", user)]);
    !router.decide(&request, &mut NoDraw).lanes.is_empty()
}

#[test]
fn shares_of_a_hundred_thousand_users_are_accurate_at_every_weight() {
    for slots in [1, 50, 1_000, 3_333, 5_000, 9_999] {
        let router = split(slots);
        let gray: u32 = (0..100_000).map(|user| u32::from(is_gray(&router, &format!("user-{user}")))).sum();
        // Four standard deviations of the binomial distribution, in users, rounded up.
        let p = f64::from(slots) / f64::from(SLOTS);
        let within = 4.0 * (100_000.0 * p * (1.0 - p)).sqrt() + 1.0;
        let off = f64::from(gray) - 100_000.0 * p;
        assert!(off.abs() <= within, "{gray} of 100,000 at {slots} slots, off by {off}");
    }
}

#[test]
fn nobody_and_everybody_are_exact() {
    let (nobody, everybody) = (split(0), split(SLOTS));
    for user in 0..1_000 {
        let user = format!("user-{user}");
        assert!(!is_gray(&nobody, &user) && is_gray(&everybody, &user), "{user}");
    }
}

proptest! {
    #[test]
    fn raising_a_weight_moves_nobody_back_and_lowering_it_only_those_who_must(
        low in 0..=SLOTS, high in 0..=SLOTS, users in prop::collection::vec(".{1,12}", 1..50)
    ) {
        let (low, high) = (split(low.min(high)), split(low.max(high)));
        for user in users {
            prop_assert!(is_gray(&high, &user) || !is_gray(&low, &user), "{:?}", user);
        }
    }

    #[test]
    fn a_user_stays_where_it_was_when_anything_but_its_split_changes(user in ".{1,12}", gray in 0..=SLOTS, rules in 0..3_usize) {
        let before = split(gray);
        let slots = json!([{"to": "gray", "slots": gray}, {"to": "base", "slots": SLOTS - gray}]);
        let mut sets: Vec<Value> = (0..rules).map(|set| json!({"name": format!("s{set}"), "rules": []})).collect();
        sets.push(json!({"name": "shop", "rules": [{"name": "renamed", "then": {"split": "s1"}}]}));
        let after = router(
            "gateway",
            json!({
                "generation": 2, "ruleSets": sets, "lanes": {"another": {}, "gray": {}},
                "splits": {"other": {"salt": "o", "slots": [{"to": "base", "slots": SLOTS}]}, "s1": {"salt": "s1", "slots": slots}},
                "services": {"cart": {"hosts": ["cart.shop"], "base": "v7", "lanes": {"gray": "v8"}}}
            }),
        );
        prop_assert_eq!(is_gray(&before, &user), is_gray(&after, &user));
    }
}

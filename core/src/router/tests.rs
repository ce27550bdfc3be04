use serde_json::{Value, json};

use super::*;
use crate::{FilterConfig, HeaderEdit, Headers, NoDraw};

/// The configuration of the scenarios' base set, in `phase`, with a merge patch applied to its top level.
fn config(phase: &str, members: Value) -> FilterConfig {
    let mut document = json!({
        "version": "v1", "generation": 1, "phase": phase,
        "identity": {"salt": "mesh", "sources": [{"header": "x-user-id"}]},
        "lanes": {"gray": {}, "canary2": {"fallback": ["gray"]}},
        "ruleSets": [{"name": "shop", "rules": [
            {"name": "r1", "priority": 10, "when": {"header": {"name": "x-user", "in": ["alice"]}}, "then": {"lane": "gray"}},
            {"name": "r2", "priority": 20, "when": {"path": {"prefix": "/api"}}, "then": {"split": "s1"}}
        ]}],
        "splits": {"s1": {"salt": "s1", "slots": [{"to": "gray", "slots": 1000}, {"to": "base", "slots": 9000}]}},
        "services": {
            "cart": {"hosts": ["cart.shop"], "base": "v1", "lanes": {"gray": "v2"}},
            "stock": {"hosts": ["stock.shop"], "base": "v1", "lanes": {"gray": "v2", "canary2": "v3"}}
        }
    });
    let Value::Object(members) = members else { panic!("an object of members to replace") };
    document.as_object_mut().unwrap().extend(members);
    FilterConfig::from_json(document.to_string().as_bytes()).unwrap()
}

fn router(phase: &str, members: Value) -> Router {
    Router::compile(&config(phase, members)).unwrap()
}

#[test]
fn a_malformed_identity_beside_a_good_lane_goes_no_further() {
    let router = router("sidecarOutbound", json!({}));
    let request = Headers::from([(":authority", "cart.shop"), ("x-gray-lane", "gray"), ("x-gray-id", "NONSENSE")]);
    let decision = router.decide(&request, &mut NoDraw);
    assert_eq!(decision.reason, Reason::Propagated);
    assert!(decision.edits.contains(&HeaderEdit::Remove(&router.headers.identity)), "{:?}", decision.edits);
}

#[test]
fn a_rule_with_a_problem_still_takes_its_name() {
    let rules = json!([{"name": "r", "then": {"lane": "nowhere"}}, {"name": "r", "then": {"lane": "gray"}}]);
    let problems =
        Router::compile(&config("gateway", json!({"ruleSets": [{"name": "s", "rules": rules}]}))).unwrap_err();
    let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["ruleSets[0].rules[0].then.lane", "ruleSets[0].rules[1].name"]);
}

//! What the router promises, example by example and for all inputs.

mod arbitrary;
mod carriers;
mod correlation;
mod problems;
mod promises;
mod remembered;
mod shares;
mod shortcut;
mod trust;

use serde_json::{Value, json};

use super::*;
use crate::{FilterConfig, HeaderEdit, Headers, Memory, NoDraw};

/// The configuration of the scenarios' base set as a document, with some of its top-level members replaced.
fn document(phase: &str, members: Value) -> Value {
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
    document
}

fn config(document: &Value) -> FilterConfig {
    FilterConfig::from_json(document.to_string().as_bytes()).unwrap()
}

fn router(phase: &str, members: Value) -> Router {
    Router::compile(&config(&document(phase, members))).unwrap()
}

/// The headers once the edits of a decision are applied.
fn edited(headers: &Headers, decision: &Decision<'_>) -> Headers {
    let mut headers = headers.clone();
    for edit in &decision.edits {
        match edit {
            HeaderEdit::Set(name, value) => headers.set(name.as_str(), value.as_bytes()),
            HeaderEdit::Remove(name) => headers.remove(name.as_str()),
        }
    }
    headers
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
fn a_repeated_internal_header_is_removed_before_it_is_set() {
    let router = router("gateway", json!({}));
    let request = Headers::from([(":authority", "cart.shop"), ("x-gray-lane", "a"), ("x-gray-lane", "b")]);
    let decision = router.decide(&request, &mut NoDraw);
    let lane = &router.headers.lane;
    assert_eq!(
        decision.edits.as_slice(),
        [HeaderEdit::Remove(lane), HeaderEdit::Set(lane, HeaderText::Static("base"))]
    );
}

#[test]
fn where_everything_is_right_already_nothing_is_written() {
    let router = router("sidecarOutbound", json!({}));
    let marked = [(":authority", "cart.shop"), ("x-gray-lane", "base"), ("x-gray-id", "0cda3b18")];
    let decision = router.decide(&Headers::from(marked), &mut NoDraw);
    assert_eq!(decision.outcome, Outcome::Forward);
    assert!(decision.edits.is_empty(), "{:?}", decision.edits);
}

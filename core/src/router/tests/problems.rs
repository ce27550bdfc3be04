//! All that is wrong is told at once, each thing with its place.

use proptest::prelude::*;

use super::*;
use crate::Problems;

fn paths(problems: &Problems) -> Vec<&str> {
    let mut paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    paths.sort_unstable();
    paths
}

#[test]
fn ten_mistakes_of_meaning_are_ten_problems() {
    let members = json!({
        "headers": {"lane": "x-same", "identity": "x-same"},
        "lanes": {
            "base": {}, "gray": {"fallback": ["nowhere"]}, "blue": {"fallback": ["blue"]},
            "strict": {"fallback": ["gray"], "isolation": "strict"}
        },
        "ruleSets": [
            {"name": "shop", "rules": [{"name": "r", "when": {"all": []}, "then": {"lane": "gray"}}]},
            {"name": "shop", "rules": []}
        ],
        "splits": {"s": {"salt": "s", "slots": [{"to": "gray", "slots": 9999}], "identity": []}},
        "services": {"cart": {"hosts": [], "base": "v1"}}
    });
    let problems = Router::compile(&config(&document("gateway", members))).unwrap_err();
    let expected = [
        "headers.identity",
        "lanes.base",
        "lanes.blue.fallback[0]",
        "lanes.gray.fallback[0]",
        "lanes.strict.fallback",
        "ruleSets[0].rules[0].when.all",
        "ruleSets[1].name",
        "services.cart.hosts",
        "splits.s.identity",
        "splits.s.slots",
    ];
    assert_eq!(paths(&problems), expected);
}

#[test]
fn ten_mistakes_of_form_are_ten_problems() {
    let document = json!({
        "version": "v2", "generation": -1, "phase": "nowhere", "mode": "maybe", "surprise": 1,
        "lanes": {"Gray": {}},
        "ruleSets": [{"name": "shop", "rules": [{"name": "r"}]}, {"rules": []}],
        "splits": {"s": {"salt": "s", "slots": "all"}},
        "services": {"cart": {"hosts": ["cart:80"], "base": "v1"}}
    });
    let problems = FilterConfig::from_json(document.to_string().as_bytes()).unwrap_err();
    let expected = [
        "generation",
        "lanes.Gray",
        "mode",
        "phase",
        "ruleSets[0].rules[0].then",
        "ruleSets[1].name",
        "services.cart.hosts[0]",
        "splits.s.slots",
        "surprise",
        "version",
    ];
    assert_eq!(paths(&problems), expected);
}

#[test]
fn a_rule_with_a_problem_still_takes_its_name() {
    let rules = json!([{"name": "r", "then": {"lane": "nowhere"}}, {"name": "r", "then": {"lane": "gray"}}]);
    let members = json!({"ruleSets": [{"name": "s", "rules": rules}]});
    let problems = Router::compile(&config(&document("gateway", members))).unwrap_err();
    assert_eq!(paths(&problems), ["ruleSets[0].rules[0].then.lane", "ruleSets[0].rules[1].name"]);
}

/// Every place in a document, as a JSON pointer.
fn places(document: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match document {
        Value::Object(members) => {
            for (name, value) in members {
                places(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                places(value, &format!("{at}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec![json!(null), json!(true), json!(-1), json!(0.5), json!(1e300), json!([]), json!({})]),
        prop::sample::select(vec![json!(""), json!("ä b"), json!([[]]), json!({"a": 1}), json!([1, "b"])]),
        ".{0,80}".prop_map(Value::from),
    ]
}

/// A good document in which one part is junk, and the place of that part.
fn broken() -> impl Strategy<Value = (String, Value)> {
    let correlation = json!({"sources": ["b3"], "ttlSeconds": 60, "requests": 64});
    let mut good = document(
        "gateway",
        json!({"correlation": correlation, "explain": {"allow": {"not": {"method": {"exact": "GET"}}}}}),
    );
    good["splits"]["s2"] = json!({
        "salt": "s2", "slots": [{"to": "base", "slots": 10_000}], "identity": [{"cookie": "a"}, {"sourceAddress": {}}],
        "keyless": {"cookie": {"name": "uid", "sameSite": "none", "secure": true, "path": "/", "domain": "shop"}}
    });
    let mut all = Vec::new();
    places(&good, "", &mut all);
    (prop::sample::select(all), junk()).prop_map(move |(at, junk)| {
        let mut document = good.clone();
        *document.pointer_mut(&at).unwrap() = junk;
        (at, document)
    })
}

proptest! {
    #[test]
    fn one_part_replaced_by_junk_is_no_matter_or_a_problem_at_a_place((at, document) in broken()) {
        let compiled =
            FilterConfig::from_json(document.to_string().as_bytes()).and_then(|config| Router::compile(&config));
        if let Err(problems) = compiled {
            prop_assert!(!problems.is_empty());
            for problem in problems.iter() {
                prop_assert!(!problem.found.is_empty() && (at.is_empty() || !problem.path.is_empty()), "{:?}", problem);
            }
        }
    }

    #[test]
    fn no_bytes_at_all_make_reading_fail_otherwise_than_by_problems(bytes: Vec<u8>) {
        if let Err(problems) = FilterConfig::from_json(&bytes) {
            prop_assert!(!problems.is_empty());
        }
    }
}

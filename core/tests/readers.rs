//! A configuration can be read in two ways: by the filter's own reader and, where leaf types stand in custom resources, by
//! serde. Both must take the same documents and make the same of them.
#![cfg(not(target_family = "wasm"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

use graylane_core::FilterConfig;
use serde_json::{Value, json};

const CONFIG: &str = include_str!("golden/config.json");

/// The golden configuration with everything in it that the golden one does not use.
fn everything() -> Value {
    let mut document: Value = serde_json::from_str(CONFIG).unwrap();
    let patch = json!({
        "mode": "dryRun",
        "headers": {"lane": "x-lane", "identity": "x-id", "reason": "x-why"},
        "carriers": {
            "headers": "disabled", "baggage": {"members": {"lane": "a", "identity": "b"}},
            "tracestate": {"key": "c@d"}, "aliases": ["x-mse-tag"]
        },
        "identity": {"salt": "mesh", "sources": [
            {"header": "x-user"}, {"cookie": "uid"}, {"query": "u"}, {"claim": "sub"}, {"sourceAddress": {}}
        ]},
        "explain": {"allow": {"not": {"any": [
            {"all": [{"method": {"exact": "GET"}}, {"host": {"suffix": ".shop", "invert": true}}]},
            {"header": {"name": "a", "present": false}}, {"cookie": {"name": "b", "in": ["c", "d"]}},
            {"query": {"name": "e", "prefix": "f"}}, {"claim": {"name": "g", "regex": "h+"}}, {"path": {"regex": "/i"}}
        ]}}},
        "correlation": {"sources": ["b3", "requestId", "sw8", "datadog", "traceparent"], "ttlSeconds": 7, "requests": 64.0},
        "lanes": {"alone": {"isolation": "strict"}},
        "splits": {"sticky": {
            "salt": "s", "identity": [{"header": "x-device"}], "slots": [{"to": "base", "slots": 10000.0}],
            "keyless": {"cookie": {"name": "g", "maxAgeSeconds": 60, "path": "/a", "domain": "b.c", "sameSite": "none", "secure": true}}
        }, "even": {"salt": "e", "slots": [{"to": "base", "slots": 10000}], "keyless": {"sequence": {}}}}
    });
    merge(&mut document, patch);
    document
}

fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(members), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(members.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch,
    }
}

/// Every place in `document`, as JSON pointers.
fn places(document: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    let below = |name: &dyn std::fmt::Display| format!("{at}/{name}");
    if let Some(members) = document.as_object() {
        for (name, value) in members {
            places(value, &below(name), into);
        }
    }
    for (index, value) in document.as_array().into_iter().flatten().enumerate() {
        places(value, &below(&index), into);
    }
}

/// Whether `document` is taken. serde also takes an object written as a list of its members, which we do not.
fn both_agree(document: &Value, mistake: &Value) -> bool {
    let own = FilterConfig::from_json(document.to_string().as_bytes());
    let derived = serde_json::from_value::<FilterConfig>(document.clone());
    match (&own, &derived) {
        (Ok(own), Ok(derived)) => assert_eq!(own, derived, "{document}"),
        (Err(problems), Err(_)) => assert!(!problems.is_empty()),
        (Ok(_), Err(error)) => panic!("only serde refuses: {error}\n{document}"),
        (Err(_), Ok(_)) if mistake.is_array() => {}
        (Err(problems), Ok(_)) => panic!("only the own reader refuses: {problems}\n{document}"),
    }
    own.is_ok()
}

#[test]
fn a_document_with_everything_in_it_is_read_alike_and_written_back() {
    let document = everything();
    assert!(both_agree(&document, &Value::Null));
    let config = FilterConfig::from_json(document.to_string().as_bytes()).unwrap();
    assert_eq!(FilterConfig::from_json(&config.to_json()).unwrap(), config);
}

#[test]
fn a_document_with_any_one_mistake_is_read_or_refused_alike() {
    let document = everything();
    let mut all = Vec::new();
    places(&document, "", &mut all);
    let mistakes = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(0.5),
        json!(65_536),
        json!("A b"),
        json!([]),
        json!({"x": 1}),
        json!([{}]),
    ];
    let (mut taken, mut refused) = (0, 0);
    for place in &all {
        for mistake in &mistakes {
            let mut wrong = document.clone();
            *wrong.pointer_mut(place).unwrap() = mistake.clone();
            *if both_agree(&wrong, mistake) { &mut taken } else { &mut refused } += 1;
        }
        let mut lacking = document.clone();
        let (parent, name) = place.rsplit_once('/').unwrap_or_default();
        if let Some(Value::Object(members)) = lacking.pointer_mut(parent) {
            members.remove(name);
            members.insert(format!("{name}x"), Value::Null);
            *if both_agree(&lacking, &Value::Null) { &mut taken } else { &mut refused } += 1;
        }
    }
    assert!(taken > 20 && refused > 1_000, "{taken} taken, {refused} refused");
}

#[test]
fn a_member_that_stands_twice_is_refused_with_its_place() {
    for (twice, place) in [
        (r#""generation": 1, "generation": 1"#, "generation"),
        (r#""generation": 1, "lanes": {"gray": {}, "gray": {}}"#, "lanes.gray"),
    ] {
        let document = format!(r#"{{"version": "v1", "phase": "gateway", {twice}}}"#);
        let problems = FilterConfig::from_json(document.as_bytes()).unwrap_err();
        assert_eq!(problems.to_string(), format!("{place}: stands here more than once; allowed: each member once"));
    }
}

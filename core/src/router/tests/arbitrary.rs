//! Configurations and requests of every kind: good ones, and such that are wrong in one way or another.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::{FilterConfig, Headers};

/// Whether mistakes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// None: the configuration can be used.
    Careful,
    /// Some.
    Careless,
}

impl Care {
    /// The choices of the careful, and what only the careless choose.
    fn of<T: Clone + std::fmt::Debug + 'static>(self, good: &[T], bad: &[T]) -> impl Strategy<Value = T> + use<T> {
        let bad = if self == Self::Careless { bad } else { &[] };
        select([good, bad].concat())
    }

    /// How many members a list must have.
    fn least(self) -> usize {
        usize::from(self == Self::Careful)
    }

    /// Rules of one set must have different names, and here all have the same.
    fn of_rules(self) -> usize {
        if self == Self::Careful { 2 } else { 3 }
    }
}

fn lane(care: Care) -> impl Strategy<Value = &'static str> {
    care.of(&["gray", "gray", "blue", "red", "base"], &["nowhere"])
}

fn phase() -> impl Strategy<Value = &'static str> {
    select(vec!["gateway", "sidecarInbound", "sidecarOutbound"])
}

fn name() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "x-user", "uid", "x-gray-lane", "baggage", "tracestate", "x-tag"])
}

fn text(care: Care) -> impl Strategy<Value = &'static str> {
    care.of(&["/", "/a", "/b", "/[a-c]+"], &["", "a", "(a", "\u{e4}"])
}

fn operator(care: Care) -> impl Strategy<Value = (&'static str, Value)> {
    prop_oneof![
        (select(vec!["exact", "prefix", "suffix", "regex"]), text(care)).prop_map(|(name, text)| (name, json!(text))),
        prop::collection::vec(text(care), care.least()..3).prop_map(|texts| ("in", json!(texts))),
        any::<bool>().prop_map(|present| ("present", json!(present))),
    ]
}

/// Whether conditions on `subject` know `operator`.
fn is_known(subject: &str, operator: &str) -> bool {
    match subject {
        "path" => matches!(operator, "exact" | "prefix" | "regex"),
        "method" | "host" => operator != "present",
        _ => true,
    }
}

fn condition(care: Care) -> impl Strategy<Value = Value> {
    let subject = select(vec!["header", "cookie", "query", "claim", "method", "path", "host"]);
    let leaf =
        (subject, name(), operator(care), any::<bool>()).prop_map(move |(subject, name, (operator, value), invert)| {
            let mut members = json!({"invert": invert});
            if is_known(subject, operator) {
                members[operator] = value;
            } else if care == Care::Careful {
                members["exact"] = json!("/a");
            }
            if matches!(subject, "header" | "cookie" | "query" | "claim") {
                members["name"] = json!(name);
            }
            json!({subject: members})
        });
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let group = || prop::collection::vec(inner.clone(), care.least()..3);
        prop_oneof![
            group().prop_map(|all| json!({"all": all})),
            group().prop_map(|any| json!({"any": any})),
            inner.clone().prop_map(|inner| json!({"not": inner})),
        ]
    })
}

fn slots(care: Care, to: impl Strategy<Value = &'static str>) -> impl Strategy<Value = Value> {
    (to, 0..=9_999_u16, care.of(&[0], &[1])).prop_map(
        |(to, share, lost)| json!([{"to": to, "slots": share}, {"to": "base", "slots": 10_000 - share - lost}]),
    )
}

fn rule(care: Care) -> impl Strategy<Value = Value> {
    let then = prop_oneof![lane(care).prop_map(|lane| json!({"lane": lane})), Just(json!({"split": "s"}))];
    (prop::option::of(condition(care)), then, 0..3_u16).prop_map(|(when, then, priority)| {
        let mut rule = json!({"name": "r", "priority": priority, "then": then});
        if let Some(when) = when {
            rule["when"] = when;
        }
        rule
    })
}

fn service(care: Care) -> impl Strategy<Value = Value> {
    let lanes =
        prop::collection::btree_map(care.of(&["gray", "blue"], &["base"]), select(vec!["v1", "v2", "v3"]), 0..3);
    let split = prop::option::of(slots(care, select(vec!["base", "v2"])));
    (lanes, split, care.of(&["v1"], &["v9"])).prop_map(|(lanes, split, not_ready)| {
        let not_ready: Vec<&str> = lanes.values().copied().take(1).chain([not_ready]).collect();
        let mut service = json!({"base": "v1", "lanes": lanes, "notReady": not_ready});
        if let Some(slots) = split {
            service["split"] = json!({"salt": "own", "slots": slots});
        }
        service
    })
}

fn carriers(care: Care) -> impl Strategy<Value = Value> {
    let off = || Just(json!({"disabled": {}}));
    let baggage = prop_oneof![Just(json!({"members": {}})), Just(json!({"members": {"identity": "gray-id"}}))];
    let tracestate = prop_oneof![off(), Just(json!({"key": "gray-lane"}))];
    let aliases = (care.of(&["x-tag"], &["x-gray-id", "baggage"]), 0..2_usize)
        .prop_map(|(alias, count)| [alias, "x-other-tag"].split_at(count).0.to_vec());
    let headers = select(vec![("enabled", false), ("enabled", true), ("disabled", false)]);
    (headers, baggage, off(), tracestate, aliases).prop_map(
        |((headers, no_baggage), baggage, off, tracestate, aliases)| {
            let baggage = if no_baggage { off } else { baggage };
            json!({"headers": headers, "baggage": baggage, "tracestate": tracestate, "aliases": aliases})
        },
    )
}

/// A configuration that can be used.
pub(super) fn good_config() -> impl Strategy<Value = FilterConfig> {
    made(Care::Careful)
}

/// A configuration that can be read.
pub(super) fn config() -> impl Strategy<Value = FilterConfig> {
    prop_oneof![made(Care::Careful), made(Care::Careless)]
}

fn made(care: Care) -> impl Strategy<Value = FilterConfig> {
    let keyless = select(vec![json!({"base": {}}), json!({"sequence": {}}), json!({"cookie": {"name": "uid"}})]);
    let sources = prop::sample::subsequence(
        vec![
            json!({"header": "x-user"}),
            json!({"cookie": "uid"}),
            json!({"query": "a"}),
            json!({"sourceAddress": {}}),
        ],
        0..=4,
    );
    let fallback = prop::sample::subsequence(vec!["blue", "red"], 0..=2);
    let lanes = (fallback, select(vec!["permissive", "permissive", "strict"]));
    let trust = select(vec![json!({}), json!({"meshHosts": ["elsewhere"]}), json!({"peers": ["spiffe://mesh/*"]})]);
    let parts = (phase(), select(vec!["enforce", "dryRun"]), sources, lanes, (carriers(care), trust));
    let rules = prop::collection::vec(prop::collection::vec(rule(care), 0..care.of_rules()), 0..4);
    let lost_mark = select(vec!["decide", "base"]);
    let told = (prop::option::of(condition(care)), prop::option::of(correlation(care)), lost_mark);
    let decided = (rules, slots(care, lane(care)), keyless, [service(care), service(care)], told);
    (parts, decided).prop_map(
        |(
            (phase, mode, sources, (fallback, isolation), (carriers, trust)),
            (sets, slots, keyless, services, (ask, correlation, lost_mark)),
        )| {
            let [mut shop, mut any] = services;
            shop["hosts"] = json!(["cart.shop"]);
            any["hosts"] = json!(["*.shop/a", "*.shop"]);
            let named = |(place, rules)| json!({"name": format!("s{place}"), "rules": rules});
            let sets: Vec<Value> = sets.into_iter().enumerate().map(named).collect();
            let fallback = if isolation == "strict" { vec![] } else { fallback };
            let mut document = json!({
                "version": "v1", "generation": 1, "phase": phase, "mode": mode, "carriers": carriers,
                "trust": trust, "lostMark": lost_mark,
                "identity": {"salt": "mesh", "sources": sources},
                "lanes": {"gray": {"fallback": fallback, "isolation": isolation}, "blue": {}, "red": {}},
                "ruleSets": sets,
                "splits": {"s": {"salt": "s", "slots": slots, "keyless": keyless}},
                "services": {"cart": shop, "any": any}
            });
            if let Some(allow) = ask {
                document["explain"] = json!({"allow": allow});
            }
            if let Some(correlation) = correlation {
                document["correlation"] = correlation;
            }
            super::config(&document)
        },
    )
}

fn correlation(care: Care) -> impl Strategy<Value = Value> {
    let all = vec!["traceparent", "b3", "sw8", "datadog", "requestId"];
    let sources = prop::sample::subsequence(all, care.least()..=5).prop_shuffle();
    let requests = care.of(&[64, 1024, 32_768], &[0, 100]);
    (sources, care.of(&[1, 60], &[0]), requests)
        .prop_map(|(sources, ttl, requests)| json!({"sources": sources, "ttlSeconds": ttl, "requests": requests}))
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let telling = select(vec![
        "gray",
        "base",
        "blue, gray",
        "nowhere",
        "gray,gray",
        "0cda3b18",
        "alice",
        "a",
        "v2",
        "uid=a; uid=0",
        "1",
    ]);
    prop_oneof![3 => telling.prop_map(|text| text.as_bytes().to_vec()), 1 => any::<Vec<u8>>()]
}

/// Fields that only this mesh should set, as anybody might.
pub(super) fn internal_fields() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let names = select(vec!["x-gray-lane", "x-gray-id", "x-gray-version", "x-gray-explain"]);
    let headers = prop::collection::vec((names, value()), 0..6);
    let others = select(vec!["x-tag", "x-other-tag"]);
    let member =
        select(vec!["gray-lane=gray", "gray-lane=blue%2Cgray", "gray-id=0cda3b18", "gray-lane", "gray-lane=base;p"]);
    let own = |(name, member): &(&str, &str)| *name == "baggage" || member.starts_with("gray-lane");
    let lists = (select(vec!["baggage", "tracestate"]), member).prop_filter("members of ours", own);
    let lists = prop::collection::vec(lists, 0..3);
    (headers, prop::option::of((others, value())), lists).prop_map(|(mut fields, other, lists)| {
        fields.extend(other);
        fields.extend(lists.into_iter().map(|(name, member)| (name, member.as_bytes().to_vec())));
        fields
    })
}

/// A request without internal fields.
pub(super) fn plain_request() -> impl Strategy<Value = Headers> {
    let authority = prop_oneof![
        3 => select(vec!["cart.shop", "Stock.Shop:80", "elsewhere", "[::1]:1"]).prop_map(|host| host.as_bytes().to_vec()),
        1 => any::<Vec<u8>>(),
    ];
    let path = prop_oneof![
        3 => select(vec!["/", "/a?a=b", "/a/../b?uid", "*", "/%61"]).prop_map(|path| path.as_bytes().to_vec()),
        1 => any::<Vec<u8>>(),
    ];
    let fields = prop::collection::vec((select(vec!["x-user", "cookie", "uid", "a"]), value()), 0..5);
    let lists = prop::sample::subsequence(vec![("baggage", "u=a, x=y;z"), ("tracestate", "a=1,b=2")], 0..=2);
    (authority, path, fields, lists).prop_map(|(authority, path, fields, lists)| {
        let mut headers = Headers::from([(":authority", authority), (":path", path), (":method", b"GET".to_vec())]);
        for (name, value) in fields {
            headers.push(name, value);
        }
        for (name, list) in lists {
            headers.push(name, list);
        }
        headers
    })
}

/// Any request.
pub(super) fn request() -> impl Strategy<Value = Headers> {
    (plain_request(), internal_fields()).prop_map(|(mut headers, internal)| {
        for (name, value) in internal {
            headers.push(name, value);
        }
        headers
    })
}

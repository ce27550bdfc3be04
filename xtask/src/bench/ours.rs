//! The product's variants: the configurations that it is measured with, as they go over the wire.

use serde_json::{Value, json};

use super::request::{HOST, Request, USER_HEADER};
use super::variant::{Expect, Filter, Module, Routes, Variant};

/// Services of a small shop, of a large company, and of a very large one.
const SERVICES: [usize; 3] = [1, 100, 1_000];
const RULES: [usize; 3] = [1, 10, 100];

/// Every configuration of the product that is measured, with this build of it.
///
/// A *hop* is inside the mesh, where an entry has marked the request. At an *entry* rules and splits are evaluated.
pub(crate) fn variants(whose: &str, build: Module) -> Vec<Variant> {
    let mut variants = configurations();
    for variant in &mut variants {
        variant.name = format!("{whose}: {}", variant.name);
        if let Filter::Wasm { module, .. } = &mut variant.filter {
            *module = build;
        }
    }
    variants
}

fn configurations() -> Vec<Variant> {
    let mut variants = Vec::new();
    for count in SERVICES {
        let name = format!("hop, {}", counted(count, "service"));
        variants.push(hop(&name, &services(count), Expect::Gray));
    }
    variants.push(hop("hop, service not configured", &others(10), Expect::Base));
    for count in RULES {
        let name = format!("entry, {}", counted(count, "rule"));
        variants.push(entry(&name, &services(1), &rules(count), Expect::Gray));
    }
    let by_header = split(&json!([{ "header": USER_HEADER }]), &json!({ "base": {} }));
    variants.push(entry("entry, 10 % by header", &services(1), &by_header, Expect::TenPercentGray));
    let keyless = split(&json!([{ "header": "x-never-sent" }]), &json!({ "sequence": {} }));
    variants.push(entry("entry, 10 % keyless", &services(1), &keyless, Expect::TenPercentGray));
    variants.push(entry("entry, service not configured", &others(10), &rules(1), Expect::Base));
    variants.extend(correlation());
    variants
}

/// In front of an app, and nothing is remembered.
pub(crate) const BEFORE: &str = "before an app";
/// The same, and each request is remembered.
pub(crate) const REMEMBERED: &str = "before an app, remembered";
/// Behind an app that has lost the mark, which is decided anew.
pub(crate) const LOST: &str = "behind an app, lost mark";
/// The same, and the mark is found again.
pub(crate) const RECALLED: &str = "behind an app, recalled";

/// What remembering a request and looking one up costs: each beside the same without it. What is recalled has been
/// remembered by the variant in front of the app, which sees the same ids with a mark in every round.
fn correlation() -> Vec<Variant> {
    let with = |phase: &str, services: &Value, members: &Value| {
        let mut config = config(phase, 1, services, &rules(1));
        if let (Some(all), Some(members)) = (config.as_object_mut(), members.as_object()) {
            all.extend(members.clone());
        }
        config
    };
    let (inbound, outbound) = ("sidecarInbound", "sidecarOutbound");
    let (off, on) = (json!({}), json!({ "correlation": {} }));
    // A table of another size is another one, and what is recalled needs no rule.
    let vain = json!({ "correlation": { "requests": 16_384 } });
    let recalled = json!({ "correlation": {}, "ruleSets": [] });
    let (none, one) = (json!({}), services(1));
    // Smaller than the ids are many, so that each makes another one be forgotten; and the largest that there may be.
    let sized = [1_024, 524_288].map(|requests| {
        let on = json!({ "correlation": { "requests": requests } });
        ours(&format!("{REMEMBERED} in {requests}"), with(inbound, &none, &on), Request::Marked, Expect::Base)
    });
    let usual = [
        ours(BEFORE, with(inbound, &none, &off), Request::Marked, Expect::Base),
        ours(REMEMBERED, with(inbound, &none, &on), Request::Marked, Expect::Base),
        ours(LOST, with(outbound, &one, &off), Request::Unmarked, Expect::Gray),
        ours(RECALLED, with(outbound, &one, &recalled), Request::Unmarked, Expect::Gray),
        ours("behind an app, looked up in vain", with(outbound, &one, &vain), Request::Unmarked, Expect::Gray),
    ];
    usual.into_iter().chain(sized).collect()
}

/// What a proxy inside the mesh is told about `count` services.
pub(crate) fn hop_config(count: usize, generation: u64) -> Value {
    config("sidecarOutbound", generation, &services(count), &rules(1))
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn hop(name: &str, services: &Value, expect: Expect) -> Variant {
    ours(name, config("sidecarOutbound", 1, services, &rules(1)), Request::Marked, expect)
}

fn entry(name: &str, services: &Value, rules: &Decisions, expect: Expect) -> Variant {
    ours(name, config("gateway", 1, services, rules), Request::Unmarked, expect)
}

fn ours(name: &str, config: Value, request: Request, expect: Expect) -> Variant {
    Variant {
        name: name.to_owned(),
        filter: Filter::Wasm { module: Module::Graylane, config },
        routes: Routes::ByVersionHeader,
        request,
        expect,
    }
}

/// The parts of a configuration that decide.
struct Decisions {
    rules: Value,
    splits: Value,
}

fn config(phase: &str, generation: u64, services: &Value, decisions: &Decisions) -> Value {
    let Decisions { rules, splits } = decisions;
    json!({
        "version": "v1",
        "generation": generation,
        "phase": phase,
        "identity": { "salt": "bench", "sources": [{ "header": USER_HEADER }] },
        "lanes": { "gray": {} },
        "ruleSets": [{ "name": "bench.shop", "rules": rules }],
        "splits": splits,
        "services": services,
    })
}

/// `count` services that have a gray version, the one that requests are for among them.
fn services(count: usize) -> Value {
    (1..count).map(other).chain([("cart.shop".to_owned(), service(HOST))]).collect()
}

/// `count` services that no request is for.
fn others(count: usize) -> Value {
    (0..count).map(other).collect()
}

fn other(nth: usize) -> (String, Value) {
    (format!("service-{nth}.shop"), service(&format!("service-{nth}.shop.svc.cluster.local")))
}

fn service(host: &str) -> Value {
    json!({ "hosts": [host], "base": "v1", "lanes": { "gray": "v2" } })
}

/// `count` rules, all of which are tried: only the last one holds.
fn rules(count: usize) -> Decisions {
    let mut rules: Vec<_> = (1..count).map(|nth| rule(nth, &foreign_condition(nth))).collect();
    rules.push(rule(count, &json!({ "path": { "prefix": "/v1/carts" } })));
    Decisions { rules: rules.into(), splits: json!({}) }
}

fn rule(nth: usize, when: &Value) -> Value {
    json!({ "name": format!("rule-{nth}"), "when": when, "then": { "lane": "gray" } })
}

/// A condition of the usual kinds in turn, true for nobody here.
fn foreign_condition(nth: usize) -> Value {
    match nth % 3 {
        0 => json!({ "header": { "name": USER_HEADER, "exact": format!("tester-{nth}") } }),
        1 => json!({ "path": { "prefix": format!("/v1/campaigns/{nth}") } }),
        _ => json!({ "cookie": { "name": "session", "exact": format!("tester-{nth}") } }),
    }
}

/// 10 % of everyone.
fn split(sources: &Value, keyless: &Value) -> Decisions {
    Decisions {
        rules: json!([{ "name": "everyone", "then": { "split": "canary" } }]),
        splits: json!({
            "canary": {
                "salt": "canary",
                "identity": sources,
                "keyless": keyless,
                "slots": [{ "to": "gray", "slots": 1_000 }, { "to": "base", "slots": 9_000 }],
            },
        }),
    }
}

#[cfg(test)]
mod tests {
    use graylane_core::{FilterConfig, Router};

    use super::*;

    #[test]
    fn the_product_accepts_every_configuration_that_it_is_measured_with() {
        for variant in configurations() {
            let Filter::Wasm { config, .. } = &variant.filter else {
                panic!("{} is not the product", variant.name);
            };
            let read = FilterConfig::from_json(config.to_string().as_bytes()).unwrap();
            assert!(Router::compile(&read).is_ok(), "{}: {:?}", variant.name, Router::compile(&read).err());
        }
    }

    #[test]
    fn as_many_services_and_rules_are_configured_as_the_names_say() {
        for (count, variant) in SERVICES.into_iter().zip(configurations()) {
            let Filter::Wasm { config, .. } = &variant.filter else {
                panic!("{} is not the product", variant.name);
            };
            assert_eq!(config["services"].as_object().unwrap().len(), count, "{}", variant.name);
        }
        assert_eq!(rules(100).rules.as_array().unwrap().len(), 100);
    }
}

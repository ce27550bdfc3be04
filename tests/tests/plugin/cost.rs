//! What a request costs, in fuel of the interpreter: about one unit for each instruction, and the same in every run. What
//! that comes to in time is what `cargo xtask bench` measures.

use serde_json::{Value, json};

use crate::{get, ok, start};

/// The fuel of a request for `cart` among `count` services, once it is no longer the first one.
fn fuel(phase: &str, count: usize, rules: &Value, mark: &[(&str, &str)]) -> anyhow::Result<u64> {
    let service = |nth: usize| {
        let host = if nth == 0 { "cart.shop".to_owned() } else { format!("service-{nth}.shop") };
        (format!("service-{nth}"), json!({"hosts": [host], "base": "v1", "lanes": {"gray": "v2"}}))
    };
    let services: serde_json::Map<_, _> = (0..count).map(service).collect();
    let proxy = start(&json!({
        "version": "v1", "generation": 1, "phase": phase,
        "identity": {"salt": "cost", "sources": [{"header": "x-user-id"}]},
        "lanes": {"gray": {}}, "ruleSets": [{"name": "cost", "rules": rules}], "services": services,
    }))?;
    let mut request = get([
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("accept", "application/json, text/plain, */*"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("authorization", "Bearer eyJhbGciOiJSUzI1NiJ9.eyJhbGciOiJSUzI1NiJ9"),
        ("cookie", "session=5c1f7a0e92b34d6d; theme=dark; _ga=GA1.2.1094823377.1760000000"),
        ("x-request-id", "7b1c6f0e-3a52-4d0b-9f1e-000000000001"),
        ("x-user-id", "user-1"),
    ]);
    for (name, value) in mark {
        request.add(name, value);
    }
    let mut last = 0;
    for _ in 0..3 {
        let mut exchange = proxy.worker(0).request(request.clone())?;
        exchange.respond(ok())?;
        exchange.finish()?;
        last = exchange.fuel();
    }
    Ok(last)
}

const MARK: [(&str, &str); 2] = [("x-gray-lane", "gray"), ("x-gray-id", "9f86d081")];

/// `count` rules, of which the last holds; all of them look at the same three things.
fn rules(count: usize) -> Value {
    let mut rules: Vec<Value> = (1..count)
        .map(|nth| match nth % 3 {
            0 => json!({"header": {"name": "x-user-id", "exact": format!("tester-{nth}")}}),
            1 => json!({"path": {"prefix": format!("/campaigns/{nth}")}}),
            _ => json!({"cookie": {"name": "session", "exact": format!("tester-{nth}")}}),
        })
        .collect();
    rules.push(json!({"path": {"prefix": "/"}}));
    let rule =
        |(nth, when): (usize, Value)| json!({"name": format!("rule-{nth}"), "when": when, "then": {"lane": "gray"}});
    rules.into_iter().enumerate().map(rule).collect()
}

#[test]
fn a_hop_costs_the_same_among_a_thousand_services_as_with_one() -> anyhow::Result<()> {
    let hop = |services| fuel("sidecarOutbound", services, &rules(1), &MARK);
    let (one, thousand) = (hop(1)?, hop(1_000)?);
    assert!(thousand <= one + one / 20, "{thousand} instead of {one}");
    Ok(())
}

#[test]
fn a_hop_costs_half_of_an_entry_at_most() -> anyhow::Result<()> {
    let (hop, entry) = (fuel("sidecarOutbound", 1, &rules(1), &MARK)?, fuel("gateway", 1, &rules(1), &[])?);
    assert!(2 * hop <= entry, "{hop} and {entry}");
    Ok(())
}

#[test]
fn rules_that_look_at_the_same_things_find_them_once() -> anyhow::Result<()> {
    let entry = |count| fuel("gateway", 1, &rules(count), &[]);
    let (ten, hundred) = (entry(10)?, entry(100)?);
    assert!(hundred <= 3 * ten, "{hundred} for a hundred rules, {ten} for ten");
    Ok(())
}

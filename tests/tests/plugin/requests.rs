//! What the filter does to requests and responses.

use std::borrow::Cow;

use graylane_core::OpaqueId;
use graylane_core::metric::{Metric, ResponseClass};
use graylane_tests::host::{Flow, Headers, Hostcall, Request};
use serde_json::json;

use crate::{A_TICK, counter, filter, gateway, get, offer, ok, play, start, to, with};

/// What stands in a guest's cookie.
fn cookie_of(response: &Headers) -> Option<String> {
    let cookies = response.all("set-cookie");
    cookies.iter().find_map(|cookie| Some(cookie.strip_prefix("guest=")?.split_once(';')?.0.to_owned()))
}

#[test]
fn a_guest_is_given_a_cookie_beside_those_of_the_service() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    let mut exchange = proxy.worker(0).request(get([("x-guest", "1")]))?;
    exchange.respond(Headers::from([(":status", "200"), ("set-cookie", "session=1")]))?;
    let cookies = exchange.response_headers();
    assert_eq!(cookies.all("set-cookie").len(), 2);
    assert_eq!(cookies.get("set-cookie").as_deref(), Some("session=1"), "the service's own stays");
    assert!(cookie_of(&cookies).is_some_and(|id| OpaqueId::parse(id.as_bytes()).is_some()), "{cookies:?}");
    exchange.finish()?;

    let id = cookie_of(&cookies).unwrap_or_default();
    let version = exchange.request_headers().get("x-gray-version").map(Cow::into_owned);
    let again = play(&proxy, get([("x-guest", "1"), ("cookie", &format!("guest={id}"))]))?;
    assert_eq!(again.request_headers().get("x-gray-version").as_deref(), version.as_deref());
    assert_eq!(cookie_of(&again.response_headers()), None);
    Ok(())
}

#[test]
fn no_two_guests_are_given_the_same_cookie() -> anyhow::Result<()> {
    let proxy = filter()?.workers(2).start()?;
    offer(&proxy, gateway(1).to_string())?;
    let mut ids = std::collections::BTreeSet::new();
    for index in 0..100 {
        let mut exchange = proxy.worker(index % 2).request(get([("x-guest", "1")]))?;
        exchange.respond(ok())?;
        ids.extend(cookie_of(&exchange.response_headers()));
        exchange.finish()?;
    }
    assert_eq!(ids.len(), 100);
    Ok(())
}

#[test]
fn an_explanation_is_given_to_who_asks_and_may() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    let explained = play(&proxy, get([("x-user", "alice"), ("x-gray-explain", "1")]))?.response_headers();
    let explanation = explained.get("x-gray-explanation").unwrap_or_default();
    assert!(explanation.contains("rule shop/testers -> gray") && explanation.contains("; "), "{explanation}");
    for (asks, may) in [(true, false), (false, true)] {
        let mut request = get([]);
        for (name, wanted) in [("x-gray-explain", asks), ("x-user", may)] {
            if wanted {
                request.add(name, "alice");
            }
        }
        let response = play(&proxy, request)?.response_headers();
        assert_eq!(response.get("x-gray-explanation"), None, "asks: {asks}, may: {may}");
    }
    Ok(())
}

#[test]
fn an_explanation_changes_nothing_about_the_decision() -> anyhow::Result<()> {
    let sequence = json!({"half": {
        "salt": "half", "keyless": {"sequence": {}},
        "slots": [{"to": "gray", "slots": 5000}, {"to": "base", "slots": 5000}]
    }});
    let configuration = with(gateway(1), &json!({"splits": sequence})).to_string();
    let run = |asking: bool| -> anyhow::Result<Vec<Option<String>>> {
        let proxy = filter()?.seed(7).start()?;
        offer(&proxy, &configuration)?;
        let mut versions = Vec::new();
        for _ in 0..50 {
            let mut request = get([("x-guest", "1"), ("x-user", "bob")]);
            if asking {
                request.add("x-gray-explain", "1");
            }
            let exchange = play(&proxy, request)?;
            versions.push(exchange.request_headers().get("x-gray-version").map(Into::into));
        }
        Ok(versions)
    };
    assert_eq!(run(true)?, run(false)?);
    Ok(())
}

#[test]
fn explanations_are_bounded_and_visible_whatever_the_request_holds() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    let host = format!("{}\u{e4}\r\nset-cookie: a=b", "h".repeat(5_000));
    let response = play(&proxy, to(&host, [("x-user", "alice"), ("x-gray-explain", "1")]))?.response_headers();
    let explanation = response.get_bytes("x-gray-explanation").unwrap_or_default();
    assert!((100..=2048).contains(&explanation.len()), "{}", explanation.len());
    assert!(explanation.iter().all(|byte| (b' '..=b'~').contains(byte)));
    Ok(())
}

#[test]
fn a_strict_lane_answers_503_and_says_why() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    let mut exchange = proxy.worker(0).request(get([("x-user", "olga"), ("x-gray-explain", "1")]))?;
    assert_eq!(exchange.flow(), Flow::Answered, "by the filter itself");
    let why = "strict: cart has no ready version for lane own";
    let response = exchange.response_headers();
    assert_eq!(response.get(":status").as_deref(), Some("503"));
    assert_eq!(response.get("x-gray-reason").as_deref(), Some(why));
    assert!(response.get("x-gray-explanation").is_some_and(|told| told.contains("own is strict")), "{response:?}");
    let local = exchange.local_response().unwrap_or_else(|| panic!("no local response"));
    assert_eq!((local.status, local.body.as_slice()), (503, why.as_bytes()));
    assert_eq!(local.grpc_status, None, "Envoy derives it");
    exchange.finish()?;
    Ok(())
}

#[test]
fn a_dry_run_changes_no_header_and_counts_what_it_would_have_done() -> anyhow::Result<()> {
    let proxy = start(&with(gateway(1), &json!({"mode": "dryRun"})))?;
    for user in ["alice", "olga", "bob"] {
        let request = get([("x-user", user), ("x-guest", "1"), ("x-gray-lane", "gray"), ("x-gray-explain", "1")]);
        let exchange = play(&proxy, request.clone())?;
        assert_eq!(exchange.request_headers(), request);
        assert_eq!(exchange.response_headers(), ok());
    }
    proxy.advance(A_TICK)?;
    let served = Metric::Responses { service: "cart", version: "v2", class: ResponseClass::Success };
    assert!(counter(&proxy, served) >= 1);
    Ok(())
}

#[test]
fn bytes_that_are_no_text_stop_no_request() -> anyhow::Result<()> {
    let proxy = start(&with(gateway(1), &json!({"phase": "sidecarOutbound"})))?;
    let long = b"a".repeat(70_000);
    let hostile: [&[u8]; 5] = [b"\xff\xfe", b"", b"\0", &long, b"gray, \xc3\x28"];
    let names = [":path", ":authority", ":method", "cookie", "x-user", "x-gray-lane", "x-gray-id", "x-gray-version"];
    for value in hostile {
        for name in names {
            let mut request = get([]);
            request.replace(name, value);
            assert_eq!(play(&proxy, request.clone())?.flow(), Flow::Finished, "{name}");
            request.add(name, value);
            assert_eq!(play(&proxy, request)?.flow(), Flow::Finished, "{name} twice");
        }
    }
    Ok(())
}

#[test]
fn a_request_without_pseudo_headers_stops_nothing() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    assert_eq!(play(&proxy, Headers::new())?.flow(), Flow::Finished);
    let mut many = get([]);
    for index in 0..2_000 {
        many.add(format!("x-{index}"), "value");
    }
    assert_eq!(play(&proxy, many)?.flow(), Flow::Finished);
    Ok(())
}

#[test]
fn claims_are_looked_up_only_for_rules_that_ask() -> anyhow::Result<()> {
    let when = json!({"claim": {"name": "tier", "exact": "gold"}});
    let rules = json!([{"name": "shop", "rules": [{"name": "gold", "when": when, "then": {"lane": "gray"}}]}]);
    let proxy = start(&with(gateway(1), &json!({"ruleSets": rules})))?;
    for payload in ["jwt_payload", "payload"] {
        let path = ["metadata", "filter_metadata", "envoy.filters.http.jwt_authn", payload, "tier"];
        let mut exchange = proxy.worker(0).request(Request::new(get([])).property(path, "gold"))?;
        assert_eq!(exchange.request_headers().get("x-gray-version").as_deref(), Some("v2"), "{payload}");
        exchange.finish()?;
    }
    let plain = start(&gateway(1))?;
    let exchange = plain.worker(0).request(get([]))?;
    assert_eq!(exchange.host_calls().get(&Hostcall::GetProperty), None);
    Ok(())
}

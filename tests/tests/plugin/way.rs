//! The way of an explained request, over proxies and apps that hand on nothing but the trace id.

use graylane_tests::host::{Headers, Hostcall, Proxy};
use serde_json::{Value, json};

use crate::{filter, offer, ok, to, with};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What apps hand on of the request that they serve.
#[derive(Clone, Copy)]
enum Forwarding {
    TraceId,
    Everything,
    Nothing,
}

/// A gateway, and a sidecar for each of the services web, cart, stock and pay.
struct Shop {
    gateway: Proxy,
    sidecars: Vec<(&'static str, Proxy, Proxy)>,
    forwarding: Forwarding,
}

/// What each app calls to serve a request.
fn callees(service: &str) -> &'static [&'static str] {
    match service {
        "web" => &["cart"],
        "cart" => &["stock", "pay"],
        _ => &[],
    }
}

fn configuration(phase: &str) -> Value {
    json!({
        "version": "v1", "generation": 1, "phase": phase, "lanes": {"gray": {}}, "correlation": {"requests": 64},
        "ruleSets": [{"name": "shop", "rules": [
            {"name": "r1", "when": {"header": {"name": "x-user", "in": ["alice"]}}, "then": {"lane": "gray"}}
        ]}],
        "services": {
            "web": {"hosts": ["web.shop"], "base": "v1", "lanes": {"gray": "v2"}},
            "cart": {"hosts": ["cart.shop"], "base": "v1"},
            "stock": {"hosts": ["stock.shop"], "base": "v1", "lanes": {"gray": "v2"}},
            "pay": {"hosts": ["pay.shop"], "base": "v1"}
        },
        "explain": {"allow": {"header": {"name": "x-role", "exact": "operator"}}}
    })
}

impl Shop {
    fn start(forwarding: Forwarding) -> anyhow::Result<Self> {
        let gateway = filter()?.start()?;
        offer(&gateway, configuration("gateway").to_string())?;
        let mut sidecars = Vec::new();
        for service in ["web", "cart", "stock", "pay"] {
            let inbound = filter()?.start()?;
            let outbound = filter()?.beside(&inbound).start()?;
            offer(&inbound, with(configuration("sidecarInbound"), &json!({"services": {}})).to_string())?;
            offer(&outbound, configuration("sidecarOutbound").to_string())?;
            sidecars.push((service, inbound, outbound));
        }
        Ok(Self { gateway, sidecars, forwarding })
    }

    /// The response to a client of the gateway.
    fn get(&self, fields: &[(&str, &str)]) -> anyhow::Result<Headers> {
        let mut request = to("web.shop", [("traceparent", TRACE)]);
        for (name, value) in fields {
            request.add(*name, *value);
        }
        self.through(&self.gateway, "web", request)
    }

    /// Sends a request for `service` through `proxy`.
    fn through(&self, proxy: &Proxy, service: &str, request: Headers) -> anyhow::Result<Headers> {
        let mut exchange = proxy.worker(0).request(request)?;
        exchange.respond(self.serve(service, exchange.request_headers())?)?;
        let response = exchange.response_headers();
        exchange.finish()?;
        Ok(response)
    }

    /// What a service answers, through the proxy in front of its app.
    fn serve(&self, service: &str, request: Headers) -> anyhow::Result<Headers> {
        let Some((_, inbound, outbound)) = self.sidecars.iter().find(|(name, _, _)| *name == service) else {
            anyhow::bail!("no such service: {service}");
        };
        let mut exchange = inbound.worker(0).request(request)?;
        let arrived = exchange.request_headers();
        let mut response = ok();
        for callee in callees(service) {
            let mut call = to(&format!("{callee}.shop"), []);
            for (name, value) in arrived.iter() {
                let hands_on = match self.forwarding {
                    Forwarding::TraceId => name == b"traceparent",
                    Forwarding::Everything => !name.starts_with(b":"),
                    Forwarding::Nothing => false,
                };
                if hands_on {
                    call.add(name, value);
                }
            }
            let answer = self.through(outbound, callee, call)?;
            // A careless app: it hands on responses as it hands on requests.
            if let (Forwarding::Everything, Some(way)) = (self.forwarding, answer.get_bytes("x-gray-way")) {
                response.add("x-gray-way", way);
            }
        }
        exchange.respond(response)?;
        let response = exchange.response_headers();
        exchange.finish()?;
        Ok(response)
    }

    fn calls(&self, call: Hostcall) -> anyhow::Result<u32> {
        let mut exchange = self.gateway.worker(0).request(to("web.shop", []))?;
        exchange.finish()?;
        Ok(exchange.host_calls().get(&call).copied().unwrap_or_default())
    }
}

fn way(response: &Headers) -> Option<String> {
    response.get("x-gray-way").map(Into::into)
}

const ASKED: [(&str, &str); 3] = [("x-user", "alice"), ("x-role", "operator"), ("x-gray-explain", "1")];

#[test]
fn one_request_shows_the_whole_way_though_apps_hand_on_the_trace_id_only() -> anyhow::Result<()> {
    let shop = Shop::start(Forwarding::TraceId)?;
    let expected = "gateway -> web v2 (rule r1) -> cart v1 (fallback: no gray) -> \
                    [stock v2 (correlated), pay v1 (fallback: no gray)]";
    for _ in 0..3 {
        assert_eq!(way(&shop.get(&ASKED)?).as_deref(), Some(expected), "and nothing of the request before");
    }
    assert_eq!(shop.get(&ASKED)?.all("x-gray-way").len(), 1);
    Ok(())
}

#[test]
fn apps_that_hand_on_everything_show_the_same_way_once() -> anyhow::Result<()> {
    let shop = Shop::start(Forwarding::Everything)?;
    let expected = "gateway -> web v2 (rule r1) -> cart v1 (fallback: no gray) -> \
                    [stock v2 (propagated), pay v1 (fallback: no gray)]";
    assert_eq!(way(&shop.get(&ASKED)?).as_deref(), Some(expected));
    Ok(())
}

#[test]
fn behind_an_app_that_hands_on_nothing_the_way_is_unknown() -> anyhow::Result<()> {
    let shop = Shop::start(Forwarding::Nothing)?;
    assert_eq!(way(&shop.get(&ASKED)?).as_deref(), Some("gateway -> web v2 (rule r1)"));
    Ok(())
}

#[test]
fn a_stranger_is_told_nothing_and_costs_nothing() -> anyhow::Result<()> {
    let shop = Shop::start(Forwarding::TraceId)?;
    let keys = |shop: &Shop| -> usize { shop.sidecars.iter().map(|(_, inbound, _)| inbound.shared_data_keys()).sum() };
    for fields in [&ASKED[..2], &ASKED[2..], &[("x-user", "alice"), ("x-gray-explain", "1")][..]] {
        assert_eq!(way(&shop.get(fields)?), None, "{fields:?}");
    }
    let before = keys(&shop);
    shop.get(&ASKED)?;
    assert!(keys(&shop) > before, "only who may ask leaves a way");
    assert_eq!(shop.calls(Hostcall::GetSharedData)?, 0);
    Ok(())
}

#[test]
fn a_way_without_end_is_cut() -> anyhow::Result<()> {
    let shop = Shop::start(Forwarding::TraceId)?;
    let mut exchange = shop.gateway.worker(0).request({
        let mut request = to("web.shop", [("traceparent", TRACE)]);
        for (name, value) in ASKED {
            request.add(name, value);
        }
        request
    })?;
    let mut response = ok();
    response.add("x-gray-way", "\u{e4}".repeat(50_000));
    exchange.respond(response)?;
    let told = exchange.response_headers().get_bytes("x-gray-way").unwrap_or_default().to_vec();
    assert!(told.len() <= 2_048 && told.iter().all(|byte| (b' '..=b'~').contains(byte)), "{}", told.len());
    exchange.finish()?;
    Ok(())
}

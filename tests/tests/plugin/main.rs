//! The compiled filter, beyond what scenarios say: configurations, counting, costs, steering checks, hostile input.

mod configuration;
mod correlation;
mod cost;
mod counting;
mod faults;
mod requests;
mod self_lane;
mod steering;
mod way;

use std::time::Duration;

use graylane_core::Phase;
use graylane_core::metric::{Metric, PhaseLabel};
use graylane_tests::host::{Exchange, Headers, Proxy, ProxyBuilder, Verdict};
use graylane_tests::module_runner::module;
use serde_json::{Value, json};

/// Longer than the filter keeps to itself what it counts.
const A_TICK: Duration = Duration::from_millis(1_100);

/// A proxy that is to run the filter.
fn filter() -> anyhow::Result<ProxyBuilder> {
    Ok(Proxy::builder(&module()?))
}

/// One worker with `configuration`.
fn start(configuration: &Value) -> anyhow::Result<Proxy> {
    let proxy = filter()?.start()?;
    offer(&proxy, configuration.to_string())?;
    Ok(proxy)
}

/// Offers a configuration, which Envoy must always be told to take.
fn offer(proxy: &Proxy, configuration: impl AsRef<[u8]>) -> anyhow::Result<()> {
    assert_eq!(proxy.configure(configuration)?, Verdict::Accepted, "Envoy would answer 500 to all requests");
    Ok(())
}

/// A gateway in front of `cart`, whose `v2` alice gets.
fn gateway(generation: u64) -> Value {
    json!({
        "version": "v1", "generation": generation, "phase": "gateway",
        "lanes": {"gray": {}, "own": {"isolation": "strict"}},
        "ruleSets": [{"name": "shop", "rules": [
            {"name": "testers", "when": {"header": {"name": "x-user", "in": ["alice"]}}, "then": {"lane": "gray"}},
            {"name": "owners", "when": {"header": {"name": "x-user", "in": ["olga"]}}, "then": {"lane": "own"}},
            {"name": "guests", "when": {"header": {"name": "x-guest", "present": true}}, "then": {"split": "half"}}
        ]}],
        "splits": {"half": {
            "salt": "half", "slots": [{"to": "gray", "slots": 5000}, {"to": "base", "slots": 5000}],
            "keyless": {"cookie": {"name": "guest"}}
        }},
        "services": {"cart": {"hosts": ["cart.shop"], "base": "v1", "lanes": {"gray": "v2"}}},
        "explain": {"allow": {"header": {"name": "x-user", "present": true}}}
    })
}

/// The same with some members replaced.
fn with(mut configuration: Value, members: &Value) -> Value {
    if let (Some(all), Some(members)) = (configuration.as_object_mut(), members.as_object()) {
        all.extend(members.clone());
    }
    configuration
}

/// A request for `cart` with these headers besides.
fn get<const COUNT: usize>(headers: [(&str, &str); COUNT]) -> Headers {
    to("cart.shop", headers)
}

fn to<const COUNT: usize>(host: &str, headers: [(&str, &str); COUNT]) -> Headers {
    let mut request = Headers::from([(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", host)]);
    for (name, value) in headers {
        request.add(name, value);
    }
    request
}

fn ok() -> Headers {
    Headers::from([(":status", "200")])
}

/// Plays a request to its end, whatever becomes of it.
fn send(proxy: &Proxy, request: Headers) -> anyhow::Result<()> {
    play(proxy, request).map(drop)
}

/// Plays a request to its end.
fn play(proxy: &Proxy, request: Headers) -> anyhow::Result<Exchange> {
    let mut exchange = proxy.worker(0).request(request)?;
    exchange.respond(ok())?;
    exchange.finish()?;
    Ok(exchange)
}

/// The version that alice gets: `v2` where a good configuration is in use.
fn alices_version(proxy: &Proxy) -> anyhow::Result<Option<String>> {
    let exchange = play(proxy, get([("x-user", "alice")]))?;
    Ok(exchange.request_headers().get("x-gray-version").map(Into::into))
}

fn counter(proxy: &Proxy, metric: Metric<'_>) -> u64 {
    proxy.counter(&metric.stat_name()).unwrap_or_default()
}

const GATEWAY: PhaseLabel = PhaseLabel::Known(Phase::Gateway);

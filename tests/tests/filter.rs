//! What the compiled module owes its host, beyond the scenarios: several configurations in one machine, streams of any
//! life, and every answer of the host survived.

use anyhow::{Result, ensure};
use graylane_core::Reason;
use graylane_core::metric::{Metric, ResponseClass};
use graylane_tests::host::{Exchange, Fault, Headers, Hostcall, Proxy, Request, Times, Verdict};
use graylane_tests::module_runner;

const A_TICK: std::time::Duration = std::time::Duration::from_millis(1_100);
const INBOUND: u64 = 1;
const OUTBOUND: u64 = 2;

/// A configuration with a lane `gray`, which `/gray` enters, for one service.
fn configuration(phase: &str, generation: u64) -> String {
    let rule = r#"{"name": "path", "when": {"path": {"prefix": "/gray"}}, "then": {"lane": "gray"}}"#;
    let service = r#"{"hosts": ["cart.shop"], "base": "v1", "lanes": {"gray": "v2"}}"#;
    format!(
        r#"{{"version": "v1", "generation": {generation}, "phase": "{phase}", "identity": {{"salt": "s", "sources": []}},
            "lanes": {{"gray": {{}}}}, "ruleSets": [{{"name": "shop", "rules": [{rule}]}}], "splits": {{}},
            "services": {{"cart": {service}}}}}"#
    )
}

fn start() -> Result<Proxy> {
    Ok(Proxy::builder(&module_runner::module()?).start()?)
}

fn configure(proxy: &Proxy, configuration: impl AsRef<[u8]>) -> Result<()> {
    ensure!(proxy.configure(configuration)? == Verdict::Accepted);
    Ok(())
}

/// A request for the gray version, whose caller claims another one.
fn gray() -> Request {
    let headers = [(":method", "GET"), (":authority", "cart.shop"), (":path", "/gray"), ("x-gray-version", "spoofed")];
    Request::new(Headers::from(headers))
}

fn from(direction: u64) -> Request {
    gray().property(["xds", "listener_direction"], direction.to_le_bytes())
}

fn version(exchange: &Exchange) -> Option<String> {
    exchange.request_headers().get("x-gray-version").map(|value| value.to_string())
}

/// Lets it be answered and end.
fn finish(mut exchange: Exchange) -> Result<()> {
    exchange.respond(Headers::from([(":status", "200")]))?;
    Ok(exchange.finish()?)
}

fn responses(proxy: &Proxy, class: ResponseClass) -> Option<u64> {
    proxy.counter(&Metric::Responses { service: "cart", version: "v2", class }.stat_name())
}

#[test]
fn phases_of_one_plugin_that_share_a_machine_keep_apart() -> Result<()> {
    for inbound_first in [true, false] {
        let one = start()?;
        let other = one.another_filter();
        let (inbound, outbound) = if inbound_first { (&one, &other) } else { (&other, &one) };
        configure(&one, configuration(if inbound_first { "sidecarInbound" } else { "sidecarOutbound" }, 1))?;
        configure(&other, configuration(if inbound_first { "sidecarOutbound" } else { "sidecarInbound" }, 2))?;
        for _ in 0..3 {
            let decided = outbound.worker(0).request(from(OUTBOUND))?;
            assert_eq!(version(&decided).as_deref(), Some("v2"));
            let handed_on = inbound.worker(0).request(from(INBOUND))?;
            assert_eq!(version(&handed_on), None, "an app sees no version header");
            finish(handed_on)?;
            finish(decided)?;
        }
        one.advance(A_TICK)?;
        assert_eq!(responses(&one, ResponseClass::Success), Some(3));
    }
    Ok(())
}

#[test]
fn plugins_that_share_a_machine_are_told_apart_by_name() -> Result<()> {
    let gateway = start()?;
    let inbound = gateway.another_filter();
    for (proxy, name, phase) in [(&gateway, "entry", "gateway"), (&inbound, "app", "sidecarInbound")] {
        proxy.set_property(["plugin_name"], name);
        configure(proxy, configuration(phase, 1))?;
        // What workers are told after the canary reads the same property.
    }
    gateway.set_property(["plugin_name"], "none of them");
    let named = |name: &str| gray().property(["plugin_name"], name);
    assert_eq!(version(&gateway.worker(0).request(named("entry"))?).as_deref(), Some("v2"));
    assert_eq!(version(&inbound.worker(0).request(named("app"))?), None);
    let strange = gateway.worker(0).request(gray())?;
    assert_eq!(version(&strange).as_deref(), Some("spoofed"), "what can not be told apart passes untouched");
    Ok(())
}

#[test]
fn the_newest_configuration_serves_and_requests_under_way_keep_theirs() -> Result<()> {
    let proxy = start()?;
    configure(&proxy, configuration("sidecarOutbound", 1))?;
    let under_way = proxy.worker(0).request(gray())?;
    configure(&proxy, configuration("sidecarOutbound", 2).replace("\"gray\": \"v2\"", "\"gray\": \"v3\""))?;
    let after = proxy.worker(0).request(gray())?;
    assert_eq!((version(&under_way).as_deref(), version(&after).as_deref()), (Some("v2"), Some("v3")));
    finish(under_way)?;
    proxy.advance(A_TICK)?;
    assert_eq!(responses(&proxy, ResponseClass::Success), Some(1));
    Ok(())
}

#[test]
fn a_request_that_ends_without_response_is_counted_once() -> Result<()> {
    let proxy = start()?;
    configure(&proxy, configuration("sidecarOutbound", 1))?;
    proxy.worker(0).request(gray())?.finish()?;
    proxy.advance(A_TICK)?;
    assert_eq!(responses(&proxy, ResponseClass::None), Some(1));
    assert_eq!(responses(&proxy, ResponseClass::Success), None);
    Ok(())
}

#[test]
fn a_request_costs_few_host_calls_and_one_that_is_not_ours_fewer() -> Result<()> {
    let proxy = start()?;
    configure(&proxy, configuration("sidecarOutbound", 1))?;
    finish(proxy.worker(0).request(gray())?)?;
    let mut ours = proxy.worker(0).request(gray())?;
    ours.respond(Headers::from([(":status", "200")]))?;
    ours.finish()?;
    let calls: Vec<_> = ours.host_calls().into_iter().collect();
    let expected = [
        (Hostcall::GetCurrentTime, 2),
        (Hostcall::GetHeaderMapValue, 1),
        // Version and lane; this configuration hashes nobody.
        (Hostcall::ReplaceHeaderMapValue, 2),
        (Hostcall::GetHeaderMapPairs, 1),
    ];
    assert_eq!(calls, expected);

    let headers = Headers::from([(":method", "GET"), (":authority", "elsewhere"), (":path", "/gray")]);
    let mut other = proxy.worker(0).request(Request::new(headers))?;
    other.respond(Headers::from([(":status", "200")]))?;
    other.finish()?;
    assert_eq!(other.host_calls().into_iter().collect::<Vec<_>>(), [(Hostcall::GetHeaderMapPairs, 1)]);
    Ok(())
}

#[test]
fn every_answer_of_the_host_is_survived() -> Result<()> {
    const CALLS: [Hostcall; 13] = [
        Hostcall::Log,
        Hostcall::GetCurrentTime,
        Hostcall::SetTickPeriod,
        Hostcall::GetBufferBytes,
        Hostcall::GetHeaderMapValue,
        Hostcall::ReplaceHeaderMapValue,
        Hostcall::GetHeaderMapPairs,
        Hostcall::GetProperty,
        Hostcall::GetSharedData,
        Hostcall::SetSharedData,
        Hostcall::DefineMetric,
        Hostcall::IncrementMetric,
        Hostcall::RecordMetric,
    ];
    let statuses = [0, 1, 2, 10, 12, 4711, u32::MAX].map(Fault::Status);
    let garbage = [&b"\xff"[..], b"\x01\0\0\0\xff\xff\xff\xff\0\0\0\0", &[0xff; 4096], &[0; 7]];
    let faults: Vec<_> = statuses.into_iter().chain(garbage.map(|bytes| Fault::Bytes(bytes.into()))).collect();
    for call in CALLS {
        for fault in &faults {
            let proxy = start()?;
            proxy.inject(call, fault.clone(), Times::Always);
            for bytes in [&b"no configuration"[..], configuration("sidecarOutbound", 1).as_bytes()] {
                configure(&proxy, bytes)?;
                proxy.advance(A_TICK)?;
                finish(proxy.worker(0).request(gray())?)?;
            }
            proxy.advance(A_TICK)?;
            assert!(proxy.heal(call) > 0, "{call} was never called");
            // What was broken only then works again.
            configure(&proxy, configuration("sidecarOutbound", 2))?;
            assert_eq!(version(&proxy.worker(0).request(gray())?).as_deref(), Some("v2"), "{call} {fault:?}");
        }
    }
    Ok(())
}

#[test]
fn memory_stays_bounded_over_requests_and_configurations() -> Result<()> {
    let proxy = start()?;
    let play = |generations: std::ops::Range<u64>| -> Result<usize> {
        for generation in generations {
            configure(&proxy, configuration("sidecarOutbound", generation))?;
            for _ in 0..20 {
                finish(proxy.worker(0).request(gray())?)?;
            }
            proxy.advance(A_TICK)?;
        }
        Ok(proxy.worker(0).memory_bytes()?)
    };
    let settled = play(1..20)?;
    assert_eq!(play(20..200)?, settled);
    let decided = Metric::Decisions { lane: "gray", service: "cart", version: "v2", reason: Reason::Rule };
    assert_eq!(proxy.counter(&decided.stat_name()), Some(199 * 20));
    Ok(())
}

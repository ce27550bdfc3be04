//! What is counted, and what it costs.

use std::time::Duration;

use graylane_core::Reason;
use graylane_core::metric::{Bound, Metric, ResponseClass};
use graylane_tests::host::{Exchange, Headers, Hostcall};
use serde_json::json;

use crate::{A_TICK, counter, gateway, get, ok, play, send, start, to, with};

fn calls(exchange: &Exchange) -> Vec<(Hostcall, u32)> {
    exchange.host_calls().into_iter().collect()
}

/// A decision on base or `v2` of `cart` as it is counted.
fn decisions(lane: &'static str, version: &'static str, reason: Reason) -> Metric<'static> {
    Metric::Decisions { lane, service: "cart", version, reason }
}

#[test]
fn counts_reach_envoy_with_the_next_tick() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    proxy.advance(A_TICK)?;
    send(&proxy, get([("x-user", "alice")]))?;
    send(&proxy, get([]))?;
    send(&proxy, to("elsewhere", [("x-gray-lane", "gray")]))?;
    assert_eq!(counter(&proxy, decisions("gray", "v2", Reason::Rule)), 0);
    for _ in 0..2 {
        proxy.advance(A_TICK)?;
        assert_eq!(counter(&proxy, decisions("gray", "v2", Reason::Rule)), 1);
        assert_eq!(counter(&proxy, decisions("base", "v1", Reason::NoMatch)), 1);
        assert_eq!(counter(&proxy, Metric::Unconfigured), 1);
        assert_eq!(counter(&proxy, Metric::StrippedMarks), 1);
        let success = Metric::Responses { service: "cart", version: "v2", class: ResponseClass::Success };
        assert_eq!(counter(&proxy, success), 1);
    }
    Ok(())
}

#[test]
fn a_counted_request_costs_no_host_call_for_counting() -> anyhow::Result<()> {
    let proxy = start(&with(gateway(1), &json!({"phase": "sidecarOutbound"})))?;
    let marked = || get([("x-gray-lane", "gray")]);
    send(&proxy, marked())?;
    let steady = play(&proxy, marked())?;
    let expected = [
        (Hostcall::GetCurrentTime, 2),
        (Hostcall::GetHeaderMapValue, 1),
        (Hostcall::ReplaceHeaderMapValue, 1),
        (Hostcall::GetHeaderMapPairs, 1),
    ];
    assert_eq!(calls(&steady), expected, "one read and one write, the status, and the time before and after");
    Ok(())
}

#[test]
fn a_request_that_is_none_of_ours_costs_one_read() -> anyhow::Result<()> {
    let proxy = start(&with(gateway(1), &json!({"phase": "sidecarOutbound"})))?;
    assert_eq!(calls(&play(&proxy, to("elsewhere", []))?), [(Hostcall::GetHeaderMapPairs, 1)]);
    Ok(())
}

#[test]
fn a_request_without_response_is_counted_as_such() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    proxy.worker(0).request(get([]))?.finish()?;
    proxy.advance(A_TICK)?;
    assert_eq!(counter(&proxy, Metric::Responses { service: "cart", version: "v1", class: ResponseClass::None }), 1);
    Ok(())
}

#[test]
fn responses_are_counted_by_class() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    for status in ["101", "204", "302", "404", "503", "\u{ff}"] {
        let mut exchange = proxy.worker(0).request(get([]))?;
        exchange.respond(Headers::from([(":status", status)]))?;
        exchange.finish()?;
    }
    proxy.advance(A_TICK)?;
    for class in ResponseClass::ALL {
        assert_eq!(counter(&proxy, Metric::Responses { service: "cart", version: "v1", class }), 1, "{class:?}");
    }
    Ok(())
}

#[test]
fn time_is_counted_until_the_request_has_ended() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    let mut exchange = proxy.worker(0).request(get([]))?;
    proxy.advance(Duration::from_millis(3))?;
    exchange.respond(ok())?;
    proxy.advance(Duration::from_millis(40))?;
    exchange.finish()?;
    proxy.advance(A_TICK)?;
    let bucket = |bound| counter(&proxy, Metric::DurationBucket { service: "cart", version: "v1", bound });
    assert_eq!((bucket(Bound::Millis(25)), bucket(Bound::Millis(50)), bucket(Bound::Infinite)), (0, 1, 1));
    assert_eq!(counter(&proxy, Metric::DurationSum { service: "cart", version: "v1" }), 43);
    Ok(())
}

#[test]
fn a_refusal_is_counted_as_a_server_error_without_being_read_back() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    let mut exchange = proxy.worker(0).request(get([("x-user", "olga")]))?;
    exchange.finish()?;
    assert_eq!(exchange.host_calls().get(&Hostcall::GetHeaderMapValue), None);
    proxy.advance(A_TICK)?;
    assert_eq!(counter(&proxy, decisions("own", "v1", Reason::Strict)), 1);
    let refused = Metric::Responses { service: "cart", version: "v1", class: ResponseClass::ServerError };
    assert_eq!(counter(&proxy, refused), 1);
    Ok(())
}

#[test]
fn what_an_inbound_proxy_hands_on_is_not_called_unconfigured() -> anyhow::Result<()> {
    let proxy = start(&with(gateway(1), &json!({"phase": "sidecarInbound"})))?;
    send(&proxy, get([("x-gray-lane", "not a lane")]))?;
    proxy.advance(A_TICK)?;
    assert_eq!(counter(&proxy, Metric::MalformedMarks), 1);
    assert_eq!(counter(&proxy, Metric::Unconfigured), 0);
    Ok(())
}

#[test]
fn names_that_callers_make_up_make_no_metrics() -> anyhow::Result<()> {
    let proxy = start(&with(gateway(1), &json!({"phase": "sidecarOutbound"})))?;
    for index in 0..500 {
        let lane = format!("lane-{index}");
        send(&proxy, get([("x-gray-lane", lane.as_str())]))?;
        send(&proxy, to(&format!("host-{index}"), []))?;
    }
    proxy.advance(A_TICK)?;
    assert_eq!(counter(&proxy, decisions("unknown", "v1", Reason::UnknownLane)), 500);
    assert!(proxy.counters().len() < 30, "{:?}", proxy.counters());
    Ok(())
}

//! Every answer that Envoy may give to the filter's calls.
//!
//! Answers that Envoy never gives to a call are another matter: the SDK stops the machine at those.

use graylane_core::metric::{Metric, ResponseClass};
use graylane_tests::host::{Fault, Flow, Hostcall, Proxy, Times};
use serde_json::json;

use crate::{A_TICK, alices_version, counter, filter, gateway, get, offer, play, send, start, to, with};

const NOT_FOUND: Fault = Fault::Status(1);
const SERIALIZATION_FAILURE: Fault = Fault::Status(3);
const CAS_MISMATCH: Fault = Fault::Status(8);
const INTERNAL_FAILURE: Fault = Fault::Status(10);

/// Serves alice while a call fails; says how often it was made.
fn served_in_spite_of(call: Hostcall, fault: Fault) -> anyhow::Result<u32> {
    let proxy = filter()?.start()?;
    proxy.inject(call, fault, Times::Always);
    offer(&proxy, gateway(1).to_string())?;
    assert_eq!(alices_version(&proxy)?.as_deref(), Some("v2"), "{call}");
    proxy.advance(A_TICK)?;
    offer(&proxy, "refused")?;
    assert_eq!(alices_version(&proxy)?.as_deref(), Some("v2"), "{call}");
    proxy.advance(A_TICK)?;
    Ok(proxy.heal(call))
}

#[test]
fn calls_that_fail_stop_no_request() -> anyhow::Result<()> {
    for (call, fault) in [
        (Hostcall::GetProperty, NOT_FOUND),
        (Hostcall::GetProperty, SERIALIZATION_FAILURE),
        (Hostcall::GetProperty, INTERNAL_FAILURE),
        (Hostcall::GetProperty, Fault::Bytes(b"\xff\xfe".into())),
        (Hostcall::GetSharedData, NOT_FOUND),
        (Hostcall::SetSharedData, CAS_MISMATCH),
        (Hostcall::IncrementMetric, NOT_FOUND),
        (Hostcall::RecordMetric, NOT_FOUND),
        (Hostcall::GetHeaderMapValue, NOT_FOUND),
        (Hostcall::GetHeaderMapValue, Fault::Bytes(b"\xff".into())),
    ] {
        assert!(served_in_spite_of(call, fault.clone())? > 0, "{call} was not made, so {fault:?} proves nothing");
    }
    Ok(())
}

#[test]
fn a_configuration_that_is_not_handed_over_is_like_an_empty_one() -> anyhow::Result<()> {
    let proxy = filter()?.start()?;
    proxy.inject(Hostcall::GetBufferBytes, NOT_FOUND, Times::Always);
    offer(&proxy, gateway(1).to_string())?;
    assert!(proxy.heal(Hostcall::GetBufferBytes) > 0);
    assert_eq!(alices_version(&proxy)?, None);
    Ok(())
}

#[test]
fn callers_are_told_apart_without_randomness_too() -> anyhow::Result<()> {
    let proxy = filter()?.start()?;
    proxy.inject(Hostcall::RandomGet, INTERNAL_FAILURE, Times::Always);
    offer(&proxy, gateway(1).to_string())?;
    let exchange = play(&proxy, get([("x-guest", "1")]))?;
    assert_eq!(exchange.flow(), Flow::Finished);
    assert!(exchange.response_headers().get("set-cookie").is_some());
    assert!(proxy.heal(Hostcall::RandomGet) > 0);
    Ok(())
}

#[test]
fn headers_that_can_not_be_changed_are_counted_and_stop_no_request_that_follows_its_mark() -> anyhow::Result<()> {
    let proxy = start(&with(gateway(1), &json!({"phase": "sidecarOutbound"})))?;
    let marked = [("x-gray-lane", "gray")];
    for (call, host) in [(Hostcall::ReplaceHeaderMapValue, "cart.shop"), (Hostcall::RemoveHeaderMapValue, "else.where")]
    {
        proxy.inject(call, INTERNAL_FAILURE, Times::Always);
        assert_eq!(play(&proxy, to(host, marked))?.flow(), Flow::Finished);
        assert_eq!(proxy.heal(call), 1, "{call}");
    }
    proxy.advance(A_TICK)?;
    assert_eq!(counter(&proxy, Metric::HostErrors), 2);
    Ok(())
}

#[test]
fn a_response_without_status_is_counted_as_none() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    proxy.inject(Hostcall::GetHeaderMapValue, NOT_FOUND, Times::Always);
    send(&proxy, get([]))?;
    proxy.advance(A_TICK)?;
    assert!(proxy.heal(Hostcall::GetHeaderMapValue) > 0);
    assert_eq!(counter(&proxy, Metric::Responses { service: "cart", version: "v1", class: ResponseClass::None }), 1);
    Ok(())
}

#[test]
fn what_other_plugins_leave_in_shared_data_is_no_matter() -> anyhow::Result<()> {
    let other = |proxy: &Proxy| proxy.set_shared_data("graylane.refused///unknown", "\u{0}not a hash");
    let proxy = filter()?.start()?;
    other(&proxy);
    offer(&proxy, "refused")?;
    assert_eq!(counter(&proxy, Metric::ConfigRejected { phase: graylane_core::metric::PhaseLabel::Unknown }), 1);
    Ok(())
}

//! What becomes of configurations, good and bad.

use std::time::Duration;

use graylane_core::Phase;
use graylane_core::metric::{ConfigState, Metric, PhaseLabel};
use graylane_tests::host::{LogLevel, LogLine, Proxy};
use serde_json::json;

use crate::{A_TICK, GATEWAY, alices_version, counter, filter, gateway, get, offer, ok, play, send, start, with};

const UNKNOWN: PhaseLabel = PhaseLabel::Unknown;
const INBOUND: PhaseLabel = PhaseLabel::Known(Phase::SidecarInbound);
const OUTBOUND: PhaseLabel = PhaseLabel::Known(Phase::SidecarOutbound);

fn state(proxy: &Proxy, phase: PhaseLabel) -> Option<u64> {
    proxy.gauge(&Metric::State { phase }.stat_name())
}

fn generation(proxy: &Proxy, phase: PhaseLabel) -> Option<u64> {
    proxy.gauge(&Metric::Generation { phase }.stat_name())
}

fn refusals(proxy: &Proxy, phase: PhaseLabel) -> u64 {
    counter(proxy, Metric::ConfigRejected { phase })
}

fn errors(proxy: &Proxy) -> Vec<LogLine> {
    proxy.logs().into_iter().filter(|line| line.level == LogLevel::Error).collect()
}

/// A configuration of a controller that is newer than the filter.
fn of_a_newer_controller(generation: u64) -> String {
    with(gateway(generation), &json!({"novelty": true})).to_string()
}

#[test]
fn a_configuration_is_acknowledged_with_the_first_tick_and_not_by_the_canary() -> anyhow::Result<()> {
    let proxy = start(&gateway(7))?;
    assert_eq!(generation(&proxy, GATEWAY), None, "no worker has had time to take it");
    proxy.advance(Duration::from_millis(60))?;
    assert_eq!(generation(&proxy, GATEWAY), Some(7));
    assert_eq!(state(&proxy, GATEWAY), Some(ConfigState::Current as u64));
    assert!(proxy.gauge(&Metric::Digest { phase: GATEWAY }.stat_name()).is_some_and(|digest| digest < 1 << 53));
    Ok(())
}

#[test]
fn equal_meaning_shows_as_an_equal_digest() -> anyhow::Result<()> {
    let digest = |proxy: &Proxy| proxy.gauge(&Metric::Digest { phase: GATEWAY }.stat_name());
    let (first, second) = (start(&gateway(1))?, start(&gateway(2))?);
    let other = start(&with(gateway(1), &json!({"mode": "dryRun"})))?;
    for proxy in [&first, &second, &other] {
        proxy.advance(A_TICK)?;
    }
    assert!(digest(&first).is_some());
    assert_eq!(digest(&first), digest(&second));
    assert_ne!(digest(&first), digest(&other));
    Ok(())
}

#[test]
fn without_any_good_configuration_requests_pass_untouched() -> anyhow::Result<()> {
    let nesting = "[".repeat(100_000);
    let truncated = gateway(1).to_string().split_at(300).0.to_owned();
    for bad in ["", "{", "null", "[]", "7", "\u{0}", &nesting, &truncated, &of_a_newer_controller(1)] {
        let proxy = filter()?.start()?;
        offer(&proxy, bad)?;
        let request = get([("x-user", "alice"), ("x-gray-lane", "gray")]);
        assert_eq!(play(&proxy, request.clone())?.request_headers(), request, "{bad:.40}");
        proxy.advance(A_TICK)?;
        let phase = if bad.contains("novelty") { GATEWAY } else { UNKNOWN };
        assert_eq!(state(&proxy, phase), Some(ConfigState::PassThrough as u64), "{bad:.40}");
        assert_eq!(refusals(&proxy, phase), 1, "{bad:.40}");
    }
    Ok(())
}

#[test]
fn a_refused_configuration_leaves_the_last_good_one() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    for bad in [of_a_newer_controller(2), "{".to_owned()] {
        offer(&proxy, bad)?;
        assert_eq!(alices_version(&proxy)?.as_deref(), Some("v2"));
        proxy.advance(A_TICK)?;
        assert_eq!(state(&proxy, GATEWAY), Some(ConfigState::LastGood as u64));
        assert_eq!(generation(&proxy, GATEWAY), Some(1), "the generation in use");
    }
    offer(&proxy, gateway(3).to_string())?;
    proxy.advance(A_TICK)?;
    assert_eq!(state(&proxy, GATEWAY), Some(ConfigState::Current as u64));
    assert_eq!(generation(&proxy, GATEWAY), Some(3));
    Ok(())
}

#[test]
fn after_a_good_configuration_nothing_is_shown_as_unusable_any_more() -> anyhow::Result<()> {
    let proxy = filter()?.start()?;
    offer(&proxy, "{")?;
    proxy.advance(A_TICK)?;
    assert_eq!(state(&proxy, UNKNOWN), Some(ConfigState::PassThrough as u64));
    offer(&proxy, gateway(1).to_string())?;
    proxy.advance(A_TICK)?;
    assert_eq!(state(&proxy, UNKNOWN), Some(ConfigState::Current as u64));
    offer(&proxy, "{ again")?;
    assert_eq!(alices_version(&proxy)?.as_deref(), Some("v2"), "it is the last good one from now on");
    Ok(())
}

#[test]
fn a_refusal_is_told_once_whatever_the_number_of_workers() -> anyhow::Result<()> {
    let proxy = filter()?.workers(4).start()?;
    offer(&proxy, of_a_newer_controller(1))?;
    proxy.advance(A_TICK)?;
    assert_eq!(refusals(&proxy, GATEWAY), 1);
    let [line] = &errors(&proxy)[..] else { panic!("{:?}", errors(&proxy)) };
    assert!(line.text.contains("novelty") && !line.text.contains('\n'), "{}", line.text);
    Ok(())
}

#[test]
fn every_refused_configuration_is_told_and_the_same_one_again_when_it_comes_later() -> anyhow::Result<()> {
    let proxy = filter()?.workers(2).start()?;
    for (bad, told) in [(1, 1), (2, 2)] {
        offer(&proxy, of_a_newer_controller(bad))?;
        assert_eq!(refusals(&proxy, GATEWAY), told);
    }
    offer(&proxy, gateway(3).to_string())?;
    proxy.advance(Duration::from_secs(6))?;
    let another_root = proxy.another_filter();
    offer(&another_root, of_a_newer_controller(2))?;
    assert_eq!(refusals(&proxy, GATEWAY), 3);
    Ok(())
}

#[test]
fn a_thread_that_comes_late_to_each_configuration_tells_of_none_again() -> anyhow::Result<()> {
    let early = filter()?.start()?;
    let late = filter()?.beside(&early).start()?;
    let all = [of_a_newer_controller(1), gateway(2).to_string(), of_a_newer_controller(3), of_a_newer_controller(4)];
    for configuration in &all {
        offer(&early, configuration)?;
        early.advance(Duration::from_millis(60))?;
    }
    assert_eq!(refusals(&early, GATEWAY), 3);
    for configuration in &all {
        offer(&late, configuration)?;
        late.advance(Duration::from_millis(60))?;
    }
    assert_eq!(refusals(&late, GATEWAY), 3, "as many as the early one has counted");
    Ok(())
}

#[test]
fn all_problems_are_told_in_a_line_of_bounded_length() -> anyhow::Result<()> {
    let names: Vec<String> = (0..2_000).map(|index| format!("missing-{index}")).collect();
    let proxy =
        start(&with(gateway(1), &json!({"lanes": {"gray": {"fallback": names}, "own": {"fallback": ["lost"]}}})))?;
    let [line] = &errors(&proxy)[..] else { panic!("one line") };
    assert!(line.text.contains("missing-0") && line.text.contains("missing-1"), "{:.300}", line.text);
    assert!(line.text.len() < 5_000, "{} bytes", line.text.len());
    Ok(())
}

#[test]
fn a_configuration_of_five_megabytes_is_taken_or_refused_like_any_other() -> anyhow::Result<()> {
    let large = with(gateway(1), &json!({"identity": {"salt": "s".repeat(5_000_000)}})).to_string();
    let proxy = filter()?.start()?;
    offer(&proxy, &large)?;
    assert_eq!(alices_version(&proxy)?.as_deref(), Some("v2"));
    offer(&proxy, &large[..large.len() - 1])?;
    assert_eq!(refusals(&proxy, UNKNOWN), 1);
    assert_eq!(alices_version(&proxy)?.as_deref(), Some("v2"));
    Ok(())
}

#[test]
fn open_requests_stay_with_the_configuration_they_began_with() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    let mut open = proxy.worker(0).request(get([("x-user", "alice"), ("x-gray-explain", "1")]))?;
    let headers = json!({"explanation": "x-why"});
    offer(&proxy, with(gateway(2), &json!({"headers": headers, "ruleSets": []})).to_string())?;
    assert_eq!(alices_version(&proxy)?, None, "no rule any more");

    open.respond(ok())?;
    assert!(open.response_headers().get("x-gray-explanation").is_some(), "{:?}", open.response_headers());
    open.finish()?;
    proxy.advance(A_TICK)?;
    let served = Metric::DurationCount { service: "cart", version: "v2" };
    assert_eq!(counter(&proxy, served), 1);
    assert_eq!(generation(&proxy, GATEWAY), Some(2));
    Ok(())
}

#[test]
fn what_an_old_configuration_counted_is_not_lost_with_it() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    send(&proxy, get([]))?;
    assert_eq!(counter(&proxy, Metric::DurationCount { service: "cart", version: "v1" }), 0);
    offer(&proxy, gateway(2).to_string())?;
    proxy.advance(A_TICK)?;
    assert_eq!(counter(&proxy, Metric::DurationCount { service: "cart", version: "v1" }), 1);
    Ok(())
}

/// Lets what follows be of the plugin called `name`.
fn named(proxy: &Proxy, name: &str) {
    proxy.set_property(["plugin_name"], name);
}

#[test]
fn two_filters_of_one_machine_keep_their_own_last_good_configuration() -> anyhow::Result<()> {
    let inbound = filter()?.start()?;
    let outbound = inbound.another_filter();
    let sidecar = |phase: &str, generation: u64| with(gateway(generation), &json!({"phase": phase}));
    named(&inbound, "inbound");
    offer(&inbound, sidecar("sidecarInbound", 1).to_string())?;
    named(&outbound, "outbound");
    offer(&outbound, sidecar("sidecarOutbound", 11).to_string())?;
    for bad in [with(sidecar("sidecarOutbound", 12), &json!({"novelty": 1})).to_string(), "{".to_owned()] {
        offer(&outbound, bad)?;
        outbound.advance(A_TICK)?;
        assert_eq!((generation(&inbound, INBOUND), generation(&inbound, OUTBOUND)), (Some(1), Some(11)));
        assert_eq!(state(&inbound, INBOUND), Some(ConfigState::Current as u64));
        assert_eq!(state(&inbound, OUTBOUND), Some(ConfigState::LastGood as u64));
        let marked = || get([("x-gray-lane", "gray")]);
        named(&outbound, "outbound");
        assert_eq!(play(&outbound, marked())?.request_headers().get("x-gray-version").as_deref(), Some("v2"));
        named(&inbound, "inbound");
        let arrived = play(&inbound, marked())?.request_headers();
        assert_eq!(arrived.get("x-gray-version"), None, "in front of an app nothing is routed");
        named(&outbound, "outbound");
    }
    Ok(())
}

#[test]
fn filters_that_share_their_bytes_share_their_memory() -> anyhow::Result<()> {
    let services: serde_json::Map<String, serde_json::Value> = (0..2_000)
        .map(|index| (format!("s{index}"), json!({"hosts": [format!("s{index}.shop")], "base": "v1"})))
        .collect();
    let large = with(gateway(1), &json!({"services": services})).to_string();
    let proxy = filter()?.start()?;
    offer(&proxy, &large)?;
    let before = proxy.worker(0).memory_bytes()?;
    for _ in 0..10 {
        offer(&proxy.another_filter(), &large)?;
    }
    assert_eq!(proxy.worker(0).memory_bytes()?, before);
    Ok(())
}

#[test]
fn configurations_that_come_and_go_leave_no_memory_behind() -> anyhow::Result<()> {
    let proxy = start(&gateway(1))?;
    for generation in 2..20 {
        offer(&proxy, gateway(generation).to_string())?;
        send(&proxy, get([("x-user", "alice")]))?;
    }
    let before = proxy.worker(0).memory_bytes()?;
    for generation in 20..200 {
        offer(&proxy, gateway(generation).to_string())?;
        send(&proxy, get([("x-user", "alice")]))?;
    }
    assert_eq!(proxy.worker(0).memory_bytes()?, before);
    Ok(())
}

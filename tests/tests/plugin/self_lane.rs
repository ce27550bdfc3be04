//! The lane of the pod, by its label.

use graylane_core::metric::Metric;
use graylane_tests::host::{Hostcall, LogLevel, Proxy};
use serde_json::{Value, json};

use crate::{counter, filter, gateway, get, offer, with};

const LABEL: [&str; 5] = ["xds", "node", "metadata", "LABELS", "graylane.io/lane"];
const WORKERS: usize = 3;

fn outbound(generation: u64) -> Value {
    with(gateway(generation), &json!({"phase": "sidecarOutbound"}))
}

fn start(label: &str) -> anyhow::Result<Proxy> {
    Ok(filter()?.workers(WORKERS).property(LABEL, label).start()?)
}

/// What the log says of the label.
fn told(proxy: &Proxy) -> Vec<String> {
    let warnings = proxy.logs().into_iter().filter(|line| line.level == LogLevel::Warn);
    warnings.map(|line| line.text).collect()
}

#[test]
fn a_label_that_is_no_lane_is_told_and_counted_once_for_all_workers_and_configurations() -> anyhow::Result<()> {
    for (label, why) in [("grey", "\"grey\""), ("Grey!", "\"Grey!\""), ("\u{7f}\n", "??")] {
        let proxy = start(label)?;
        for generation in 1..4 {
            offer(&proxy, outbound(generation).to_string())?;
        }
        assert_eq!(counter(&proxy, Metric::SelfLaneIgnored), 1, "{label:?}");
        let told = told(&proxy);
        assert!(matches!(told.as_slice(), [line] if line.contains("graylane.io/lane")), "{told:?}");
        assert!(why == "??" || told.iter().all(|line| line.contains(why)), "{told:?}");
    }
    Ok(())
}

#[test]
fn a_lane_that_comes_later_counts_and_one_that_goes_is_told_again() -> anyhow::Result<()> {
    let proxy = start("blue")?;
    let blue = json!({"lanes": {"gray": {}, "own": {}, "blue": {}}});
    let configurations = [outbound(1), with(outbound(2), &blue), outbound(3)];
    let mut lanes = Vec::new();
    for configuration in configurations {
        offer(&proxy, configuration.to_string())?;
        let mut exchange = proxy.worker(WORKERS - 1).request(get([]))?;
        exchange.finish()?;
        lanes.push(exchange.request_headers().get("x-gray-lane").map(Into::into));
    }
    assert_eq!(lanes, ["base", "blue", "base"].map(|lane| Some(lane.to_owned())));
    assert_eq!((counter(&proxy, Metric::SelfLaneIgnored), told(&proxy).len()), (2, 2));
    Ok(())
}

#[test]
fn the_label_is_asked_for_once_for_each_configuration_and_never_for_a_request() -> anyhow::Result<()> {
    let proxy = start("gray")?;
    offer(&proxy, outbound(1).to_string())?;
    let mut exchange = proxy.worker(0).request(get([]))?;
    exchange.finish()?;
    assert_eq!(exchange.request_headers().get("x-gray-version").as_deref(), Some("v2"));
    assert_eq!(exchange.host_calls().get(&Hostcall::GetProperty).copied().unwrap_or_default(), 0);
    Ok(())
}

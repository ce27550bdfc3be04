//! Whether Envoy sent requests where the filter decided: looked up for a sample.

use graylane_core::metric::Metric;
use graylane_tests::host::{Headers, Hostcall, Proxy};
use serde_json::json;

use crate::{A_TICK, counter, filter, gateway, get, offer, play, send, with};

const CHECKS: Metric<'_> = Metric::SteeringChecks { service: "cart", version: "v2" };
const MISMATCHES: Metric<'_> = Metric::SteeringMismatches { service: "cart", version: "v2" };

fn routed_to(cluster: &'static str) -> anyhow::Result<Proxy> {
    let proxy = filter()?.router(move |_: &Headers| Some(cluster.to_owned())).start()?;
    offer(&proxy, gateway(1).to_string())?;
    Ok(proxy)
}

fn send_many(proxy: &Proxy, requests: usize) -> anyhow::Result<()> {
    for _ in 0..requests {
        send(proxy, get([("x-user", "alice")]))?;
    }
    proxy.advance(A_TICK)?;
    Ok(())
}

#[test]
fn the_first_response_after_each_change_is_checked_and_then_every_64th() -> anyhow::Result<()> {
    let proxy = routed_to("outbound|80|v2|cart.shop")?;
    send_many(&proxy, 1)?;
    assert_eq!(counter(&proxy, CHECKS), 1);
    send_many(&proxy, 62)?;
    assert_eq!(counter(&proxy, CHECKS), 1);
    send_many(&proxy, 1)?;
    assert_eq!(counter(&proxy, CHECKS), 2);
    offer(&proxy, gateway(2).to_string())?;
    send_many(&proxy, 1)?;
    assert_eq!(counter(&proxy, CHECKS), 3);
    assert_eq!(counter(&proxy, MISMATCHES), 0);
    Ok(())
}

#[test]
fn another_version_than_decided_is_a_mismatch() -> anyhow::Result<()> {
    for cluster in ["outbound|80|v1|cart.shop", "outbound|80||cart.shop"] {
        let proxy = routed_to(cluster)?;
        send_many(&proxy, 1)?;
        assert_eq!((counter(&proxy, CHECKS), counter(&proxy, MISMATCHES)), (1, 1), "{cluster}");
    }
    Ok(())
}

#[test]
fn clusters_that_name_no_version_are_not_judged_and_not_asked_for_again() -> anyhow::Result<()> {
    let proxy = routed_to("cart")?;
    send_many(&proxy, 1)?;
    assert_eq!((counter(&proxy, CHECKS), counter(&proxy, MISMATCHES)), (0, 0));
    let second = play(&proxy, get([("x-user", "alice")]))?;
    assert_eq!(second.host_calls().get(&Hostcall::GetProperty), None);
    Ok(())
}

#[test]
fn a_dry_run_steers_nothing_so_nothing_is_checked() -> anyhow::Result<()> {
    let proxy = filter()?.router(|_: &Headers| Some("outbound|80|v1|cart.shop".to_owned())).start()?;
    offer(&proxy, with(gateway(1), &json!({"mode": "dryRun"})).to_string())?;
    send_many(&proxy, 100)?;
    assert_eq!((counter(&proxy, CHECKS), counter(&proxy, MISMATCHES)), (0, 0));
    Ok(())
}

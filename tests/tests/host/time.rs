//! Virtual time and ticks.

use std::time::Duration;

use graylane_tests::host::{Module, Proxy, Verdict, VmName};

use crate::guest::Guest;
use crate::{get, said};

/// Ticks every second from its configuration on; says how far the second hand has moved since the start.
fn ticking() -> anyhow::Result<Module> {
    let tell_time = "(drop (call $now (i32.const 48)))
        (call $report (i32.wrap_i64 (i64.rem_u (i64.div_u (i64.load (i32.const 48)) (i64.const 1000000000)) (i64.const 60))))";
    Guest::new()
        .on("proxy_on_configure", "(drop (call $tick_every (i32.const 1000)))")
        .on("proxy_on_tick", tell_time)
        .on("proxy_on_request_headers", "(drop (call $tick_every (i32.const 0)))")
        .on("proxy_on_response_headers", "(drop (call $tick_every (i32.const 5000)))")
        .build()
}

#[test]
fn time_stands_still_until_the_test_moves_it() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&ticking()?).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    let start = proxy.now();
    assert_eq!(said(&proxy), [""; 0]);
    proxy.advance(Duration::from_millis(2500))?;
    assert_eq!(said(&proxy), ["01", "02"]);
    assert_eq!(proxy.now(), start + Duration::from_millis(2500));
    proxy.advance(Duration::from_millis(500))?;
    assert_eq!(said(&proxy), ["01", "02", "03"]);
    Ok(())
}

#[test]
fn every_worker_has_its_own_timer_but_the_canary_is_gone() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&ticking()?).workers(3).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    proxy.advance(Duration::from_secs(1))?;
    let vms: Vec<VmName> = proxy.logs().iter().map(|line| line.vm).collect();
    assert_eq!(vms, [0, 1, 2].map(VmName::Worker));
    Ok(())
}

#[test]
fn a_period_of_zero_stops_the_timer() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&ticking()?).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    let _open = proxy.worker(0).request(get("/"))?;
    proxy.advance(Duration::from_secs(10))?;
    assert_eq!(said(&proxy), [""; 0]);
    Ok(())
}

#[test]
fn a_new_period_applies_after_the_tick_that_is_due() -> anyhow::Result<()> {
    let module = Guest::new()
        .on("proxy_on_configure", "(drop (call $tick_every (i32.const 1000)))")
        .on("proxy_on_request_headers", "(drop (call $tick_every (i32.const 5000)))")
        .on(
            "proxy_on_tick",
            "(global.set $calls (i32.add (global.get $calls) (i32.const 1))) (call $report (global.get $calls))",
        )
        .build()?;
    let proxy = Proxy::builder(&module).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    let _open = proxy.worker(0).request(get("/"))?;
    proxy.advance(Duration::from_secs(1))?;
    assert_eq!(said(&proxy), ["01"]);
    proxy.advance(Duration::from_millis(4999))?;
    assert_eq!(said(&proxy), ["01"]);
    proxy.advance(Duration::from_millis(1))?;
    assert_eq!(said(&proxy), ["01", "02"]);
    Ok(())
}

#[test]
fn the_timer_of_a_replaced_root_ends_with_it() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&ticking()?).start()?;
    assert_eq!(proxy.configure("one")?, Verdict::Accepted);
    assert_eq!(proxy.configure("two")?, Verdict::Accepted);
    proxy.advance(Duration::from_secs(1))?;
    assert_eq!(said(&proxy), ["01"]);
    Ok(())
}

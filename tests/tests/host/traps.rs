//! Guests that die.

use std::time::Duration;

use graylane_tests::host::{HostError, Proxy, Trap, Verdict, VmName};

use crate::guest::Guest;
use crate::{get, ok, said};

/// Counts its requests aloud, and panics when asked to.
fn fragile() -> anyhow::Result<Proxy> {
    let mut guest = Guest::new();
    let last_words = guest.text("last words");
    let body = format!(
        "(global.set $calls (i32.add (global.get $calls) (i32.const 1))) (call $report (global.get $calls))
         (if (i32.eq (local.get $1) (i32.const 1)) (then (call $say {last_words}) (unreachable)))
         (if (i32.eq (local.get $1) (i32.const 2)) (then (loop $ever (br $ever))))
         (if (i32.eq (local.get $1) (i32.const 4)) (then (drop (memory.grow (i32.const 2)))))"
    );
    let panic = "(if (i32.eq (local.get $1) (i32.const 5)) (then (unreachable)))";
    let module = guest.on("proxy_on_request_headers", body).on("proxy_on_configure", panic).build()?;
    let proxy = Proxy::builder(&module).workers(2).fuel_per_callback(1_000_000).start()?;
    assert_eq!(proxy.configure("good")?, Verdict::Accepted);
    Ok(proxy)
}

/// Headers of so many lines, which is how these tests talk to the guest.
fn lines(count: usize) -> graylane_tests::host::Headers {
    (0..count).map(|index| (format!("h{index}"), "")).collect()
}

#[test]
fn a_trap_kills_its_vm_but_no_other_until_it_is_reloaded() -> anyhow::Result<()> {
    let proxy = fragile()?;
    let mut open = proxy.worker(0).request(get("/"))?;
    let error = proxy.worker(0).request(lines(1)).unwrap_err();
    let HostError::Trapped { vm, callback, trap, last_log } = error else { panic!("{error}") };
    assert_eq!((vm, callback, trap), (VmName::Worker(0), "proxy_on_request_headers", Trap::Unreachable));
    assert_eq!(last_log.as_deref(), Some("last words"));

    assert!(proxy.worker(0).is_dead()?);
    assert!(matches!(proxy.worker(0).request(get("/")), Err(HostError::Dead(VmName::Worker(0)))));
    assert!(matches!(open.respond(ok()), Err(HostError::Dead(_))), "open streams of the VM are hit too");
    open.finish()?;
    proxy.worker(1).request(get("/"))?.finish()?;

    proxy.worker(0).reload()?;
    assert!(!proxy.worker(0).is_dead()?);
    proxy.worker(0).request(get("/"))?.finish()?;
    assert_eq!(said(&proxy), ["01", "02", "last words", "01", "01"], "the fresh VM counts from the start");
    Ok(())
}

#[test]
fn a_canary_that_traps_refuses_the_configuration_for_all() -> anyhow::Result<()> {
    let proxy = fragile()?;
    assert_eq!(proxy.configure("panic")?, Verdict::Trapped(Trap::Unreachable));
    assert!(!proxy.worker(0).is_dead()?);
    proxy.worker(0).request(get("/"))?.finish()?;
    Ok(())
}

#[test]
fn an_endless_loop_runs_out_of_fuel() -> anyhow::Result<()> {
    let proxy = fragile()?;
    let error = proxy.worker(0).request(lines(2)).unwrap_err();
    assert!(matches!(error, HostError::Trapped { trap: Trap::OutOfFuel, .. }), "{error}");
    Ok(())
}

#[test]
fn the_memory_of_the_guest_is_measured() -> anyhow::Result<()> {
    let proxy = fragile()?;
    assert_eq!(proxy.worker(0).memory_bytes()?, 65_536);
    proxy.worker(0).request(lines(4))?.finish()?;
    assert_eq!((proxy.worker(0).memory_bytes()?, proxy.worker(1).memory_bytes()?), (3 * 65_536, 65_536));
    Ok(())
}

#[test]
fn dead_workers_neither_tick_nor_take_configurations() -> anyhow::Result<()> {
    let tick = "(drop (call $tick_every (i32.const 1000)))";
    let module = Guest::new()
        .on("proxy_on_configure", tick)
        .on("proxy_on_tick", "(call $report (i32.const 7))")
        .on("proxy_on_request_headers", "(unreachable)")
        .build()?;
    let proxy = Proxy::builder(&module).workers(2).start()?;
    assert_eq!(proxy.configure("one")?, Verdict::Accepted);
    proxy.worker(0).request(get("/")).unwrap_err();
    assert_eq!(proxy.configure("two")?, Verdict::Accepted);
    proxy.advance(Duration::from_secs(1))?;
    assert_eq!(said(&proxy), ["07"], "only worker 1 ticks");
    Ok(())
}

//! Host calls that misbehave on purpose.

use graylane_tests::host::{Fault, Hostcall, Proxy, Times, Verdict};

use crate::guest::{Guest, REQUEST};
use crate::{get, said};

/// Shows the path of each request.
fn proxy() -> anyhow::Result<Proxy> {
    let mut guest = Guest::new();
    let path = guest.text(":path");
    let module = guest.on("proxy_on_request_headers", format!("(call $show_header {REQUEST} {path})")).build()?;
    let proxy = Proxy::builder(&module).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    Ok(proxy)
}

#[test]
fn a_call_answers_any_status_as_often_as_told() -> anyhow::Result<()> {
    let proxy = proxy()?;
    proxy.inject(Hostcall::GetHeaderMapValue, Fault::Status(99), Times::Next(2));
    for _ in 0..3 {
        proxy.worker(0).request(get("/x"))?.finish()?;
    }
    assert_eq!(said(&proxy), ["99", "99", "00", "/x"]);
    assert_eq!(proxy.heal(Hostcall::GetHeaderMapValue), 2);
    Ok(())
}

#[test]
fn a_fault_for_ever_lasts_until_it_is_healed() -> anyhow::Result<()> {
    let proxy = proxy()?;
    proxy.inject(Hostcall::GetHeaderMapValue, Fault::Status(10), Times::Always);
    proxy.worker(0).request(get("/x"))?.finish()?;
    assert_eq!(proxy.heal(Hostcall::GetHeaderMapValue), 1);
    assert_eq!(proxy.heal(Hostcall::GetHeaderMapValue), 0);
    proxy.worker(0).request(get("/x"))?.finish()?;
    assert_eq!(said(&proxy), ["10", "00", "/x"]);
    Ok(())
}

#[test]
fn a_call_hands_over_garbage() -> anyhow::Result<()> {
    let proxy = proxy()?;
    proxy.inject(Hostcall::GetHeaderMapValue, Fault::Bytes(b"garbage".into()), Times::Always);
    proxy.worker(0).request(get("/x"))?.finish()?;
    assert_eq!(said(&proxy), ["00", "garbage"]);
    Ok(())
}

#[test]
fn calls_are_counted_for_the_request_that_made_them() -> anyhow::Result<()> {
    let proxy = proxy()?;
    let first = proxy.worker(0).request(get("/x"))?;
    let second = proxy.worker(0).request(get("/y"))?;
    for exchange in [&first, &second] {
        let calls = exchange.host_calls().into_iter().collect::<Vec<_>>();
        assert_eq!(calls, [(Hostcall::Log, 2), (Hostcall::GetHeaderMapValue, 1)]);
    }
    assert_eq!(first.fuel(), second.fuel(), "the same work costs the same");
    assert!(first.fuel() > 0);
    Ok(())
}

//! Configurations: who sees them, who may refuse them.

use graylane_tests::host::{HostError, Module, Proxy, Verdict};

use crate::guest::Guest;
use crate::{get, said};

#[test]
fn statics_of_the_guest_survive_a_configuration_change() -> anyhow::Result<()> {
    let count = "(global.set $calls (i32.add (global.get $calls) (i32.const 1))) (call $report (global.get $calls))";
    let proxy = Proxy::builder(&Guest::new().on("proxy_on_request_headers", count).build()?).start()?;
    assert_eq!(proxy.configure("one")?, Verdict::Accepted);
    proxy.worker(0).request(get("/"))?.finish()?;
    assert_eq!(proxy.configure("two")?, Verdict::Accepted);
    proxy.worker(0).request(get("/"))?.finish()?;
    assert_eq!(said(&proxy), ["01", "02"]);
    Ok(())
}

#[test]
fn configurations_can_be_read_where_envoy_hands_them_out() -> anyhow::Result<()> {
    let (vm, plugin) = ("(call $show_buffer (i32.const 6))", "(call $show_buffer (i32.const 7))");
    let module = Guest::new()
        .on("proxy_on_context_create", plugin)
        .on("proxy_on_vm_start", format!("{vm} {plugin} (call $report (local.get $1))"))
        .on("proxy_on_configure", format!("{plugin} (call $report (local.get $1))"))
        .on("proxy_on_request_headers", plugin)
        .build()?;
    let proxy = Proxy::builder(&module).vm_configuration("of the vm").start()?;
    assert_eq!(proxy.configure("of the plugin")?, Verdict::Accepted);
    let lines = ["00", "of the plugin", "00", "of the vm", "01", "09", "00", "of the plugin", "13"];
    assert_eq!(said(&proxy), [lines, lines].concat());
    let _open = proxy.worker(0).request(get("/"))?;
    let stream = ["01", "01"];
    assert_eq!(said(&proxy)[18..], stream, "neither when a stream is made nor later");
    Ok(())
}

/// Refuses the configuration "bad" and, in VMs that have seen one request, every configuration.
fn picky() -> anyhow::Result<Module> {
    let refuse_bad = "(return (i32.and (i32.ne (local.get $1) (i32.const 3)) (i32.eqz (global.get $calls))))";
    let mut guest = Guest::new();
    let (name, value) = (guest.text("x-seen"), guest.text("yes"));
    let write = format!("(drop (call $replace_header (i32.const 0) {name} {value}))");
    guest
        .on("proxy_on_configure", refuse_bad)
        .on("proxy_on_request_headers", write)
        .on("proxy_on_log", "(global.set $calls (i32.const 1))")
        .build()
}

#[test]
fn a_refused_configuration_leaves_the_old_one() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&picky()?).workers(2).start()?;
    assert_eq!(proxy.configure("good")?, Verdict::Accepted);
    assert_eq!(proxy.configure("bad")?, Verdict::Refused);
    assert_eq!(proxy.configure("bad")?, Verdict::Refused, "Envoy remembers");
    for worker in [0, 1] {
        let exchange = proxy.worker(worker).request(get("/"))?;
        assert_eq!(exchange.request_headers().get("x-seen").as_deref(), Some("yes"));
    }
    Ok(())
}

#[test]
fn without_an_accepted_configuration_there_is_nothing_to_send_requests_to() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&picky()?).start()?;
    assert!(matches!(proxy.worker(0).request(get("/")), Err(HostError::NotConfigured(_))));
    assert_eq!(proxy.configure("bad")?, Verdict::Refused);
    assert!(matches!(proxy.worker(0).request(get("/")), Err(HostError::NotConfigured(_))));
    assert!(matches!(proxy.worker(7).request(get("/")), Err(HostError::UnknownWorker(7))));
    Ok(())
}

#[test]
fn a_worker_that_refuses_what_the_canary_accepted_is_an_error() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&picky()?).start()?;
    assert_eq!(proxy.configure("good")?, Verdict::Accepted);
    proxy.worker(0).request(get("/"))?.finish()?;
    assert!(matches!(proxy.configure("better"), Err(HostError::WorkerRefused(_))));
    Ok(())
}

#[test]
fn two_filters_have_their_own_configuration_in_the_same_vm() -> anyhow::Result<()> {
    let count = "(global.set $calls (i32.add (global.get $calls) (i32.const 1))) (call $report (global.get $calls))";
    let module = Guest::new().on("proxy_on_request_headers", count).build()?;
    let inbound = Proxy::builder(&module).start()?;
    let outbound = inbound.another_filter();
    assert_eq!(inbound.configure("in")?, Verdict::Accepted);
    assert!(matches!(outbound.worker(0).request(get("/")), Err(HostError::NotConfigured(_))));
    assert_eq!(outbound.configure("out")?, Verdict::Accepted);
    inbound.worker(0).request(get("/"))?.finish()?;
    outbound.worker(0).request(get("/"))?.finish()?;
    assert_eq!(said(&inbound), ["01", "02"]);
    Ok(())
}

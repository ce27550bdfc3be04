//! VM, root contexts and streams.

use graylane_tests::host::{Flow, HostError, Hostcall, Module, Proxy, Request, Verdict};

use crate::guest::Guest;
use crate::{get, ok, said};

/// Says its own name and the context's number in every callback.
fn chatty() -> anyhow::Result<Module> {
    let mut guest = Guest::new();
    for callback in [
        "proxy_on_context_create",
        "proxy_on_vm_start",
        "proxy_on_configure",
        "proxy_on_request_headers",
        "proxy_on_request_body",
        "proxy_on_response_headers",
        "proxy_on_response_body",
        "proxy_on_log",
        "proxy_on_done",
        "proxy_on_delete",
    ] {
        let name = guest.text(callback.trim_start_matches("proxy_on_"));
        guest = guest.on(callback, format!("(call $say {name}) (call $report (local.get $0))"));
    }
    guest.build()
}

/// `name context` for each callback, in order.
fn callbacks(proxy: &Proxy) -> Vec<String> {
    let said = said(proxy);
    let (pairs, _) = said.as_chunks();
    pairs.iter().map(|[name, context]| format!("{name} {}", context.trim_start_matches('0'))).collect()
}

/// What was said since the last time.
struct Since(usize);

impl Since {
    fn news(&mut self, proxy: &Proxy) -> Vec<String> {
        let all = callbacks(proxy);
        let seen = std::mem::replace(&mut self.0, all.len());
        all.into_iter().skip(seen).collect()
    }
}

#[test]
fn missing_exports_are_skipped_and_mean_go_on() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&Guest::new().build()?).start()?;
    assert_eq!(proxy.configure("anything")?, Verdict::Accepted);
    let mut exchange = proxy.worker(0).request(Request::new(get("/")).body("hello"))?;
    assert_eq!(exchange.flow(), Flow::Forwarded);
    exchange.respond(ok().body("world"))?;
    assert_eq!(exchange.flow(), Flow::Answered);
    exchange.finish()?;
    assert_eq!((exchange.flow(), exchange.request_headers()), (Flow::Finished, get("/")));
    Ok(())
}

#[test]
fn a_module_without_allocator_or_abi_version_is_refused() {
    let no_allocator = Module::load(br#"(module (func (export "proxy_abi_version_0_2_1")))"#).unwrap_err();
    assert!(matches!(no_allocator, HostError::MissingExport("malloc")), "{no_allocator}");
    let no_version = Module::load(br#"(module (func (export "malloc")))"#).unwrap_err();
    assert!(matches!(no_version, HostError::MissingExport("proxy_abi_version_0_2_1")), "{no_version}");
}

#[test]
fn the_allocator_of_the_rust_sdk_for_wasi_is_found_too() -> anyhow::Result<()> {
    let text = r#"(module
        (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 2048))
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (drop (call $buffer (i32.const 7) (i32.const 0) (local.get 1) (i32.const 0) (i32.const 4)))
            (i32.eqz (call $log (i32.const 2) (i32.load (i32.const 0)) (i32.load (i32.const 4))))))"#;
    let proxy = Proxy::builder(&Module::load(text.as_bytes())?).start()?;
    assert_eq!(proxy.configure("shop")?, Verdict::Accepted);
    assert_eq!(said(&proxy), ["shop", "shop"]);
    Ok(())
}

#[test]
fn imports_that_envoy_lacks_are_refused_and_those_the_host_lacks_answer_unimplemented() -> anyhow::Result<()> {
    let importing = |import: &str| {
        let text = format!(
            r#"(module {import} (memory (export "memory") 1)
                (func (export "proxy_abi_version_0_2_1"))
                (func (export "malloc") (param i32) (result i32) (i32.const 0))
                (func (export "proxy_on_configure") (param i32 i32) (result i32)
                    (i32.eq (i32.const 12) (call $import (i32.const 0)))))"#
        );
        anyhow::Ok(Proxy::builder(&Module::load(text.as_bytes())?).start()?)
    };
    let unknown = importing(r#"(import "env" "proxy_telepathy" (func $import (param i32) (result i32)))"#).unwrap_err();
    assert!(unknown.to_string().contains("proxy_telepathy"), "{unknown}");
    let unmodelled = importing(r#"(import "env" "proxy_grpc_cancel" (func $import (param i32) (result i32)))"#)?;
    assert_eq!(unmodelled.configure("")?, Verdict::Accepted);
    Ok(())
}

#[test]
fn while_the_vm_is_initialised_only_logging_is_allowed() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let hello = guest.text("hello");
    let proxy = Proxy::builder(&guest.on("_initialize", format!("(call $say {hello})")).build()?).start()?;
    assert_eq!(said(&proxy), ["hello"]);

    let forbidden = Guest::new().on("_initialize", "(drop (call $tick_every (i32.const 1)))").build()?;
    let error = Proxy::builder(&forbidden).start().unwrap_err();
    assert!(error.to_string().contains(Hostcall::SetTickPeriod.name()), "{error}");
    Ok(())
}

#[test]
fn a_stream_sees_its_callbacks_in_the_order_of_envoy() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&chatty()?).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    let mut since = Since(callbacks(&proxy).len());
    let mut exchange = proxy.worker(0).request(Request::new(get("/")).body("hello"))?;
    exchange.respond(ok().body("world"))?;
    exchange.finish()?;
    assert_eq!(
        since.news(&proxy),
        [
            "context_create 2",
            "request_headers 2",
            "request_body 2",
            "response_headers 2",
            "response_body 2",
            "log 2",
            "done 2",
            "delete 2"
        ]
    );
    Ok(())
}

#[test]
fn an_exchange_may_end_without_a_response_but_only_once() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&chatty()?).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    let mut exchange = proxy.worker(0).request(get("/"))?;
    exchange.finish()?;
    assert!(matches!(exchange.finish(), Err(HostError::OutOfOrder("finish"))));
    assert!(matches!(exchange.respond(ok()), Err(HostError::OutOfOrder("respond"))));
    assert!(!callbacks(&proxy).contains(&"response_headers 2".to_owned()));
    Ok(())
}

#[test]
fn a_canary_is_started_afresh_for_every_new_configuration() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&chatty()?).start()?;
    assert_eq!(proxy.configure("one")?, Verdict::Accepted);
    assert_eq!(proxy.configure("two")?, Verdict::Accepted);
    let of_worker: Vec<_> = ["context_create 1", "vm_start 1", "configure 1"].into();
    assert_eq!(callbacks(&proxy)[..6], [of_worker.clone(), of_worker.clone()].concat());
    // The canary begins at context 1 again; the worker goes on with 2, then lets go of the idle root 1.
    let second = [of_worker, ["context_create 2", "vm_start 2", "configure 2", "done 1", "delete 1"].into()].concat();
    assert_eq!(callbacks(&proxy)[6..], second);
    Ok(())
}

#[test]
fn the_same_configuration_again_changes_nothing() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&chatty()?).start()?;
    assert_eq!(proxy.configure("one")?, Verdict::Accepted);
    let mut since = Since(callbacks(&proxy).len());
    assert_eq!(proxy.configure("one")?, Verdict::Accepted);
    assert_eq!(since.news(&proxy), [""; 0]);
    Ok(())
}

#[test]
fn an_old_root_is_done_when_its_last_stream_ends() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&chatty()?).start()?;
    assert_eq!(proxy.configure("one")?, Verdict::Accepted);
    let mut first = proxy.worker(0).request(get("/first"))?;
    let mut second = proxy.worker(0).request(get("/second"))?;
    assert_eq!(proxy.configure("two")?, Verdict::Accepted);
    let mut third = proxy.worker(0).request(get("/third"))?;
    let mut since = Since(callbacks(&proxy).len());

    second.finish()?;
    third.finish()?;
    assert_eq!(since.news(&proxy), ["log 3", "done 3", "delete 3", "log 5", "done 5", "delete 5"]);
    first.respond(ok())?;
    first.finish()?;
    assert_eq!(
        since.news(&proxy),
        ["response_headers 2", "log 2", "done 2", "delete 2", "done 1", "delete 1"],
        "the stream of the old root still works, then takes the root along"
    );
    Ok(())
}

#[test]
fn a_configuration_that_comes_back_while_its_root_lives_gets_that_root() -> anyhow::Result<()> {
    let proxy = Proxy::builder(&chatty()?).start()?;
    assert_eq!(proxy.configure("one")?, Verdict::Accepted);
    let mut open = proxy.worker(0).request(get("/"))?;
    assert_eq!(proxy.configure("two")?, Verdict::Accepted);
    let mut since = Since(callbacks(&proxy).len());
    assert_eq!(proxy.configure("one")?, Verdict::Accepted);
    assert_eq!(since.news(&proxy), ["done 3", "delete 3"]);
    open.finish()?;
    assert_eq!(since.news(&proxy), ["log 2", "done 2", "delete 2"]);
    Ok(())
}

#[test]
fn a_root_that_needs_time_is_deleted_after_it_says_done() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let deleted = guest.text("deleted");
    let module = guest
        .on("proxy_on_done", "(drop (call $tick_every (i32.const 1000))) (return (i32.const 0))")
        .on("proxy_on_tick", "(drop (call $done))")
        .on("proxy_on_delete", format!("(call $say {deleted})"))
        .build()?;
    let proxy = Proxy::builder(&module).start()?;
    assert_eq!(proxy.configure("one")?, Verdict::Accepted);
    assert_eq!(proxy.configure("two")?, Verdict::Accepted);
    assert_eq!(said(&proxy), [""; 0]);
    proxy.advance(std::time::Duration::from_secs(5))?;
    assert_eq!(said(&proxy), ["deleted"]);
    Ok(())
}

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

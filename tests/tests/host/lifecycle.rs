//! The order of callbacks over the life of root contexts and streams.

use std::time::Duration;

use graylane_tests::host::{HostError, Module, Proxy, Request, Verdict};

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
    proxy.advance(Duration::from_secs(5))?;
    assert_eq!(said(&proxy), ["deleted"]);
    Ok(())
}

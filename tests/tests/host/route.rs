//! The route cache, properties, foreign functions.

use std::cell::Cell;
use std::rc::Rc;

use graylane_tests::host::{ForeignCall, Headers, Module, Proxy, Request, Verdict};

use crate::guest::{Guest, REQUEST};
use crate::{get, ok, said};

/// Routes by `x-version`, as the routes of the controller do; counts how often it is asked.
fn start(module: &Module) -> anyhow::Result<(Proxy, Rc<Cell<u32>>)> {
    let asked = Rc::new(Cell::new(0));
    let counter = Rc::clone(&asked);
    let router = move |headers: &Headers| {
        counter.set(counter.get() + 1);
        let version = headers.get("x-version").unwrap_or_default();
        (headers.get(":path").as_deref() != Some("/none")).then(|| format!("outbound|80|{version}|shop"))
    };
    let proxy = Proxy::builder(module).router(router).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    Ok((proxy, asked))
}

#[test]
fn writing_a_header_drops_the_route_which_is_found_again_after_the_filter() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (name, value, cluster) = (guest.text("x-version"), guest.text("v2"), guest.text("xds\0cluster_name"));
    let steer = format!("(drop (call $replace_header {REQUEST} {name} {value})) (call $show_property {cluster})");
    let show = format!("(call $show_property {cluster})");
    let module = guest.on("proxy_on_request_headers", steer).on("proxy_on_response_headers", show).build()?;
    let (proxy, asked) = start(&module)?;
    let mut exchange = proxy.worker(0).request(get("/"))?;
    assert_eq!(exchange.cluster().as_deref(), Some("outbound|80|v2|shop"));
    assert_eq!(asked.get(), 2);
    exchange.respond(ok())?;
    assert_eq!(said(&proxy), ["00", "outbound|80||shop", "00", "outbound|80|v2|shop"]);
    Ok(())
}

#[test]
fn who_writes_nothing_keeps_the_route() -> anyhow::Result<()> {
    let (proxy, asked) = start(&Guest::new().build()?)?;
    let exchange = proxy.worker(0).request(get("/"))?;
    assert_eq!((exchange.cluster().as_deref(), asked.get()), (Some("outbound|80||shop"), 1));
    Ok(())
}

#[test]
fn no_route_is_no_cluster() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let cluster = guest.text("xds\0cluster_name");
    let module = guest.on("proxy_on_request_headers", format!("(call $show_property {cluster})")).build()?;
    let (proxy, _) = start(&module)?;
    assert_eq!(proxy.worker(0).request(get("/none"))?.cluster(), None);
    assert_eq!(said(&proxy), ["01"]);
    Ok(())
}

#[test]
fn the_foreign_function_drops_the_route_and_unknown_ones_are_not_found() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (clear, other, argument) = (guest.text("clear_route_cache"), guest.text("other"), guest.text("argument"));
    let body = format!(
        "(call $show (call $foreign {clear} (i32.const 0) (i32.const 0) (i32.const 32) (i32.const 36)))
         (call $show (call $foreign {other} {argument} (i32.const 32) (i32.const 36)))"
    );
    let (proxy, asked) = start(&guest.on("proxy_on_request_headers", body).build()?)?;
    let exchange = proxy.worker(0).request(get("/"))?;
    assert_eq!(said(&proxy), ["00", "", "01"]);
    assert_eq!(asked.get(), 2);
    let call = |name: &str, argument: &[u8]| ForeignCall { name: name.into(), argument: argument.into() };
    assert_eq!(exchange.foreign_calls(), [call("clear_route_cache", b""), call("other", b"argument")]);
    Ok(())
}

#[test]
fn after_the_filter_chain_clearing_has_no_effect() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let clear = guest.text("clear_route_cache");
    let body = format!("(drop (call $foreign {clear} (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))");
    let (proxy, asked) = start(&guest.on("proxy_on_response_headers", body).build()?)?;
    let mut exchange = proxy.worker(0).request(get("/"))?;
    exchange.respond(ok())?;
    exchange.finish()?;
    assert_eq!((asked.get(), exchange.foreign_calls().len()), (1, 1));
    Ok(())
}

#[test]
fn set_properties_are_filter_state_and_leave_the_route_alone() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (name, value, long) = (guest.text("version"), guest.text("v2"), guest.text("filter_state\0wasm.version"));
    let set = format!("(call $report (call $set_property {name} {value}))");
    let show = format!("(call $show_property {name}) (call $show_property {long})");
    let module = guest.on("proxy_on_configure", &set).on("proxy_on_request_headers", set + &show).build()?;
    let (proxy, asked) = start(&module)?;
    assert_eq!(said(&proxy), ["01", "01"], "a root context has no filter state");
    let exchange = proxy.worker(0).request(get("/"))?;
    assert_eq!(said(&proxy)[2..], ["00", "00", "v2", "00", "v2"]);
    assert_eq!((exchange.filter_state(["version"]), asked.get()), (Some(b"v2".to_vec()), 1));
    Ok(())
}

#[test]
fn properties_of_the_request_hide_those_of_the_proxy() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (node, address) = (guest.text("xds\0node\0id"), guest.text("source\0address"));
    let show = format!("(call $show_property {node}) (call $show_property {address})");
    let module = guest.on("proxy_on_configure", &show).on("proxy_on_request_headers", &show).build()?;
    let proxy = Proxy::builder(&module)
        .property(["xds", "node", "id"], "node-1")
        .property(["source", "address"], "?")
        .start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    let before = said(&proxy).len();
    let request = Request::new(get("/")).property(["source", "address"], "10.0.0.1:1234");
    let _open = proxy.worker(0).request(request)?;
    proxy.set_property(["xds", "node", "id"], "node-2");
    let _other = proxy.worker(0).request(get("/"))?;
    assert_eq!(said(&proxy)[before - 4..before], ["00", "node-1", "00", "?"], "root contexts see the proxy's");
    assert_eq!(said(&proxy)[before..], ["00", "node-1", "00", "10.0.0.1:1234", "00", "node-2", "00", "?"]);
    Ok(())
}

#[test]
fn a_property_can_become_known_between_request_and_response() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let attempts = guest.text("upstream\0request_attempt_count");
    let show = format!("(call $show_property {attempts})");
    let module = guest.on("proxy_on_request_headers", &show).on("proxy_on_response_headers", &show).build()?;
    let (proxy, _) = start(&module)?;
    let mut exchange = proxy.worker(0).request(get("/"))?;
    exchange.set_property(["upstream", "request_attempt_count"], "twice");
    exchange.respond(ok())?;
    assert_eq!(said(&proxy), ["01", "00", "twice"]);
    Ok(())
}

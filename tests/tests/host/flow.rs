//! Pausing, local responses, bodies.

use std::time::Duration;

use graylane_tests::host::{Flow, Headers, Request, Response};

use crate::guest::{Guest, REQUEST, RESPONSE};
use crate::{get, ok, said, start};

#[test]
fn the_guest_is_told_whether_a_body_follows() -> anyhow::Result<()> {
    let end = "(call $report (local.get $2))";
    let proxy = start(Guest::new().on("proxy_on_request_headers", end).on("proxy_on_response_headers", end))?;
    proxy.worker(0).request(get("/"))?.respond(ok())?;
    proxy.worker(0).request(Request::new(get("/")).body("hello"))?.respond(ok().body("world"))?;
    assert_eq!(said(&proxy), ["01", "01", "00", "00"]);
    Ok(())
}

#[test]
fn a_paused_request_waits_until_the_guest_lets_it_go() -> anyhow::Result<()> {
    let proxy = start(
        Guest::new()
            .on("proxy_on_configure", "(drop (call $tick_every (i32.const 1000)))")
            .on("proxy_on_request_headers", "(return (i32.const 1))")
            .on("proxy_on_tick", "(drop (call $become (i32.const 2))) (drop (call $continue (i32.const 0)))"),
    )?;
    let mut exchange = proxy.worker(0).request(get("/"))?;
    assert_eq!(exchange.flow(), Flow::Paused);
    assert!(exchange.respond(ok()).is_err());
    proxy.advance(Duration::from_secs(1))?;
    assert_eq!(exchange.flow(), Flow::Forwarded);
    exchange.respond(ok())?;
    assert_eq!(exchange.flow(), Flow::Answered);
    Ok(())
}

#[test]
fn a_paused_response_waits_too() -> anyhow::Result<()> {
    let pause = "(call $report (call $continue (i32.const 0))) (return (i32.const 1))";
    let proxy = start(
        Guest::new()
            .on("proxy_on_configure", "(drop (call $tick_every (i32.const 1000)))")
            .on("proxy_on_response_headers", pause)
            .on("proxy_on_tick", "(drop (call $become (i32.const 2))) (drop (call $continue (i32.const 1)))"),
    )?;
    let mut exchange = proxy.worker(0).request(get("/"))?;
    exchange.respond(ok())?;
    assert_eq!(exchange.flow(), Flow::ResponsePaused);
    proxy.advance(Duration::from_secs(1))?;
    assert_eq!(exchange.flow(), Flow::Answered);
    Ok(())
}

#[test]
fn acting_for_another_context_ends_with_the_callback() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (name, value) = (guest.text("x-mine"), guest.text("yes"));
    let write = format!("(drop (call $replace_header {REQUEST} {name} {value}))");
    let proxy = start(
        guest
            .on("proxy_on_context_create", "(drop (call $become (i32.const 2)))")
            .on("proxy_on_request_headers", write + "(return (i32.const 1))"),
    )?;
    let first = proxy.worker(0).request(get("/1"))?;
    let second = proxy.worker(0).request(get("/2"))?;
    assert_eq!(first.request_headers().all("x-mine"), ["yes"]);
    assert_eq!(second.request_headers().all("x-mine"), ["yes"]);
    Ok(())
}

#[test]
fn acting_for_an_unknown_context_is_a_bad_argument() -> anyhow::Result<()> {
    let proxy = start(Guest::new().on("proxy_on_request_headers", "(call $report (call $become (i32.const 77)))"))?;
    let _open = proxy.worker(0).request(get("/"))?;
    assert_eq!(said(&proxy), ["02"]);
    Ok(())
}

#[test]
fn a_local_response_passes_through_the_filter_itself() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (details, body) = (guest.text("strict lane"), guest.text("no lane"));
    let headers = guest.text("\x01\0\0\0\x05\0\0\0\x02\0\0\0x-why\0no\0");
    let (name, value) = (guest.text("x-passed"), guest.text("yes"));
    let answer = format!(
        "(drop (call $answer (i32.const 503) {details} {body} {headers} (i32.const -1))) (return (i32.const 1))"
    );
    let proxy = start(
        guest
            .on("proxy_on_request_headers", answer)
            .on("proxy_on_response_headers", format!("(drop (call $add_header {RESPONSE} {name} {value}))")),
    )?;
    let exchange = proxy.worker(0).request(get("/"))?;
    assert_eq!(exchange.flow(), Flow::Answered);
    let local = exchange.local_response().expect("the guest has answered");
    assert_eq!((local.status, local.details.as_str(), &local.body[..]), (503, "strict lane", &b"no lane"[..]));
    assert_eq!((local.headers, local.grpc_status), (Headers::from([("x-why", "no")]), None));
    let expected = Headers::from([
        (":status", "503"),
        ("x-why", "no"),
        ("content-length", "7"),
        ("content-type", "text/plain"),
        ("x-passed", "yes"),
    ]);
    assert_eq!(exchange.response_headers(), expected);
    Ok(())
}

#[test]
fn a_second_local_response_comes_too_late() -> anyhow::Result<()> {
    let answer = |status: u32| {
        let nothing = "(i32.const 0) (i32.const 0)";
        format!("(drop (call $answer (i32.const {status}) {nothing} {nothing} {nothing} (i32.const -1)))")
    };
    let body = answer(503) + &answer(404) + "(return (i32.const 1))";
    let proxy = start(Guest::new().on("proxy_on_request_headers", body))?;
    let exchange = proxy.worker(0).request(get("/"))?;
    assert_eq!(exchange.response_headers(), Headers::from([(":status", "503")]));
    Ok(())
}

#[test]
fn a_local_response_replaces_the_one_of_the_upstream() -> anyhow::Result<()> {
    let answer = "(drop (call $answer (i32.const 502) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 14)))";
    let proxy = start(Guest::new().on("proxy_on_response_headers", answer))?;
    let mut exchange = proxy.worker(0).request(get("/"))?;
    exchange.respond(ok())?;
    assert_eq!(exchange.response_headers(), Headers::from([(":status", "502")]));
    assert_eq!(exchange.local_response().and_then(|local| local.grpc_status), Some(14));
    Ok(())
}

#[test]
fn bodies_can_be_read_and_replaced() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let new = guest.text("HELLO");
    let edit = format!(
        "(call $show_buffer (i32.const 0))
         (call $report (call $set_buffer (i32.const 0) (i32.const 0) (i32.const 100) {new}))
         (call $show_buffer (i32.const 0)) (call $show_buffer (i32.const 1))"
    );
    let proxy = start(
        guest.on("proxy_on_request_body", edit).on("proxy_on_response_body", "(call $show_buffer (i32.const 1))"),
    )?;
    let mut exchange = proxy.worker(0).request(Request::new(get("/")).body("hello"))?;
    exchange.respond(Response::new(Headers::from([(":status", "200")])).body("bye"))?;
    assert_eq!(said(&proxy), ["00", "hello", "00", "00", "HELLO", "01", "00", "bye"]);
    Ok(())
}

#[test]
fn an_empty_body_leaves_the_pointers_of_the_guest_alone() -> anyhow::Result<()> {
    let read = "(i32.store (i32.const 32) (i32.const 42))
        (call $report (call $buffer (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 32) (i32.const 36)))
        (call $report (i32.load (i32.const 32)))";
    let proxy = start(Guest::new().on("proxy_on_request_body", read))?;
    let _open = proxy.worker(0).request(Request::new(get("/")).body(""))?;
    assert_eq!(said(&proxy), ["00", "42"]);
    Ok(())
}

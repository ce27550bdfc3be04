//! Header maps.

use graylane_tests::host::{Exchange, Headers, Request};

use crate::guest::{Guest, REQUEST, RESPONSE};
use crate::{get, ok, said, start};

/// What becomes of these request headers under `edits`, each of which is a host call that answers a status.
fn edited(guest: Guest, edits: &[String], headers: &Headers) -> anyhow::Result<Exchange> {
    let body: Vec<String> = edits.iter().map(|edit| format!("(call $report {edit})")).collect();
    let proxy = start(guest.on("proxy_on_request_headers", body.concat()))?;
    let exchange = proxy.worker(0).request(headers.clone())?;
    assert_eq!(said(&proxy), vec!["00"; edits.len()]);
    Ok(exchange)
}

#[test]
fn a_guest_reads_the_first_value_and_names_ignore_case() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (lane, missing) = (guest.text("X-Lane"), guest.text("x-missing"));
    let show = format!("(call $show_header {REQUEST} {lane}) (call $show_header {REQUEST} {missing})");
    let proxy = start(guest.on("proxy_on_request_headers", show))?;
    let _open = proxy.worker(0).request(Headers::from([("x-LANE", "gray"), ("x-lane", "blue")]))?;
    assert_eq!(said(&proxy), ["00", "gray", "01"]);
    Ok(())
}

#[test]
fn an_empty_value_is_found_and_handed_over_as_nothing() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let lane = guest.text("x-lane");
    let show = format!(
        "(i64.store (i32.const 32) (i64.const -1)) (call $show_header {REQUEST} {lane})
         (call $report (i32.load (i32.const 32)))"
    );
    let proxy = start(guest.on("proxy_on_request_headers", show))?;
    let _open = proxy.worker(0).request(Headers::from([("x-lane", "")]))?;
    assert_eq!(said(&proxy), ["00", "", "00"], "a null pointer");
    Ok(())
}

#[test]
fn replacing_leaves_one_value_and_adding_one_more() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (a, b, value) = (guest.text("a"), guest.text("B"), guest.text("new"));
    let edits =
        [format!("(call $replace_header {REQUEST} {a} {value})"), format!("(call $add_header {REQUEST} {b} {value})")];
    let exchange = edited(guest, &edits, &Headers::from([("a", "1"), ("b", "2"), ("a", "3")]))?;
    assert_eq!(exchange.request_headers(), Headers::from([("b", "2"), ("a", "new"), ("b", "new")]));
    assert_eq!(exchange.request_headers().all("b"), ["2", "new"]);
    Ok(())
}

#[test]
fn removing_takes_all_values_and_does_not_mind_none() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (a, z) = (guest.text("A"), guest.text("z"));
    let edits = [a, z].map(|name| format!("(call $remove_header {REQUEST} {name})"));
    let exchange = edited(guest, &edits, &Headers::from([("a", "1"), ("b", "2"), ("a", "3")]))?;
    assert_eq!(exchange.request_headers(), Headers::from([("b", "2")]));
    Ok(())
}

#[test]
fn pseudo_headers_stay_in_front() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (path, value) = (guest.text(":path"), guest.text("/new"));
    let edits = [format!("(call $replace_header {REQUEST} {path} {value})")];
    let headers = Headers::from([(":path", "/old"), (":method", "GET"), ("x", "y")]);
    let exchange = edited(guest, &edits, &headers)?;
    let expected = Headers::from([(":method", "GET"), (":path", "/new"), ("x", "y")]);
    assert_eq!(exchange.request_headers(), expected);
    Ok(())
}

#[test]
fn values_are_bytes_not_text() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (a, value) = (guest.text("a"), guest.text([0xff, 0x00, 0xfe]));
    let edits = [format!("(call $replace_header {REQUEST} {a} {value})")];
    let exchange = edited(guest, &edits, &Headers::new())?;
    assert_eq!(exchange.request_headers().get_bytes("a"), Some(&[0xff, 0x00, 0xfe][..]));
    Ok(())
}

#[test]
fn a_map_goes_to_the_guest_and_back_unchanged() -> anyhow::Result<()> {
    let edits = [
        format!("(call $pairs {REQUEST} (i32.const 32) (i32.const 36))"),
        format!("(call $set_pairs {REQUEST} (i32.load (i32.const 32)) (i32.load (i32.const 36)))"),
    ];
    let headers = Headers::from([(":path", "/"), ("a", "1"), ("empty", ""), ("a", "2")]);
    let exchange = edited(Guest::new(), &edits, &headers)?;
    assert_eq!(exchange.request_headers(), headers);
    Ok(())
}

#[test]
fn pairs_have_the_byte_form_of_the_abi() -> anyhow::Result<()> {
    let show = format!("(call $show (call $pairs {REQUEST} (i32.const 32) (i32.const 36)))");
    let proxy = start(Guest::new().on("proxy_on_request_headers", show))?;
    let _open = proxy.worker(0).request(Headers::from([("a", "bc"), ("d", "")]))?;
    let form = "\x02\0\0\0\x01\0\0\0\x02\0\0\0\x01\0\0\0\0\0\0\0a\0bc\0d\0\0";
    assert_eq!(said(&proxy), ["00", form]);
    Ok(())
}

#[test]
fn broken_pairs_are_no_pairs() -> anyhow::Result<()> {
    for broken in [&b"\x01\0"[..], b"\xff\xff\xff\xff", b"\x01\0\0\0\x01\0\0\0\xff\0\0\0a\0b\0"] {
        let mut guest = Guest::new();
        let pairs = guest.text(broken);
        let exchange = edited(guest, &[format!("(call $set_pairs {REQUEST} {pairs})")], &get("/"))?;
        assert_eq!(exchange.request_headers(), Headers::new());
    }
    Ok(())
}

#[test]
fn the_size_of_a_map_is_its_bytes() -> anyhow::Result<()> {
    let show = format!(
        "(call $report (call $header_bytes {REQUEST} (i32.const 48))) (call $report (i32.load (i32.const 48)))"
    );
    let proxy = start(Guest::new().on("proxy_on_request_headers", show))?;
    let _open = proxy.worker(0).request(Headers::from([("name", "value"), ("a", "b")]))?;
    assert_eq!(said(&proxy), ["00", "11"]);
    Ok(())
}

#[test]
fn a_map_is_reachable_only_in_its_own_callback_and_readable_while_logging() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (path, status) = (guest.text(":path"), guest.text(":status"));
    let show = format!("(call $show_header {REQUEST} {path}) (call $show_header {RESPONSE} {status})");
    let write = format!(
        "(call $report (call $remove_header {REQUEST} {path})) (call $report (call $remove_header {RESPONSE} {status}))"
    );
    let proxy = start(
        guest
            .on("proxy_on_request_headers", &show)
            .on("proxy_on_request_body", &show)
            .on("proxy_on_response_headers", &show)
            .on("proxy_on_log", format!("{show} {write}")),
    )?;
    let mut exchange = proxy.worker(0).request(Request::new(get("/x")).body("hello"))?;
    exchange.respond(ok())?;
    exchange.finish()?;
    let (request, body, response) = (["00", "/x", "02"], ["02", "02"], ["02", "00", "200"]);
    let log = ["00", "/x", "00", "200", "02", "02"];
    assert_eq!(said(&proxy), [&request[..], &body, &response, &log].concat());
    Ok(())
}

#[test]
fn the_log_of_a_request_without_response_finds_no_response_headers() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let status = guest.text(":status");
    let proxy = start(guest.on("proxy_on_log", format!("(call $show_header {RESPONSE} {status})")))?;
    proxy.worker(0).request(get("/"))?.finish()?;
    assert_eq!(said(&proxy), ["01"]);
    Ok(())
}

#[test]
fn absent_and_unknown_maps_are_bad_arguments_but_have_no_pairs() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let name = guest.text("a");
    let show = format!(
        "(call $show_header (i32.const 1) {name}) (call $show_header (i32.const 9) {name})
         (call $show (call $pairs {RESPONSE} (i32.const 32) (i32.const 36)))
         (call $report (call $pairs (i32.const 9) (i32.const 32) (i32.const 36)))"
    );
    let proxy = start(guest.on("proxy_on_request_headers", show))?;
    let _open = proxy.worker(0).request(get("/"))?;
    assert_eq!(said(&proxy), ["02", "02", "00", "", "02"]);
    Ok(())
}

#[test]
fn the_guest_edits_the_response_too() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (name, value) = (guest.text("set-cookie"), guest.text("id=1"));
    let add = format!("(call $report (call $add_header {RESPONSE} {name} {value}))");
    let proxy = start(guest.on("proxy_on_response_headers", add))?;
    let mut exchange = proxy.worker(0).request(get("/"))?;
    exchange.respond(Headers::from([(":status", "200"), ("set-cookie", "a=b")]))?;
    assert_eq!(exchange.response_headers().all("set-cookie"), ["a=b", "id=1"]);
    Ok(())
}

#[test]
fn a_pointer_outside_of_memory_is_an_invalid_access() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let path = guest.text(":path");
    let show = format!(
        "(call $show_header {REQUEST} (i32.const -1) (i32.const 8))
         (call $report (call $header {REQUEST} {path} (i32.const -4) (i32.const 36)))"
    );
    let proxy = start(guest.on("proxy_on_request_headers", show))?;
    let _open = proxy.worker(0).request(get("/"))?;
    assert_eq!(said(&proxy), ["06", "06"]);
    Ok(())
}

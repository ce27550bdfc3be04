//! What workers share: data and metrics.

use graylane_tests::host::{Headers, Proxy, Verdict};

use crate::guest::{COUNTER, GAUGE, Guest, HISTOGRAM, REQUEST};
use crate::{get, said};

#[test]
fn a_write_with_an_old_token_is_a_mismatch_and_the_other_worker_wins() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (key, one, two) = (guest.text("key"), guest.text("one"), guest.text("two"));
    // Reads and keeps the token while the request comes in, writes with it when the response does.
    let read = format!("(call $show_shared {key}) (global.set $calls (i32.load (i32.const 40)))");
    let write = format!("(call $report (call $set_shared {key} {two} (global.get $calls)))");
    let blind = format!("(drop (call $set_shared {key} {one} (i32.const 0)))");
    let module = guest
        .on("proxy_on_request_headers", read)
        .on("proxy_on_response_headers", write)
        .on("proxy_on_log", blind)
        .build()?;
    let proxy = Proxy::builder(&module).workers(2).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    proxy.set_shared_data("key", "zero");

    let mut first = proxy.worker(0).request(get("/"))?;
    let mut second = proxy.worker(1).request(get("/"))?;
    first.respond(crate::ok())?;
    second.respond(crate::ok())?;
    assert_eq!(said(&proxy), ["00", "zero", "00", "zero", "00", "08"]);
    assert_eq!(proxy.shared_data("key").as_deref(), Some(&b"two"[..]));
    second.finish()?;
    assert_eq!(proxy.shared_data("key").as_deref(), Some(&b"one"[..]), "token 0 overwrites blindly");
    assert_eq!(proxy.shared_data_bytes(), "keyone".len());
    Ok(())
}

#[test]
fn what_nobody_wrote_is_not_found_and_can_be_written_with_any_token() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (key, value) = (guest.text("key"), guest.text("value"));
    let body = format!("(call $show_shared {key}) (call $report (call $set_shared {key} {value} (i32.const 42)))");
    let proxy = Proxy::builder(&guest.on("proxy_on_request_headers", body).build()?).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    let _open = proxy.worker(0).request(get("/"))?;
    assert_eq!(said(&proxy), ["01", "00"]);
    assert_eq!(proxy.shared_data("key").as_deref(), Some(&b"value"[..]));
    Ok(())
}

#[test]
fn the_canary_writes_to_the_same_shared_data_even_for_a_refused_configuration() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (key, value) = (guest.text("key"), guest.text("value"));
    let write = format!("(drop (call $set_shared {key} {value} (i32.const 0))) (return (i32.const 0))");
    let proxy = Proxy::builder(&guest.on("proxy_on_configure", write).build()?).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Refused);
    assert_eq!(proxy.shared_data("key").as_deref(), Some(&b"value"[..]));
    Ok(())
}

/// A guest that defines a metric of this kind when it is configured, and runs `body` for each request.
fn metric(kind: &str, body: &str) -> anyhow::Result<Proxy> {
    let mut guest = Guest::new();
    let name = guest.text("requests");
    let define = format!("(drop (call $define {kind} {name} (i32.const 48)))");
    let module = guest.on("proxy_on_configure", define).on("proxy_on_request_headers", body).build()?;
    let proxy = Proxy::builder(&module).workers(2).start()?;
    assert_eq!(proxy.counter("requests").or(proxy.gauge("requests")), None);
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    for worker in [0, 1] {
        proxy.worker(worker).request(Headers::new())?.finish()?;
    }
    Ok(proxy)
}

#[test]
fn all_workers_count_on_the_same_counter_which_only_goes_up() -> anyhow::Result<()> {
    let count = "(call $report (call $increment (i32.load (i32.const 48)) (i64.const 3)))
        (call $report (call $increment (i32.load (i32.const 48)) (i64.const 0)))
        (call $report (call $increment (i32.load (i32.const 48)) (i64.const -1)))
        (call $report (call $record (i32.load (i32.const 48)) (i64.const 4)))
        (call $report (call $metric (i32.load (i32.const 48)) (i32.const 56)))
        (call $report (i32.load (i32.const 56)))";
    let proxy = metric(COUNTER, count)?;
    assert_eq!(said(&proxy), ["00", "02", "02", "00", "00", "07", "00", "02", "02", "00", "00", "14"]);
    assert_eq!((proxy.counter("requests"), proxy.gauge("requests")), (Some(14), None));
    assert_eq!(proxy.counters().into_iter().collect::<Vec<_>>(), [("requests".to_owned(), 14)]);
    Ok(())
}

#[test]
fn a_gauge_is_set_and_goes_both_ways() -> anyhow::Result<()> {
    let move_it = "(drop (call $record (i32.load (i32.const 48)) (i64.const 10)))
        (drop (call $increment (i32.load (i32.const 48)) (i64.const 5)))
        (drop (call $increment (i32.load (i32.const 48)) (i64.const -3)))";
    let proxy = metric(GAUGE, move_it)?;
    assert_eq!((proxy.gauge("requests"), proxy.counter("requests")), (Some(12), None));
    assert_eq!(proxy.gauges().len(), 1);
    Ok(())
}

#[test]
fn a_histogram_keeps_its_samples_and_has_no_value() -> anyhow::Result<()> {
    let sample = "(drop (call $record (i32.load (i32.const 48)) (i64.const 10)))
        (call $report (call $increment (i32.load (i32.const 48)) (i64.const 5)))
        (call $report (call $metric (i32.load (i32.const 48)) (i32.const 56)))";
    let proxy = metric(HISTOGRAM, sample)?;
    assert_eq!(proxy.histogram("requests"), Some(vec![10, 10]));
    assert_eq!(said(&proxy), ["02", "02", "02", "02"]);
    Ok(())
}

#[test]
fn ids_that_were_never_given_out_are_not_found() -> anyhow::Result<()> {
    let unknown = "(call $report (call $increment (i32.const 400) (i64.const 1)))
        (call $report (call $increment (i32.const 0) (i64.const 1)))
        (call $report (call $increment (i32.add (i32.load (i32.const 48)) (i32.const 1)) (i64.const 1)))
        (call $report (call $increment (i32.const 403) (i64.const 1)))";
    let proxy = metric(COUNTER, unknown)?;
    assert_eq!(said(&proxy)[..4], ["01", "01", "01", "02"]);
    Ok(())
}

#[test]
fn log_lines_below_the_level_of_the_proxy_are_dropped() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (low, high) = (guest.text("low"), guest.text("high"));
    let body = format!(
        "(drop (call $log (i32.const 1) {low})) (drop (call $log (i32.const 3) {high}))
         (call $report (call $log (i32.const 6) {high})) (call $show_header {REQUEST} {low})"
    );
    let proxy = Proxy::builder(&guest.on("proxy_on_request_headers", body).build()?).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    let _open = proxy.worker(0).request(get("/"))?;
    assert_eq!(said(&proxy), ["high", "02", "01"]);
    Ok(())
}

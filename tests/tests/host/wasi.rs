//! The part of WASI that plugins use.

use graylane_tests::host::{HostError, LogLevel, Proxy, ProxyBuilder, Trap, Verdict};

use crate::guest::Guest;
use crate::{get, said};

/// Runs `body` once, in one worker of a proxy.
fn run(guest: Guest, body: &str, build: impl FnOnce(ProxyBuilder) -> ProxyBuilder) -> anyhow::Result<Proxy> {
    let module = guest.on("proxy_on_request_headers", body).build()?;
    let proxy = build(Proxy::builder(&module).workers(2)).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    let _open = proxy.worker(0).request(get("/"))?;
    Ok(proxy)
}

#[test]
fn standard_output_and_error_are_log_lines() -> anyhow::Result<()> {
    let mut guest = Guest::new();
    let (hello, world) = (guest.text("hello, "), guest.text("world\n"));
    let part = |at: u32, text: &str| {
        let (place, size) = text.split_once(") ").expect("two operands");
        format!("(i32.store (i32.const {at}) {place})) (i32.store (i32.const {}) {size})", at + 4)
    };
    let body = format!(
        "{} {} (call $report (call $fd_write (i32.const 1) (i32.const 64) (i32.const 2) (i32.const 48)))
         (call $report (i32.load (i32.const 48)))
         (call $report (call $fd_write (i32.const 2) (i32.const 64) (i32.const 1) (i32.const 48)))
         (call $report (call $fd_write (i32.const 3) (i32.const 64) (i32.const 2) (i32.const 48)))
         (call $report (call $fd_write (i32.const 1) (i32.const -8) (i32.const 2) (i32.const 48)))",
        part(64, &hello),
        part(72, &world)
    );
    let proxy = run(guest, &body, |builder| builder)?;
    assert_eq!(said(&proxy), ["hello, world", "00", "13", "hello, ", "00", "08", "21"]);
    assert_eq!((proxy.logs()[0].level, proxy.logs()[3].level), (LogLevel::Info, LogLevel::Error));
    Ok(())
}

#[test]
fn the_environment_is_what_the_test_sets() -> anyhow::Result<()> {
    let body = "(drop (call $environ_sizes (i32.const 48) (i32.const 52)))
        (call $report (i32.load (i32.const 48))) (call $report (i32.load (i32.const 52)))
        (drop (call $environ (i32.const 64) (i32.const 128)))
        (call $say (i32.load (i32.const 64)) (i32.const 4)) (call $say (i32.load (i32.const 68)) (i32.const 7))";
    let proxy = run(Guest::new(), body, |builder| builder.environment("A", "1").environment("POD", "shop"))?;
    assert_eq!(said(&proxy), ["02", "13", "A=1\0", "POD=sho"]);
    Ok(())
}

#[test]
fn clocks_show_the_virtual_time_and_unknown_ones_are_not_supported() -> anyhow::Result<()> {
    let body = "(drop (call $now (i32.const 48)))
        (call $report (call $clock (i32.const 0) (i64.const 0) (i32.const 56)))
        (call $report (i64.eq (i64.load (i32.const 48)) (i64.load (i32.const 56))))
        (call $report (call $clock (i32.const 1) (i64.const 0) (i32.const 56)))
        (call $report (call $clock (i32.const 2) (i64.const 0) (i32.const 56)))";
    let proxy = run(Guest::new(), body, |builder| builder)?;
    assert_eq!(said(&proxy), ["00", "01", "00", "58"]);
    Ok(())
}

#[test]
fn randomness_repeats_with_the_seed_and_differs_between_vms() -> anyhow::Result<()> {
    let roll = |seed: u64, worker: usize| -> anyhow::Result<Vec<String>> {
        let body = "(drop (call $random (i32.const 48) (i32.const 13))) (call $say (i32.const 48) (i32.const 13))";
        let module = Guest::new().on("proxy_on_request_headers", body).build()?;
        let proxy = Proxy::builder(&module).workers(2).seed(seed).start()?;
        assert_eq!(proxy.configure("")?, Verdict::Accepted);
        for _ in 0..2 {
            proxy.worker(worker).request(get("/"))?.finish()?;
        }
        Ok(said(&proxy))
    };
    assert_eq!(roll(1, 0)?, roll(1, 0)?);
    assert_ne!(roll(1, 0)?, roll(1, 1)?);
    assert_ne!(roll(1, 0)?, roll(2, 0)?);
    assert_ne!(roll(1, 0)?[0], roll(1, 0)?[1]);
    Ok(())
}

#[test]
fn exiting_is_a_trap() -> anyhow::Result<()> {
    let error = run(Guest::new(), "(call $exit (i32.const 3))", |builder| builder).unwrap_err();
    let error = error.downcast::<HostError>()?;
    assert!(matches!(error, HostError::Trapped { trap: Trap::Exit(3), .. }), "{error}");
    Ok(())
}

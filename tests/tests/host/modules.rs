//! What a module must, may and must not have.

use graylane_tests::host::{Flow, HostError, Hostcall, Module, Proxy, Request, Verdict};

use crate::guest::Guest;
use crate::{get, ok, said};

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
fn a_module_is_compiled_once_for_all_tests_of_a_binary() {
    fn is_shared<T: Clone + Send + Sync + 'static>() {}
    is_shared::<Module>();
}

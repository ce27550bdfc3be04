//! The filter that sidecars and gateways load: a thin Proxy-Wasm adapter over `graylane-core`.
//!
//! ```text
//! configuration bytes -> Router      request headers -> Router::answer -> header edits      counts -> Envoy's metrics
//! ```
//!
//! It decides nothing itself. Its own promises: `proxy_on_configure` never fails, so a refused configuration never stops
//! traffic; no byte of a request makes it panic; a request costs no host call for counting, and no property is read
//! unless the configuration asks for one.
//!
//! Envoy gives each worker thread a virtual machine of its own, and starts one more, the *canary*, to try a new
//! configuration; then every machine gets a new root context, while requests that are under way keep the old one.

mod claims;
mod configuration;
mod draw;
mod explanation;
mod live;
mod meter;
mod refusal;
mod request;
mod root;
mod seat;
mod steering;
mod stream;
mod vm;

use std::rc::Rc;

thread_local! {
    /// This machine: what outlives configurations.
    static VM: Rc<vm::Vm> = Rc::default();
}

mod entry {
    use std::rc::Rc;

    use proxy_wasm::types::LogLevel;

    proxy_wasm::main! {{
        proxy_wasm::set_log_level(LogLevel::Info);
        proxy_wasm::set_root_context(|_| Box::new(super::root::Root::new(super::VM.with(Rc::clone))));
    }}
}

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
//! configuration; then every machine gets it, while requests that are under way keep the one they began with.

mod claims;
mod configuration;
mod draw;
mod explanation;
mod live;
mod memory;
mod meter;
mod refusal;
mod request;
mod root;
mod seat;
mod self_lane;
mod steering;
mod stream;
mod streams;
mod vm;
mod way;

use graylane_abi::{Action, Filter, RootId, StreamId};

thread_local! {
    /// This machine: what outlives configurations.
    static VM: vm::Vm = const { vm::Vm::new() };
}

/// The filter as Envoy calls it.
struct Graylane;

impl Filter for Graylane {
    fn on_configure(root: RootId, size: usize) {
        VM.with(|vm| root::configure(vm, root, size));
    }

    fn on_tick(root: RootId) {
        VM.with(|vm| root::tick(vm, root));
    }

    fn on_request_headers(stream: StreamId) -> Action {
        VM.with(|vm| stream::request(vm, stream))
    }

    fn on_response_headers(stream: StreamId) {
        VM.with(|vm| vm.respond(stream));
    }

    fn on_log(stream: StreamId) {
        VM.with(|vm| vm.end(stream));
    }
}

graylane_abi::export!(Graylane);

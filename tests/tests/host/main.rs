//! The Proxy-Wasm host itself: each test states one thing that Envoy does and the host does too.

mod guest;

mod faults;
mod headers;
mod lifecycle;
mod route;
mod shared;
mod time;
mod traps;
mod wasi;

use graylane_tests::host::{Headers, Proxy, Response};

/// What the guest logged, each line without its level.
fn said(proxy: &Proxy) -> Vec<String> {
    proxy.logs().into_iter().map(|line| line.text).collect()
}

fn get(path: &str) -> Headers {
    Headers::from([(":method", "GET"), (":path", path), (":authority", "shop")])
}

fn ok() -> Response {
    Response::new(Headers::from([(":status", "200")]))
}

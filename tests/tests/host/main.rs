//! The Proxy-Wasm host itself: each test states one thing that Envoy does and the host does too.

mod guest;

mod configuration;
mod faults;
mod flow;
mod headers;
mod lifecycle;
mod modules;
mod route;
mod shared;
mod time;
mod traps;
mod wasi;

use graylane_tests::host::{Headers, Proxy, Response, Verdict};

use guest::Guest;

/// One worker, with an empty configuration.
fn start(guest: Guest) -> anyhow::Result<Proxy> {
    let proxy = Proxy::builder(&guest.build()?).start()?;
    assert_eq!(proxy.configure("")?, Verdict::Accepted);
    Ok(proxy)
}

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

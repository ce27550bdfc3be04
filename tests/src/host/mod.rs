//! A Proxy-Wasm host for tests: runs a compiled plugin the way Envoy does, without Envoy.
//!
//! The host is *state-based*. It keeps what Envoy would keep (header maps, properties, shared data,
//! metrics, time, log lines, local responses) and a test looks at that state afterwards. It never
//! holds a list of expected host calls, so a plugin may be rewritten without touching a test.
//!
//! ```no_run
//! use graylane_tests::host::{Headers, Module, Proxy, Verdict};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let module = Module::load(&std::fs::read("plugin.wasm")?)?;
//! let proxy = Proxy::builder(&module).workers(2).start()?;
//! assert_eq!(proxy.configure("{}")?, Verdict::Accepted);
//!
//! let mut exchange = proxy.worker(0).request(Headers::from([
//!     (":method", "GET"), (":path", "/"), (":authority", "shop"),
//! ]))?;
//! assert_eq!(exchange.request_headers().get("x-lane").as_deref(), Some("gray"));
//! exchange.respond(Headers::from([(":status", "200")]))?;
//! exchange.finish()?;
//! assert_eq!(proxy.counter("decisions_total"), Some(1));
//! # Ok(()) }
//! ```
//!
//! It speaks ABI 0.2.1 as the Rust SDK 0.2.5 does. Behaviour follows `proxy-wasm-cpp-host` and Envoy's
//! `source/extensions/common/wasm/context.cc`, corners included: a header map is reachable only while its
//! own callback runs (and, read-only, while logging); `xds.cluster_name` keeps its value until the filter
//! chain has run; a canary VM shares data and metrics with the workers; a configuration change makes a new
//! root context in the old VM. Not modelled: HTTP and gRPC callouts, shared queues, trailers (such host
//! calls answer `Unimplemented`), and Envoy's joining of repeated *inline* headers with commas.
//!
//! It must not know Graylane: only headers, bytes and names pass through it.

mod abi;
mod clock;
mod context;
mod error;
mod exchange;
mod fault;
mod fleet;
mod guest;
mod headers;
mod hostcall;
mod imports;
mod message;
mod metrics;
mod module;
mod pairs;
mod properties;
mod proxy;
mod route;
mod shared_data;
mod stream;
mod vm;
mod worker;
mod world;

pub use abi::{LogLevel, Status};
pub use error::{HostError, Trap};
pub use exchange::{Exchange, Flow};
pub use fault::{Fault, Times};
pub use headers::Headers;
pub use hostcall::Hostcall;
pub use message::{Request, Response};
pub use module::Module;
pub use proxy::{Proxy, ProxyBuilder, Verdict};
pub use stream::{ForeignCall, LocalResponse};
pub use worker::Worker;
pub use world::{LogLine, VmName};

//! Proxy-Wasm ABI 0.2.1, as much of it as the filter uses, and nothing in between.
//!
//! ```text
//! Envoy -> export! -> Filter (safe)      Filter -> host (safe) -> imports -> Envoy
//! ```
//!
//! It must not know what the filter is for. Promises: whatever Envoy answers is a value, never a panic; only callbacks of
//! [`Filter`] are exported, because Envoy enters the machine for every one there is and skips those that are missing;
//! reading all headers costs one call and one allocation. This is the only crate of the project with unsafe code.
//!
//! Numbers and layouts are those of `proxy_wasm_common.h` and `exports.h` of the C++ host. Outside of WebAssembly there is
//! no host: every call is refused, so that the filter's own tests run anywhere.

mod export;
mod given;
mod headers;
#[cfg(target_family = "wasm")]
mod heap;
pub mod host;
mod imports;
mod status;

pub use export::{Action, Filter, RootId, StreamId};
#[doc(hidden)]
pub use export::{allocate, initialise, is_filter};
pub use given::Given;
pub use headers::{HeaderMap, Pairs};
pub use status::Refused;

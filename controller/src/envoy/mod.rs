//! What Envoy is told, as JSON: its bootstrap, and the resources that it takes from files while it runs.
//!
//! ```text
//! Plan -> Routing -> clusters, endpoints, routes ; FilterConfig -> filter ; Bootstrap names their files
//! ```
//!
//! Everything here is a function of its arguments, except that [`find_executable`] looks at files. Nothing here starts a
//! process or waits: that is [`crate::local`]. Facts about fields are those of Envoy's v3 API reference.
//!
//! Invariants: clusters are called as Istio calls them, `outbound|PORT|VERSION|HOST`, because the filter compares their
//! third part with the version that it decided; no route hands the version header to an app.

mod bootstrap;
mod cluster;
mod executable;
mod filter;
mod listener;
mod resource;
mod routes;
mod routing;
pub mod stats;
mod tracing;

pub use bootstrap::Bootstrap;
pub use cluster::{Subset, clusters};
pub use executable::{NoEnvoy, find_executable};
pub use filter::{announced_by_control_plane, filter, http_filter};
pub use listener::Listener;
pub use resource::{Files, Resource};
pub use routes::{gateway_routes, outbound_routes};
pub use routing::{Destination, Routing};
pub use tracing::Tracing;

use std::net::SocketAddr;

use graylane_core::Phase;
use graylane_core::metric::PhaseLabel;
use serde_json::{Value, json};

/// The `@type` of a message of Envoy's API.
fn type_url(message: &str) -> String {
    format!("type.googleapis.com/{message}")
}

fn socket_address(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}

/// What listeners, route tables and filters of one role are called.
fn role_name(phase: Phase) -> &'static str {
    PhaseLabel::Known(phase).as_str()
}

#[cfg(test)]
mod tests;

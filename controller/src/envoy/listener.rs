//! Listeners: the way into a gateway, into an app and out of an app.

use std::net::SocketAddr;

use graylane_core::Phase;
use serde_json::{Value, json};

use super::{Files, Resource, cluster, filter, role_name, routes, socket_address, type_url};
use crate::api::Protocol;

/// One listener of a proxy. It takes HTTP/1.1 and HTTP/2 without TLS on the same port.
#[derive(Debug, Clone, Copy)]
pub enum Listener {
    /// The way into the mesh.
    Gateway {
        /// Where it listens.
        address: SocketAddr,
    },
    /// The way to the app.
    Inbound {
        /// Where it listens.
        address: SocketAddr,
        /// Where the app does.
        app: SocketAddr,
        /// What the app speaks.
        protocol: Protocol,
    },
    /// The way from the app to every service.
    Outbound {
        /// Where it listens.
        address: SocketAddr,
    },
}

impl Listener {
    /// The role of the filter on it.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self {
            Self::Gateway { .. } => Phase::Gateway,
            Self::Inbound { .. } => Phase::SidecarInbound,
            Self::Outbound { .. } => Phase::SidecarOutbound,
        }
    }

    /// What it needs of the files that proxies watch, except for clusters.
    pub fn resources(&self) -> impl Iterator<Item = Resource> {
        let routes = match self {
            Self::Gateway { .. } => Some(Resource::GatewayRoutes),
            Self::Inbound { .. } => None,
            Self::Outbound { .. } => Some(Resource::OutboundRoutes),
        };
        routes.into_iter().chain([Resource::Filter(self.phase())])
    }

    fn address(&self) -> SocketAddr {
        match self {
            Self::Gateway { address } | Self::Inbound { address, .. } | Self::Outbound { address } => *address,
        }
    }

    /// With what it says of `spans`, if they go anywhere.
    pub(super) fn to_json(self, files: &Files, spans: Option<&Value>) -> Value {
        json!({
            "name": role_name(self.phase()),
            "address": socket_address(self.address()),
            // With it a second proxy on the same port would get half of the requests instead of an error.
            "enable_reuse_port": false,
            "filter_chains": [{"filters": [{
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": self.http(files, spans),
            }]}],
        })
    }

    /// The cluster that belongs to this listener alone.
    pub(super) fn cluster(self) -> Option<Value> {
        match self {
            Self::Inbound { app, protocol, .. } => Some(cluster::app(app, protocol)),
            Self::Gateway { .. } | Self::Outbound { .. } => None,
        }
    }

    fn http(self, files: &Files, spans: Option<&Value>) -> Value {
        let name = role_name(self.phase());
        let mut http = json!({
            "@type": type_url("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
            "stat_prefix": name,
            "codec_type": "AUTO",
            // The filter compares paths and hosts in this form, too.
            "normalize_path": true,
            "strip_trailing_host_dot": true,
            "upgrade_configs": [{"upgrade_type": "websocket"}],
            // Streams of events may be silent for long.
            "stream_idle_timeout": "3600s",
            "http_filters": [filter::announced(self.phase(), files), {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": type_url("envoy.extensions.filters.http.router.v3.Router")},
            }],
        });
        let routes = |resource| json!({"route_config_name": name, "config_source": files.source(resource)});
        let (member, value) = match self {
            Self::Gateway { .. } => ("rds", routes(Resource::GatewayRoutes)),
            Self::Outbound { .. } => ("rds", routes(Resource::OutboundRoutes)),
            Self::Inbound { .. } => ("route_config", routes::to_app()),
        };
        if let Value::Object(members) = &mut http {
            members.insert(member.to_owned(), value);
            // Who calls is the other end of the connection at the edge, and what the edge says behind it.
            members.insert("use_remote_address".to_owned(), matches!(self, Self::Gateway { .. }).into());
            members.extend(spans.map(|spans| ("tracing".to_owned(), spans.clone())));
        }
        http
    }
}

//! What is sent.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;

use super::text::Text;
use crate::host::Headers;

/// A request as a table writes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Request {
    /// `GET` if not said.
    pub method: Option<Text>,
    /// `cart.shop` if not said.
    pub authority: Option<Text>,
    /// `/` if not said.
    pub path: Option<Text>,
    /// Further headers, in order; names may repeat. `{n}` in a value is the request's number among many.
    pub headers: Vec<(String, Text)>,
    /// The claims of a token that the proxy verifies.
    pub claims: BTreeMap<String, serde_json::Value>,
    /// What is taken over from what came before.
    pub carry: Vec<Carry>,
    /// What it is spoken in.
    pub protocol: Protocol,
    /// How the target is written in the request line.
    pub target: TargetForm,
    /// How often the upstream answers 503 before it serves the request.
    pub fails: u32,
}

/// What a caller takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Carry {
    /// The internal headers that the upstream of the request before has seen: an app that hands the mark on.
    Mark,
    /// What the upstream of the request before has seen of W3C Trace Context and Baggage: an app with OpenTelemetry.
    Telemetry,
    /// The cookie that the last response which had one gave out: a browser.
    Cookie,
}

/// What a request is spoken in. Only real proxies can tell the difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2.
    Http2,
    /// A gRPC call with one message each way.
    Grpc,
    /// A gRPC call that the server answers with a stream of messages.
    GrpcStream,
    /// An upgrade of HTTP/1.1 to a WebSocket.
    Websocket,
}

impl Protocol {
    /// Whether it is gRPC.
    #[must_use]
    pub fn is_grpc(self) -> bool {
        match self {
            Self::Grpc | Self::GrpcStream => true,
            Self::Http1 | Self::Http2 | Self::Websocket => false,
        }
    }
}

/// How the target of a request is written (RFC 9112 section 3.2). Only HTTP/1.1 has the choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TargetForm {
    /// `GET /path`, and a `Host` header.
    #[default]
    Origin,
    /// `GET http://authority/path`.
    Absolute,
}

/// A request with everything filled in.
#[derive(Clone, Debug)]
pub struct Message {
    /// The method.
    pub method: Vec<u8>,
    /// The host and port that it is addressed to.
    pub authority: Vec<u8>,
    /// Path and query.
    pub path: Vec<u8>,
    /// Further headers. Names are spelled as the table has them.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The claims of a token that the proxy verifies.
    pub claims: BTreeMap<String, serde_json::Value>,
    /// What it is spoken in.
    pub protocol: Protocol,
    /// How the target is written.
    pub target: TargetForm,
    /// How often the upstream answers 503 before it serves the request.
    pub fails: u32,
}

/// The address that every request comes from.
pub const SOURCE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

impl Request {
    /// The request with the number `number`, and `carried` headers behind its own.
    pub(super) fn message(&self, number: u32, carried: Vec<(Vec<u8>, Vec<u8>)>) -> Message {
        let or = |text: &Option<Text>, usual: &str| {
            text.as_ref().map_or_else(|| usual.as_bytes().to_vec(), |text| text.numbered(number))
        };
        let mut headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.clone().into_bytes(), value.numbered(number))).collect();
        headers.extend(carried);
        let usual_method = if self.protocol.is_grpc() { "POST" } else { "GET" };
        Message {
            method: or(&self.method, usual_method),
            authority: or(&self.authority, "cart.shop"),
            path: or(&self.path, "/"),
            headers,
            claims: self.claims.clone(),
            protocol: self.protocol,
            target: self.target,
            fails: self.fails,
        }
    }
}

impl Message {
    /// All of its headers, pseudo-headers first and names in lower case, as filters see them.
    #[must_use]
    pub fn fields(&self) -> Headers {
        let pseudo = [(":method", &self.method), (":path", &self.path), (":authority", &self.authority)];
        let pseudo = pseudo.into_iter().map(|(name, value)| (name.as_bytes(), value.as_slice()));
        pseudo.chain(self.headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))).collect()
    }
}

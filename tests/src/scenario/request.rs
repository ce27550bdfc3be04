//! What is sent.

use std::collections::BTreeMap;
use std::net::IpAddr;

use graylane_core::config::Secret;
use graylane_core::name::{Audience, KeyId, LaneName};
use graylane_core::token::Override;
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
    /// The SPIFFE id in the certificate that the caller shows; none: it shows no certificate.
    pub principal: Option<String>,
    /// A signed override that it carries.
    pub signed: Option<Signed>,
    /// What is taken over from what came before.
    pub carry: Vec<Carry>,
    /// What it is spoken in.
    pub protocol: Protocol,
    /// How the target is written in the request line.
    pub target: TargetForm,
    /// How often the upstream answers 503 before it serves the request.
    pub fails: u32,
    /// The path to which the upstream redirects the request, which the proxy follows by itself.
    pub redirect: Option<String>,
    /// Whether the proxy sends a copy to a mirror, which is an app behind the inbound proxy.
    pub mirror: Option<Mirror>,
}

/// Says that a request is mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mirror {
    /// To the app behind the inbound proxy.
    App,
}

/// A signed override, made when it is sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signed {
    key: KeyId,
    secret: Secret,
    audience: Audience,
    lanes: Vec<LaneName>,
    /// How many seconds it is still good for; negative: since when it has ended.
    expires_in: i64,
    /// What it says instead, after it was signed.
    #[serde(default)]
    tampered: Option<(String, String)>,
}

impl Signed {
    /// The text, signed at `now`.
    pub(super) fn text(&self, now: u64) -> Vec<u8> {
        let Self { key, secret, audience, lanes, expires_in, tampered } = self;
        let expiry = now.saturating_add_signed(*expires_in);
        let said = Override { key: key.clone(), expiry, audience: audience.clone(), lanes: lanes.clone() };
        let text = said.sign(secret);
        tampered.as_ref().map_or_else(|| text.clone(), |(was, is)| text.replace(was, is)).into_bytes()
    }
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
    /// A tunnel of HTTP/1.1 (RFC 9110 section 9.3.6).
    Connect,
}

impl Protocol {
    /// The method that is used if none is said.
    fn method(self) -> &'static str {
        match self {
            Self::Http1 | Self::Http2 | Self::Websocket => "GET",
            Self::Grpc | Self::GrpcStream => "POST",
            Self::Connect => "CONNECT",
        }
    }

    /// Whether it is gRPC.
    #[must_use]
    pub fn is_grpc(self) -> bool {
        match self {
            Self::Grpc | Self::GrpcStream => true,
            Self::Http1 | Self::Http2 | Self::Websocket | Self::Connect => false,
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
    /// The SPIFFE id in the certificate that the caller shows.
    pub principal: Option<String>,
    /// What it is spoken in.
    pub protocol: Protocol,
    /// How the target is written.
    pub target: TargetForm,
    /// How often the upstream answers 503 before it serves the request.
    pub fails: u32,
    /// The path to which the upstream redirects it.
    pub redirect: Option<String>,
    /// Who gets a copy.
    pub mirror: Option<Mirror>,
}

/// The content type of gRPC.
pub const GRPC: &str = "application/grpc";

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
        if self.protocol.is_grpc() {
            headers.push((b"content-type".to_vec(), GRPC.as_bytes().to_vec()));
        }
        Message {
            method: or(&self.method, self.protocol.method()),
            authority: or(&self.authority, "cart.shop"),
            path: or(&self.path, "/"),
            headers,
            claims: self.claims.clone(),
            principal: self.principal.clone(),
            protocol: self.protocol,
            target: self.target,
            fails: self.fails,
            redirect: self.redirect.clone(),
            mirror: self.mirror,
        }
    }
}

impl Message {
    /// What a proxy sends again that follows the redirect of its upstream: `sent` is what it has sent there.
    #[must_use]
    pub fn redirected(&self, sent: &Headers) -> Option<Self> {
        let path = self.redirect.as_ref()?.clone().into_bytes();
        Some(Self { path, headers: without_pseudo(sent), redirect: None, ..self.clone() })
    }

    /// The copy that a proxy sends to a mirror (Envoy's `request_mirror_policies`): `sent` is what it has sent itself.
    #[must_use]
    pub fn copy(&self, sent: &Headers) -> Option<Self> {
        let Mirror::App = self.mirror?;
        let authority = [&self.authority, &b"-shadow"[..]].concat();
        Some(Self { authority, headers: without_pseudo(sent), mirror: None, ..self.clone() })
    }

    /// All of its headers, pseudo-headers first and names in lower case, as filters see them. A tunnel has no path.
    #[must_use]
    pub fn fields(&self) -> Headers {
        let pseudo = [(":method", &self.method), (":path", &self.path), (":authority", &self.authority)];
        let has = |(name, _): &(&str, &Vec<u8>)| *name != ":path" || self.protocol != Protocol::Connect;
        let pseudo = pseudo.into_iter().filter(has).map(|(name, value)| (name.as_bytes(), value.as_slice()));
        pseudo.chain(self.headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))).collect()
    }
}

fn without_pseudo(headers: &Headers) -> Vec<(Vec<u8>, Vec<u8>)> {
    let ordinary = headers.iter().filter(|(name, _)| !name.starts_with(b":"));
    ordinary.map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}

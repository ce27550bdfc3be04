//! One request and its response, as the host keeps them.
//!
//! Invariant: a header map is reachable only in the callback it belongs to (`getMap` and `getConstMap` of
//! Envoy's `context.cc`); while logging both are, read-only.

use std::collections::BTreeMap;

use super::abi::{BufferKind, MapKind, Status};
use super::headers::Headers;
use super::hostcall::Hostcall;
use super::message::Request;
use super::properties::Properties;
use super::route::{Route, Router};

/// Where a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The filter looks at, or holds, the request headers.
    Request,
    /// The request went on to the upstream.
    Forwarded,
    /// The filter looks at, or holds, the response headers.
    Response,
    /// The response went on to the client.
    Responded,
    /// The access log is written.
    Log,
    /// The guest has forgotten the stream.
    Finished,
}

/// A response that the filter sent itself, as it asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalResponse {
    /// The HTTP status.
    pub status: u32,
    /// Why, for the access log.
    pub details: String,
    /// Additional headers.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// The gRPC status, if there is one.
    pub grpc_status: Option<u32>,
}

/// A call of a function that Envoy has beyond the ABI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignCall {
    /// Its name.
    pub name: String,
    /// Its argument.
    pub argument: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) root: u32,
    pub(super) phase: Phase,
    pub(super) request: Headers,
    pub(super) response: Headers,
    pub(super) request_body: Option<Vec<u8>>,
    pub(super) response_body: Option<Vec<u8>>,
    pub(super) route: Route,
    pub(super) properties: Properties,
    pub(super) filter_state: Properties,
    pub(super) local_response: Option<LocalResponse>,
    pub(super) foreign_calls: Vec<ForeignCall>,
    pub(super) host_calls: BTreeMap<Hostcall, u32>,
    pub(super) fuel: u64,
}

impl Stream {
    pub(super) fn new(root: u32, request: Request, router: &Router) -> Self {
        Self {
            root,
            phase: Phase::Request,
            route: Route::matched(router, &request.headers),
            request: request.headers,
            response: Headers::new(),
            request_body: request.body,
            response_body: None,
            properties: request.properties,
            filter_state: Properties::default(),
            local_response: None,
            foreign_calls: Vec::new(),
            host_calls: BTreeMap::new(),
            fuel: 0,
        }
    }

    pub(super) fn readable(&self, map: MapKind) -> Result<&Headers, Status> {
        match (map, self.phase) {
            (MapKind::RequestHeaders, Phase::Request | Phase::Log) => Ok(&self.request),
            (MapKind::ResponseHeaders, Phase::Response) => Ok(&self.response),
            (MapKind::ResponseHeaders, Phase::Log) if !self.response.is_empty() => Ok(&self.response),
            (_, Phase::Log) => Err(Status::NotFound),
            (_, _) => Err(Status::BadArgument),
        }
    }

    /// Changes a header map. Any change of the request's drops the cached route, as Envoy does for
    /// modules of ABI 0.2.1 and older.
    pub(super) fn edit(&mut self, map: MapKind, edit: impl FnOnce(&mut Headers)) -> Result<(), Status> {
        match (map, self.phase) {
            (MapKind::RequestHeaders, Phase::Request) => {
                edit(&mut self.request);
                self.route.clear();
            }
            (MapKind::ResponseHeaders, Phase::Response) => edit(&mut self.response),
            (_, _) => return Err(Status::BadArgument),
        }
        Ok(())
    }

    pub(super) fn body_mut(&mut self, buffer: BufferKind) -> Result<&mut Vec<u8>, Status> {
        match buffer {
            BufferKind::RequestBody => self.request_body.as_mut(),
            BufferKind::ResponseBody => self.response_body.as_mut(),
            BufferKind::VmConfiguration | BufferKind::PluginConfiguration | BufferKind::Absent => None,
        }
        .ok_or(Status::NotFound)
    }

    /// A test's own value, else the route, else what the filter has set, as `name` or as
    /// `filter_state, wasm.name`.
    pub(super) fn property(&self, path: &[u8]) -> Option<Vec<u8>> {
        let cluster = || (path == b"xds\0cluster_name").then(|| self.route.cluster().map(Into::into)).flatten();
        let state = path.strip_prefix(b"filter_state\0wasm.").unwrap_or(path);
        self.properties
            .get(path)
            .map(Into::into)
            .or_else(cluster)
            .or_else(|| self.filter_state.get(state).map(Into::into))
    }

    pub(super) fn forward(&mut self, router: &Router) {
        self.phase = Phase::Forwarded;
        self.route.settle(router, &self.request);
    }

    /// Makes the local response the response, with the headers that Envoy's `encodeLocalReply` gives it.
    pub(super) fn answer_locally(&mut self) {
        let Some(local) = &self.local_response else { return };
        if self.request.get("content-type").is_some_and(|kind| kind.starts_with("application/grpc")) {
            self.response = grpc_reply(local);
            return;
        }
        let mut headers = Headers::from([(":status", local.status.to_string())]);
        for (name, value) in local.headers.iter() {
            headers.add(name, value);
        }
        if !local.body.is_empty() {
            headers.replace("content-length", local.body.len().to_string());
            if headers.get("content-type").is_none() {
                headers.add("content-type", "text/plain");
            }
        }
        self.response = headers;
        self.response_body = (!local.body.is_empty()).then(|| local.body.clone());
    }
}

/// What Envoy tells a gRPC caller in place of a response of its own: all in the headers, with status 200.
fn grpc_reply(local: &LocalResponse) -> Headers {
    // HttpToGrpcStatus of Envoy's `status.cc`, as far as filters answer.
    let from_http = match local.status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    };
    let status = local.grpc_status.unwrap_or(from_http).to_string();
    let mut headers = Headers::from([(":status", "200"), ("content-type", "application/grpc")]);
    headers.add("grpc-status", status);
    if !local.body.is_empty() {
        headers.add("grpc-message", local.body.as_slice());
    }
    for (name, value) in local.headers.iter() {
        headers.add(name, value);
    }
    headers
}

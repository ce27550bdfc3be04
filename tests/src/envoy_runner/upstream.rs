//! The upstreams: a server for each cluster, whose response tells what it saw.
//!
//! They keep nothing, so that requests of many connections can not be mistaken for one another. What was seen is the first
//! line of the response (or the first message, or the first line on the socket), as JSON. Whatever then comes in is
//! answered by the name of the cluster, for as long as it comes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue, LOCATION, UPGRADE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::grpc;
use crate::scenario::GRPC;

/// Says how many attempts an upstream is to answer with 503.
pub(super) const FAILS: &str = "x-test-fails";
/// Says where an upstream is to redirect what comes to it for the first time.
pub(super) const REDIRECT: &str = "x-test-redirect";
/// Says that Envoy is to mirror the request.
pub(super) const MIRROR: &str = "x-test-mirror";
/// What Envoy says of a request for which it has followed a redirect.
const REDIRECTED: &str = "x-envoy-original-url";
/// Envoy's count of attempts.
const ATTEMPT: &str = "x-envoy-attempt-count";
const WEBSOCKET: &str = "websocket";

/// What an upstream saw of a request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    /// The cluster that it stands for.
    pub(super) cluster: String,
    /// Which attempt this was, from 1.
    pub(super) attempt: u32,
    /// All headers, pseudo-headers included.
    pub(super) headers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Running servers.
#[derive(Debug)]
pub(super) struct Upstreams {
    pub(super) addresses: BTreeMap<String, SocketAddr>,
    calls: Arc<AtomicU32>,
    /// Stops them when it is dropped.
    _runtime: Runtime,
}

impl Upstreams {
    /// Starts a server for each of `clusters`.
    pub(super) fn start(clusters: impl IntoIterator<Item = String>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let calls = Arc::default();
        let mut addresses = BTreeMap::new();
        for cluster in clusters {
            let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
            addresses.insert(cluster.clone(), listener.local_addr()?);
            runtime.spawn(serve(listener, cluster.into(), Arc::clone(&calls)));
        }
        Ok(Self { addresses, calls, _runtime: runtime })
    }

    /// How often any of them was called so far.
    pub(super) fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

async fn serve(listener: TcpListener, cluster: Arc<str>, calls: Arc<AtomicU32>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (cluster, calls) = (Arc::clone(&cluster), Arc::clone(&calls));
        let service = service_fn(move |request| {
            calls.fetch_add(1, Ordering::SeqCst);
            let cluster = Arc::clone(&cluster);
            async move { Ok::<_, Infallible>(answer(&cluster, request).await) }
        });
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            // A connection that breaks is the client's to notice.
            let _ = server.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
        });
    }
}

type Reply = Response<Either<Full<Bytes>, Channel<Bytes>>>;

async fn answer(cluster: &str, request: Request<Incoming>) -> Reply {
    let record = Record::of(cluster, &request);
    let number = |name| request.headers().get(name).and_then(|value| value.to_str().ok()?.parse().ok());
    let mut response = Response::new(Either::Left(Full::default()));
    if number(FAILS).is_some_and(|fails: u32| record.attempt <= fails) {
        // Envoy tries again only what it knows all of.
        let _ = request.into_body().collect().await;
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        return response;
    }
    let redirect = request.headers().get(REDIRECT).filter(|_| !request.headers().contains_key(REDIRECTED));
    if let Some(location) = redirect {
        response.headers_mut().insert(LOCATION, location.clone());
        *response.status_mut() = StatusCode::FOUND;
        return response;
    }
    let form = Form::of(&request);
    let first = form.framed(&serde_json::to_vec(&record).unwrap_or_default());
    let cluster = form.framed(cluster.as_bytes());
    match form {
        Form::Socket => {
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
            response.headers_mut().insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
            tokio::spawn(talk_over_socket(request, first, cluster));
        }
        Form::Tunnel => drop(tokio::spawn(talk_over_socket(request, first, cluster))),
        Form::Grpc | Form::Lines if request.body().is_end_stream() => *response.body_mut() = Either::Left(first.into()),
        Form::Grpc | Form::Lines => {
            let (sender, body) = Channel::new(8);
            *response.body_mut() = Either::Right(body);
            if form == Form::Grpc {
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(GRPC));
            }
            tokio::spawn(talk_over_body(request.into_body(), sender, form, first, cluster));
        }
    }
    response
}

/// What an upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Lines,
    Grpc,
    Socket,
    Tunnel,
}

impl Form {
    fn of(request: &Request<Incoming>) -> Self {
        let is = |name, value: &str| request.headers().get(name).is_some_and(|given| given == value);
        match () {
            () if request.method() == Method::CONNECT => Self::Tunnel,
            () if is(CONTENT_TYPE, GRPC) => Self::Grpc,
            () if is(UPGRADE, WEBSOCKET) => Self::Socket,
            () => Self::Lines,
        }
    }

    fn framed(self, text: &[u8]) -> Bytes {
        match self {
            Self::Lines | Self::Socket | Self::Tunnel => [text, b"\n"].concat().into(),
            Self::Grpc => grpc::framed(text),
        }
    }
}

/// Answers whatever comes in after the headers; an empty gRPC message only says that the call has begun.
async fn talk_over_body(mut incoming: Incoming, mut sender: Sender<Bytes>, form: Form, first: Bytes, cluster: Bytes) {
    let mut open = sender.send_data(first).await.is_ok();
    while let (true, Some(Ok(frame))) = (open, incoming.frame().await) {
        let data = frame.into_data().unwrap_or_default();
        if !data.is_empty() && data != grpc::framed(b"") {
            open = sender.send_data(cluster.clone()).await.is_ok();
        }
    }
    if form == Form::Grpc {
        // Nobody is left to be told if this fails.
        let _ = sender.send_trailers(grpc::trailers()).await;
    }
}

async fn talk_over_socket(request: Request<Incoming>, first: Bytes, cluster: Bytes) -> Result<()> {
    let mut socket = TokioIo::new(hyper::upgrade::on(request).await?);
    socket.write_all(&first).await?;
    let mut buffer = [0; 64];
    while socket.read(&mut buffer).await? > 0 {
        socket.write_all(&cluster).await?;
    }
    Ok(())
}

impl Record {
    fn of(cluster: &str, request: &Request<Incoming>) -> Self {
        let (uri, headers) = (request.uri(), request.headers());
        // Over HTTP/1.1 the host is a header, over HTTP/2 a part of the target.
        let host = headers.get(HOST).map(|host| host.as_bytes().to_vec());
        let authority = || uri.authority().map(|authority| authority.as_str().as_bytes().to_vec());
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = (request.method() != Method::CONNECT).then(|| (":path", path.as_bytes().to_vec()));
        let pseudo = [
            (":method", request.method().as_str().as_bytes().to_vec()),
            (":authority", host.or_else(authority).unwrap_or_default()),
        ];
        let pseudo = pseudo.into_iter().chain(path);
        let fields = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes().to_vec()));
        let attempt = headers.get(ATTEMPT).and_then(|attempt| attempt.to_str().ok()?.parse().ok());
        Self {
            cluster: cluster.to_owned(),
            attempt: attempt.unwrap_or(1),
            headers: pseudo.chain(fields).map(|(name, value)| (name.as_bytes().to_vec(), value)).collect(),
        }
    }
}

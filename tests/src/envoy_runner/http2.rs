//! HTTP/2 and gRPC: calls that can stay open.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::handshake;
use hyper::header::TE;
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::{HeaderMap, Request, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::http1::Head;
use super::{DEADLINE, grpc};
use crate::scenario::{Message, Protocol};

/// Calls a proxy, one connection a call.
#[derive(Debug)]
pub(super) struct Client(Runtime);

/// A call whose response has begun.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) head: Head,
    protocol: Protocol,
    /// None once the request has ended.
    request: Option<Sender<Bytes>>,
    response: Incoming,
    /// What came in and was not looked at yet.
    rest: Vec<u8>,
    trailers: Option<HeaderMap>,
}

/// Whether a request is complete when its response is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Complete,
    Open,
}

impl Client {
    pub(super) fn new() -> Result<Self> {
        Ok(Self(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?))
    }

    /// Sends a request and waits for the head of the response.
    pub(super) fn call(&self, proxy: SocketAddr, message: &Message, ending: Ending) -> Result<Call> {
        self.within(begin(proxy, message, ending))
    }

    /// The next line or message of the response.
    pub(super) fn next(&self, call: &mut Call) -> Result<Vec<u8>> {
        self.within(async { call.next().await?.context("the response ended") })
    }

    /// Sends something on.
    pub(super) fn talk(&self, call: &mut Call, text: &[u8]) -> Result<()> {
        let text = call.framed(text);
        let request = call.request.as_mut().context("the request has ended")?;
        self.within(async { Ok(request.send_data(text).await?) })
    }

    /// Ends the request and waits for the end of the response.
    pub(super) fn end(&self, call: Call) -> Result<()> {
        self.within(call.end())
    }

    fn within<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.0.block_on(async { timeout(DEADLINE, work).await.context("no response in time")? })
    }
}

async fn begin(proxy: SocketAddr, message: &Message, ending: Ending) -> Result<Call> {
    let (mut sender, connection) =
        handshake(TokioExecutor::new(), TokioIo::new(TcpStream::connect(proxy).await?)).await?;
    tokio::spawn(connection);
    let (mut body, channel) = Channel::<Bytes>::new(8);
    let mut request = Request::builder().method(message.method.as_slice()).uri(uri(message)?);
    if message.protocol.is_grpc() {
        request = request.header(TE, "trailers");
        body.send_data(grpc::framed(b"")).await?;
    }
    for (name, value) in &message.headers {
        request = request.header(name.as_slice(), value.as_slice());
    }
    // Dropped, it ends the request.
    let body = (ending == Ending::Open).then_some(body);
    let (parts, response) = sender.send_request(request.body(channel)?).await?.into_parts();
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    Ok(Call {
        head: Head { status: parts.status.as_u16(), headers },
        protocol: message.protocol,
        request: body,
        response,
        rest: Vec::new(),
        trailers: None,
    })
}

fn uri(message: &Message) -> Result<Uri> {
    let authority = Authority::try_from(message.authority.as_slice())?;
    let path = PathAndQuery::try_from(message.path.as_slice())?;
    Ok(Uri::builder().scheme("http").authority(authority).path_and_query(path).build()?)
}

impl Call {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            if let Some(text) = self.take() {
                return Ok(Some(text));
            }
            let Some(frame) = self.response.frame().await else {
                return Ok(None);
            };
            match frame?.into_data() {
                Ok(data) => self.rest.extend(data),
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            }
        }
    }

    /// The first line or message, if all of it is there.
    fn take(&mut self) -> Option<Vec<u8>> {
        if self.protocol.is_grpc() {
            return grpc::take_message(&mut self.rest);
        }
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let line = self.rest.drain(..=end).take(end).collect();
        Some(line)
    }

    fn framed(&self, text: &[u8]) -> Bytes {
        if self.protocol.is_grpc() { grpc::framed(text) } else { Bytes::copy_from_slice(text) }
    }

    async fn end(mut self) -> Result<()> {
        self.request = None;
        // A refusal is all in the headers.
        if self.head.headers.get(grpc::STATUS).is_some() {
            return Ok(());
        }
        if let Some(text) = self.next().await? {
            bail!("the response went on with {:?}", String::from_utf8_lossy(&text));
        }
        if self.protocol.is_grpc() {
            grpc::check(&self.trailers.unwrap_or_default())?;
        }
        Ok(())
    }
}

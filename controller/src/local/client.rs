//! Asking processes on loopback over HTTP/1.1: proxies about themselves, apps whether they are ready.

use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// The largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 16 << 20;

/// A client that keeps its connections.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient(Client<HttpConnector, Empty<&'static [u8]>>);

/// There was no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoAnswer {
    /// The connection or the answer broke off.
    #[error("does not answer: {0}")]
    Broken(String),
    /// It took too long.
    #[error("does not answer within {} s", PATIENCE.as_secs())]
    Late,
}

impl HttpClient {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// The status and the body that `GET path` has at `address`.
    pub(crate) async fn get(&self, address: SocketAddr, path: &str) -> Result<(StatusCode, String), NoAnswer> {
        timeout(PATIENCE, self.answer(address, path)).await.unwrap_or(Err(NoAnswer::Late))
    }

    async fn answer(&self, address: SocketAddr, path: &str) -> Result<(StatusCode, String), NoAnswer> {
        let uri = Uri::builder().scheme("http").authority(address.to_string()).path_and_query(path).build();
        let request = Request::get(uri.map_err(broken)?).body(Empty::new()).map_err(broken)?;
        let (head, body) = self.0.request(request).await.map_err(broken)?.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await.map_err(broken)?.to_bytes();
        Ok((head.status, String::from_utf8_lossy(&body).into_owned()))
    }
}

/// Layers of errors say little; the innermost says what the system did.
fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> NoAnswer {
    let error = error.into();
    let mut innermost: &dyn std::error::Error = error.as_ref();
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    NoAnswer::Broken(innermost.to_string())
}

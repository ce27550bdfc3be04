//! Asking programs and pods over HTTP/1.1 whether they are well.

use std::net::Ipv4Addr;
use std::time::Duration;

use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer of a component may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// A client that keeps no connections: a probe that reuses one would not notice that nobody listens any more.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient(Client<HttpConnector, Empty<&'static [u8]>>);

impl HttpClient {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http())
    }

    /// The status that a GET request has; `None` without an answer in time.
    pub(crate) async fn status(
        &self,
        request: Request<Empty<&'static [u8]>>,
        patience: Duration,
    ) -> Option<StatusCode> {
        let answer = timeout(patience, async {
            let (head, body) = self.0.request(request).await.ok()?.into_parts();
            body.collect().await.ok().map(|_| head.status)
        });
        answer.await.ok().flatten()
    }

    pub(crate) async fn is_well(&self, origin: &str, path: &str) -> bool {
        let Ok(uri) = format!("{origin}{path}").parse::<Uri>() else { return false };
        let Ok(request) = Request::get(uri).body(Empty::new()) else { return false };
        self.status(request, PATIENCE).await.is_some_and(|status| status.is_success())
    }

    pub(crate) async fn takes_connections(&self, port: u16) -> bool {
        timeout(PATIENCE, TcpStream::connect((Ipv4Addr::LOCALHOST, port))).await.is_ok_and(|tried| tried.is_ok())
    }
}

//! A client that keeps its connections, and one that never stops asking.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use axum::http::response::Parts;
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A client of what listens at one address.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    pool: hyper_util::client::legacy::Client<HttpConnector, Empty<&'static [u8]>>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, pool: hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http() }
    }

    /// The answer to `GET path` for `host`.
    pub(crate) async fn get(&self, host: &str, path: &str, headers: &[(&str, &str)]) -> Result<(StatusCode, String)> {
        let (head, body) = self.whole(host, path, headers).await?;
        Ok((head.status, body))
    }

    /// The answer with its headers.
    pub(crate) async fn whole(&self, host: &str, path: &str, headers: &[(&str, &str)]) -> Result<(Parts, String)> {
        let mut request = Request::get(format!("http://{}{path}", self.address)).header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, body) = self.pool.request(request.body(Empty::new())?).await?.into_parts();
        Ok((head, String::from_utf8(body.collect().await?.to_bytes().into())?))
    }

    /// What is served at the front door.
    pub(crate) async fn front(&self) -> Result<String> {
        let (status, answer) = self.get("shop.example.com", "/", &[]).await?;
        anyhow::ensure!(status == StatusCode::OK, "{status}: {answer}");
        Ok(answer)
    }
}

/// Clients that ask all the time.
pub(crate) struct Load {
    stop: CancellationToken,
    served: Arc<AtomicUsize>,
    clients: JoinSet<Vec<String>>,
}

impl Load {
    pub(crate) fn start(address: SocketAddr) -> Self {
        let (stop, served) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        let mut clients = JoinSet::new();
        for _ in 0..3 {
            clients.spawn(ask(Client::new(address), stop.clone(), Arc::clone(&served)));
        }
        Self { stop, served, clients }
    }

    /// Stops; how many requests were served, and what was said of those that were not.
    pub(crate) async fn end(self) -> (usize, Vec<String>) {
        self.stop.cancel();
        let lost = self.clients.join_all().await.concat();
        (self.served.load(Ordering::Relaxed), lost)
    }
}

async fn ask(client: Client, stop: CancellationToken, served: Arc<AtomicUsize>) -> Vec<String> {
    let mut lost = Vec::new();
    while !stop.is_cancelled() {
        match client.front().await {
            Ok(_) => drop(served.fetch_add(1, Ordering::Relaxed)),
            Err(error) => lost.push(format!("{error:#}")),
        }
    }
    lost
}

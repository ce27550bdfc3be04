//! Starts services, stands in for others, and asks as a client would.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{self, HeaderMap, StatusCode},
    response::IntoResponse,
};
use http_body_util::{BodyExt, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde::de::DeserializeOwned;
use shop::{Config, Origin, Service};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::{Notify, mpsc},
    task::JoinHandle,
    time,
};
use tokio_util::sync::CancellationToken;

/// Awaits what must happen soon.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> anyhow::Result<T> {
    time::timeout(Duration::from_secs(20), future).await.with_context(|| format!("waited too long for {what}"))
}

/// An instance in this process.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    serving: JoinHandle<io::Result<()>>,
}

impl Running {
    pub(crate) async fn start(config: Config) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        let (address, serving) = shop::serve(config, stop.clone()).await?;
        Ok(Self { address, stop, serving: tokio::spawn(serving) })
    }

    /// Waits for the end of an instance that was told to stop.
    pub(crate) async fn finished(self) -> anyhow::Result<()> {
        Ok(soon("the instance to finish", self.serving).await???)
    }
}

/// Stock, cart that calls it, and web that calls cart. `adjust` has the last word on each configuration.
pub(crate) async fn chain(adjust: impl Fn(Config) -> Config) -> anyhow::Result<[Running; 3]> {
    let stock = Running::start(adjust(Config::new(Service::Stock, "v1"))).await?;
    let cart = Running::start(adjust(calling(Service::Cart, stock.address)?)).await?;
    let web = Running::start(adjust(calling(Service::Web, cart.address)?)).await?;
    Ok([web, cart, stock])
}

/// `service` in version v1, calling `next`.
pub(crate) fn calling(service: Service, next: SocketAddr) -> anyhow::Result<Config> {
    Ok(Config { next: Some(origin(next)?), ..Config::new(service, "v1") })
}

pub(crate) fn origin(address: SocketAddr) -> anyhow::Result<Origin> {
    Ok(address.to_string().parse()?)
}

/// An address that refuses connections for as long as the socket is held.
pub(crate) fn nobody() -> anyhow::Result<(SocketAddr, TcpSocket)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind("127.0.0.1:0".parse()?)?;
    Ok((socket.local_addr()?, socket))
}

/// Whether `address` takes no connections any more, now or soon.
pub(crate) async fn refuses_connections(address: SocketAddr) -> anyhow::Result<()> {
    soon("connections to be refused", async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}

/// The head of a request as a stand-in received it.
pub(crate) type Received = http::request::Parts;

/// Stands in for a proxy: hands the head of each request to the test, and answers all alike.
pub(crate) async fn stand_in(
    answer: impl IntoResponse + Clone + Send + Sync + 'static,
) -> anyhow::Result<(SocketAddr, mpsc::UnboundedReceiver<Received>)> {
    let (sender, received) = mpsc::unbounded_channel();
    let router = Router::new().fallback(move |request: Request| {
        let handed_over = sender.send(request.into_parts().0);
        let answer = answer.clone();
        async move {
            match handed_over {
                Ok(()) => answer.into_response(),
                Err(_) => StatusCode::GONE.into_response(),
            }
        }
    });
    Ok((spawn(router).await?, received))
}

/// Stands in for a service that answers only when the test lets it.
#[derive(Default)]
pub(crate) struct Gate {
    pub(crate) reached: Notify,
    pub(crate) open: Notify,
}

impl Gate {
    pub(crate) async fn start(self: &Arc<Self>, answer: String) -> anyhow::Result<SocketAddr> {
        let gate = Arc::clone(self);
        let router = Router::new().fallback(move || {
            let (gate, answer) = (Arc::clone(&gate), answer.clone());
            async move {
                gate.reached.notify_one();
                gate.open.notified().await;
                answer
            }
        });
        spawn(router).await
    }
}

async fn spawn(router: Router) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(axum::serve(listener, router).into_future());
    Ok(address)
}

/// Sends a GET and waits for the head of the answer.
pub(crate) async fn open(address: SocketAddr, path: &str, headers: HeaderMap) -> anyhow::Result<http::Response<Body>> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let mut request = http::Request::get(format!("http://{address}{path}")).body(Empty::new())?;
    *request.headers_mut() = headers;
    Ok(soon(path, client.request(request)).await??.map(Body::new))
}

/// The status and the JSON that a GET is answered with.
pub(crate) async fn get<T: DeserializeOwned>(
    address: SocketAddr,
    path: &str,
    headers: HeaderMap,
) -> anyhow::Result<(StatusCode, T)> {
    let (head, body) = open(address, path, headers).await?.into_parts();
    let body = soon("the body", body.collect()).await??.to_bytes();
    let json = serde_json::from_slice(&body).with_context(|| format!("{}: {body:?}", head.status))?;
    Ok((head.status, json))
}

/// Headers as written, repeated names included.
pub(crate) fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for &(name, value) in lines {
        headers.append(name, http::HeaderValue::from_static(value));
    }
    headers
}

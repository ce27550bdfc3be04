//! The call to the next service of the chain, over the protocol which that service speaks.
//!
//! Invariant: whatever goes wrong, within [`PATIENCE`] there is a [`Failure`] that names the hop and the cause.

use std::{error::Error, iter, time::Duration};

use axum::{
    body::Bytes,
    http::{HeaderMap, Request, StatusCode, Uri},
};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::{
    client::legacy::{Client, Error as ClientError},
    rt::TokioExecutor,
};
use tokio::time;
use tonic::{
    Extensions, Status,
    metadata::MetadataMap,
    transport::{Channel, Endpoint},
};

use crate::{
    Config, Failure, Forward, Hop, InvalidConfig, Origin, Service,
    dialer::Dialer,
    proto::{ReserveRequest, stock_client::StockClient},
};

/// How long a call may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer read, in bytes. A chain is well under one kilobyte.
const LARGEST_ANSWER: usize = 64 * 1024;

/// The one service that an instance calls.
#[derive(Debug)]
pub(crate) struct Next {
    service: Service,
    protocol: Protocol,
    forward: Forward,
    caller: String,
}

#[derive(Debug)]
enum Protocol {
    Http { client: Box<HttpClient>, uri: Uri },
    Grpc(StockClient<Channel>),
}

type HttpClient = Client<Dialer, Empty<Bytes>>;

impl Next {
    /// The service behind that of `config`, if there is one. Connects only when it is called.
    pub(crate) fn of(config: &Config) -> Result<Option<Self>, InvalidConfig> {
        let dialer = Dialer::new(config.egress.clone());
        let origin = |usual| config.next.clone().unwrap_or_else(|| Origin::from_static(usual));
        let (service, protocol) = match (config.service, &config.next) {
            (Service::Web, _) => (Service::Cart, Protocol::http(&origin("http://cart.shop"), dialer)),
            (Service::Cart, _) => (Service::Stock, Protocol::grpc(&origin("http://stock.shop"), dialer)),
            (Service::Stock, Some(next)) => return Err(InvalidConfig::StockCallsNobody(next.clone())),
            (Service::Stock, None) => return Ok(None),
        };
        Ok(Some(Self { service, protocol, forward: config.forward, caller: config.instance_name() }))
    }

    /// Calls it on behalf of a request with the headers `inbound`.
    pub(crate) async fn call(&self, inbound: &HeaderMap) -> Result<Hop, Failure> {
        let headers = self.forward.select(inbound);
        let answer = time::timeout(PATIENCE, self.protocol.call(headers)).await;
        answer.unwrap_or(Err(CallError::Silent)).map_err(|error| match error {
            CallError::Further(failure) => failure,
            other => Failure { hop: self.service, seen_by: self.caller.clone(), cause: other.to_string() },
        })
    }
}

/// Why a call brought no hop.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error("no answer: {}", chain_of(.0))]
    Transport(#[from] ClientError),
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Silent,
    #[error("the answer broke off: {0}")]
    BrokeOff(Box<dyn Error + Send + Sync>),
    #[error("answered {status}: {body}")]
    Refused { status: StatusCode, body: String },
    #[error("answered 200 with what is no hop: {0}")]
    NotAHop(#[from] serde_json::Error),
    #[error("gRPC status {:?}: {}", .0.code(), grpc_message(.0))]
    Grpc(#[from] Status),
    #[error(transparent)]
    Further(Failure),
}

impl Protocol {
    fn http(origin: &Origin, dialer: Dialer) -> Self {
        let client = Client::builder(TokioExecutor::new()).build(dialer);
        Self::Http { client: Box::new(client), uri: origin.uri().clone() }
    }

    fn grpc(origin: &Origin, dialer: Dialer) -> Self {
        let channel = Endpoint::from(origin.uri().clone()).connect_with_connector_lazy(dialer);
        Self::Grpc(StockClient::new(channel))
    }

    async fn call(&self, headers: HeaderMap) -> Result<Hop, CallError> {
        match self {
            Self::Http { client, uri } => get(client, uri.clone(), headers).await,
            Self::Grpc(client) => reserve(client.clone(), headers).await,
        }
    }
}

async fn get(client: &HttpClient, uri: Uri, headers: HeaderMap) -> Result<Hop, CallError> {
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    let (head, body) = client.request(request).await?.into_parts();
    let body = Limited::new(body, LARGEST_ANSWER).collect().await.map_err(CallError::BrokeOff)?.to_bytes();
    if head.status == StatusCode::OK {
        return Ok(serde_json::from_slice(&body)?);
    }
    // A service of the shop names the hop that failed; anything else that answers, such as a proxy, gets quoted.
    Err(serde_json::from_slice(&body).map_or_else(
        |_| CallError::Refused { status: head.status, body: String::from_utf8_lossy(&body).trim().to_owned() },
        CallError::Further,
    ))
}

async fn reserve(mut client: StockClient<Channel>, headers: HeaderMap) -> Result<Hop, CallError> {
    let metadata = MetadataMap::from_headers(headers);
    let request = || tonic::Request::from_parts(metadata.clone(), Extensions::default(), ReserveRequest {});
    let answer = match client.reserve(request()).await {
        Err(status) if never_left(&status) => client.reserve(request()).await?,
        answer => answer?,
    };
    Ok(answer.into_inner().into())
}

/// Whether the call was still to be sent when its connection was closed. Most libraries of gRPC send such a call again by
/// themselves ("transparent retries", gRPC proposal A6).
fn never_left(status: &Status) -> bool {
    let causes = iter::successors(status.source(), |&error| error.source());
    causes.filter_map(|error| error.downcast_ref::<hyper::Error>()).any(hyper::Error::is_canceled)
}

/// An error and its sources: the outermost says what was tried, the innermost what the system answered.
fn chain_of(error: &(dyn Error + 'static)) -> String {
    let mut links: Vec<_> = iter::successors(Some(error), |&link| link.source()).map(ToString::to_string).collect();
    // Some layers only repeat the one below them.
    links.dedup();
    links.join(": ")
}

/// The message of a gRPC status: the peer's, or the client's own with its sources.
fn grpc_message(status: &Status) -> String {
    status.source().map_or_else(|| status.message().to_owned(), chain_of)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_service_that_never_answers_is_given_up_on() -> anyhow::Result<()> {
        // The system accepts the connection, and nobody ever reads from it.
        let silent = TcpListener::bind("127.0.0.1:0").await?;
        let origin = Some(silent.local_addr()?.to_string().parse()?);
        for service in [Service::Web, Service::Cart] {
            let next = Next::of(&Config { next: origin.clone(), ..Config::new(service, "v1") })?.unwrap();
            let begin = time::Instant::now();
            let failure = next.call(&HeaderMap::new()).await.unwrap_err();

            assert_eq!(failure.cause, "no answer within 10 s", "{service}");
            assert_eq!(begin.elapsed().as_secs(), PATIENCE.as_secs());
        }
        Ok(())
    }
}

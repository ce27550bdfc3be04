//! The gRPC face of stock, and its messages.

use std::sync::Arc;

use futures_util::{StreamExt, stream::BoxStream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::{
    Hop, Service,
    instance::{Instance, NoAnswer},
    updates::{self, updates},
};

#[expect(clippy::pedantic, reason = "generated code has a style of its own")]
/// The messages, the client and the server of `proto/stock.proto`.
pub mod proto {
    tonic::include_proto!("shop.v1");
}

use proto::{
    Answer, ReserveRequest, Update, WatchRequest,
    stock_server::{Stock, StockServer},
};

/// The HTTP paths of the service: `/PACKAGE.SERVICE/METHOD`, as gRPC over HTTP/2 defines them.
pub(crate) const PATH: &str = "/shop.v1.Stock/{method}";

/// The service that answers on [`PATH`] as `instance` does.
pub(crate) fn service(instance: Arc<Instance>, stop: CancellationToken) -> StockServer<impl Stock> {
    StockServer::new(Face { instance, stop })
}

#[derive(Debug)]
struct Face {
    instance: Arc<Instance>,
    stop: CancellationToken,
}

#[tonic::async_trait]
impl Stock for Face {
    async fn reserve(&self, request: Request<ReserveRequest>) -> Result<Response<Answer>, Status> {
        let headers = request.into_parts().0.into_headers();
        match self.instance.answer(&headers).await {
            Ok(hop) => Ok(Response::new(hop.into())),
            // The caller knows whom it called: the cause is news to it.
            Err(NoAnswer::Own(failure) | NoAnswer::Downstream(failure)) => Err(Status::internal(failure.cause)),
        }
    }

    type WatchStream = BoxStream<'static, Result<Update, Status>>;

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let headers = request.into_parts().0.into_headers();
        let updates = updates(self.instance.hop(&headers), self.stop.clone());
        Ok(Response::new(updates.map(|update| Ok(update.into())).boxed()))
    }
}

impl From<Hop> for Answer {
    /// The hop without those behind it: stock ends the chain.
    fn from(hop: Hop) -> Self {
        let Hop { service: _, version, instance, lane, saw_version_header, next: _ } = hop;
        Self { version, instance, lane, saw_version_header }
    }
}

impl From<Answer> for Hop {
    fn from(answer: Answer) -> Self {
        let Answer { version, instance, lane, saw_version_header } = answer;
        Self { service: Service::Stock, version, instance, lane, saw_version_header, next: None }
    }
}

impl From<updates::Update> for Update {
    fn from(update: updates::Update) -> Self {
        Self { number: update.number, by: Some(update.by.into()) }
    }
}

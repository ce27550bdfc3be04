//! How a connection to another service is made: to its host, or to the sidecar's outbound listener in its stead.
//!
//! Only the connection goes elsewhere. The request keeps the name of the service as its authority, by which the sidecar
//! knows where to send it.

use std::task::{Context, Poll};

use axum::http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

use crate::Origin;

/// Connects the clients of both protocols.
#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    tcp: HttpConnector,
    egress: Option<Origin>,
}

impl Dialer {
    pub(crate) fn new(egress: Option<Origin>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        Self { tcp, egress }
    }
}

impl Service<Uri> for Dialer {
    type Response = <HttpConnector as Service<Uri>>::Response;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = <HttpConnector as Service<Uri>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.tcp.poll_ready(context)
    }

    fn call(&mut self, service: Uri) -> Self::Future {
        self.tcp.call(self.egress.as_ref().map_or(service, |egress| egress.uri().clone()))
    }
}

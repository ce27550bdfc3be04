//! Probes, metrics and the module, over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::metrics::Metrics;
use super::module::Filter;
use super::{Error, Module, Options};
use crate::cluster::ModuleSource;

/// The server, before it serves.
pub(super) struct Server {
    listener: TcpListener,
    router: Router,
    module: ModuleSource,
}

impl Server {
    /// Reads the module and takes the address.
    pub(super) async fn bind(options: &Options, metrics: Arc<Metrics>) -> Result<Self, Error> {
        let address = options.listen;
        let listener = TcpListener::bind(address).await.map_err(|cause| Error::Listen { address, cause })?;
        let probes = Router::new()
            .route("/healthz", get(|| std::future::ready("alive\n")))
            .route("/readyz", get(readiness))
            .route("/metrics", get(told))
            .with_state(metrics);
        let (router, module) = match &options.module {
            Module::Elsewhere { url, sha256 } => (probes, ModuleSource { url: url.clone(), sha256: sha256.clone() }),
            Module::Served(file) => {
                let bytes = tokio::fs::read(file).await;
                let bytes = bytes.map_err(|cause| Error::Module { file: file.clone(), cause })?;
                let filter = Filter::read(Bytes::from(bytes));
                let filter = filter.map_err(|why| Error::Unfit { file: file.clone(), why })?;
                let source = filter.source(&options.advertised_url);
                (probes.merge(filter.serve()), source)
            }
        };
        Ok(Self { listener, router, module })
    }

    /// Where proxies get the module from.
    pub(super) fn module(&self) -> ModuleSource {
        self.module.clone()
    }

    /// Serves until `stop`.
    pub(super) async fn serve(self, stop: CancellationToken) {
        let stopped = stop.cancelled_owned();
        if let Err(error) = axum::serve(self.listener, self.router).with_graceful_shutdown(stopped).await {
            warn!(%error, "nothing is served any more");
        }
    }
}

async fn readiness(State(metrics): State<Arc<Metrics>>) -> (StatusCode, &'static str) {
    if metrics.is_ready() {
        (StatusCode::OK, "everything is watched\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not everything is watched yet; the log says what is missing\n")
    }
}

async fn told(State(metrics): State<Arc<Metrics>>) -> String {
    metrics.text()
}

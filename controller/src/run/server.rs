//! Probes, metrics and the module, over HTTP.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::metrics::Metrics;
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
                served(probes, &options.advertised_url, Bytes::from(bytes))
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

/// The module at an address that names its content: another module is at another address, and no cache is ever stale.
fn served(router: Router, advertised: &str, module: Bytes) -> (Router, ModuleSource) {
    let mut sha256 = String::with_capacity(64);
    for byte in Sha256::digest(&module) {
        // Writing to a string can not fail.
        let _ = write!(sha256, "{byte:02x}");
    }
    let path = format!("/module/{sha256}.wasm");
    let url = format!("{}{path}", advertised.trim_end_matches('/'));
    let router = router.route(&path, get(move || std::future::ready(([("content-type", "application/wasm")], module))));
    (router, ModuleSource { url, sha256: Some(sha256) })
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

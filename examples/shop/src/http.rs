//! The routes of an instance and the JSON they answer with.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::{
    Hop, Service, grpc,
    instance::{Instance, NoAnswer},
    updates::updates,
};

/// Everything that `instance` serves on its one port. `stop` ends its endless streams.
pub(crate) fn router(instance: &Arc<Instance>, stop: &CancellationToken) -> Router {
    let http = Router::new()
        .route("/healthz", get("ok\n"))
        .route("/slow", get(slow))
        .route("/events", get(events))
        .fallback(answer)
        .with_state(App { instance: Arc::clone(instance), stop: stop.clone() });
    match instance.service() {
        Service::Web | Service::Cart => http,
        Service::Stock => http.route_service(grpc::PATH, grpc::service(Arc::clone(instance), stop.clone())),
    }
}

#[derive(Debug, Clone)]
struct App {
    instance: Arc<Instance>,
    stop: CancellationToken,
}

/// Any method on any other path: the chain.
async fn answer(State(app): State<App>, headers: HeaderMap) -> Result<Json<Hop>, NoAnswer> {
    Ok(Json(app.instance.answer(&headers).await?))
}

#[derive(Deserialize)]
struct Delay {
    /// Milliseconds.
    ms: u64,
}

/// The chain, a while later.
async fn slow(app: State<App>, Query(delay): Query<Delay>, headers: HeaderMap) -> Result<Json<Hop>, NoAnswer> {
    time::sleep(Duration::from_millis(delay.ms)).await;
    answer(app, headers).await
}

/// One line of JSON per update, until the client goes or the instance stops.
async fn events(State(app): State<App>, headers: HeaderMap) -> Response {
    let lines = updates(app.instance.hop(&headers), app.stop).map(|update| {
        let mut line = serde_json::to_vec(&update)?;
        line.push(b'\n');
        Ok::<_, serde_json::Error>(Bytes::from(line))
    });
    ([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

impl IntoResponse for NoAnswer {
    fn into_response(self) -> Response {
        match self {
            Self::Own(failure) => (StatusCode::INTERNAL_SERVER_ERROR, Json(failure)),
            Self::Downstream(failure) => (StatusCode::BAD_GATEWAY, Json(failure)),
        }
        .into_response()
    }
}

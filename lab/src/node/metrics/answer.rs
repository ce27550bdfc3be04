//! What is answered: for each pod that is asked about, what its containers have used of late.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use procfs::ProcError;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::super::{ContainerName, Site};
use super::usage::{Usage, of_groups};
use super::{GROUP, VERSION};

/// For how long is measured.
const WINDOW: Duration = Duration::from_secs(2);

/// Which pods are asked about, in the words of the API server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Selection {
    label_selector: Option<String>,
    field_selector: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("pods can not be listed: {0}")]
    Pods(#[from] kube::Error),
    #[error("processes can not be looked at: {0}")]
    Processes(#[from] ProcError),
    #[error("pod \"{0}\" has not run for long enough")]
    NoPod(String),
}

/// One measurement, by groups of processes.
struct Measured {
    before: BTreeMap<u32, Usage>,
    after: BTreeMap<u32, Usage>,
    window: Duration,
    at: Timestamp,
}

/// Answers what a client of the API asks.
pub(super) fn router(site: Arc<Site>) -> Router {
    let root = format!("/apis/{GROUP}/{VERSION}");
    Router::new()
        .route(&root, get(resources))
        .route(&format!("{root}/pods"), get(all_pods))
        .route(&format!("{root}/namespaces/{{namespace}}/pods"), get(pods))
        .route(&format!("{root}/namespaces/{{namespace}}/pods/{{name}}"), get(pod))
        .with_state(site)
}

async fn resources() -> Json<Value> {
    Json(json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": format!("{GROUP}/{VERSION}"),
        "resources": [
            {"name": "pods", "singularName": "pod", "namespaced": true, "kind": "PodMetrics", "verbs": ["get", "list"]},
        ],
    }))
}

async fn all_pods(State(site): State<Arc<Site>>, Query(asked): Query<Selection>) -> Result<Json<Value>, NoAnswer> {
    list(&site, Api::all(site.client.clone()), asked).await
}

async fn pods(
    State(site): State<Arc<Site>>,
    Path(namespace): Path<String>,
    Query(asked): Query<Selection>,
) -> Result<Json<Value>, NoAnswer> {
    list(&site, site.pods(&namespace), asked).await
}

async fn pod(
    State(site): State<Arc<Site>>,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Json<Value>, NoAnswer> {
    let pod = site.pods(&namespace).get(&name).await?;
    let metrics = measure().await?.metrics_of(&site, &pod);
    metrics.map(Json).ok_or(NoAnswer::NoPod(name))
}

async fn list(site: &Site, pods: Api<Pod>, asked: Selection) -> Result<Json<Value>, NoAnswer> {
    let Selection { label_selector, field_selector } = asked;
    let pods = pods.list(&ListParams { label_selector, field_selector, ..ListParams::default() }).await?;
    let measured = measure().await?;
    let items: Vec<_> = pods.iter().filter_map(|pod| measured.metrics_of(site, pod)).collect();
    let kind = "PodMetricsList";
    Ok(Json(json!({"kind": kind, "apiVersion": format!("{GROUP}/{VERSION}"), "metadata": {}, "items": items})))
}

async fn measure() -> Result<Measured, NoAnswer> {
    let (before, begun) = (of_groups()?, Instant::now());
    sleep(WINDOW).await;
    let (after, window) = (of_groups()?, begun.elapsed());
    Ok(Measured { before, after, window, at: Timestamp::now() })
}

impl Measured {
    /// What a pod has used, if all of its containers have run for the whole time.
    fn metrics_of(&self, site: &Site, pod: &Pod) -> Option<Value> {
        let spec = pod.spec.as_ref()?;
        let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
        let containers: Option<Vec<_>> = containers
            .map(|container| {
                let name = ContainerName::of(pod, &container.name);
                let process = site.with_processes(|processes| processes.get(&name).copied())?;
                Some(json!({"name": container.name, "usage": self.usage_of(process)?}))
            })
            .collect();
        Some(json!({
            "kind": "PodMetrics",
            "apiVersion": format!("{GROUP}/{VERSION}"),
            "metadata": {"name": pod.name_any(), "namespace": pod.namespace(), "labels": pod.labels()},
            "timestamp": self.at,
            "window": format!("{}ms", self.window.as_millis()),
            "containers": containers?,
        }))
    }

    /// Processors, in billionths of one, and memory, as quantities.
    fn usage_of(&self, group: u32) -> Option<Value> {
        let (before, after) = (self.before.get(&group)?, self.after.get(&group)?);
        let processor = after.processor.saturating_sub(before.processor).div_duration_f64(self.window);
        Some(json!({"cpu": format!("{:.0}n", processor * 1e9), "memory": format!("{}Ki", after.memory / 1024)}))
    }
}

impl IntoResponse for NoAnswer {
    fn into_response(self) -> Response {
        let code = match &self {
            Self::NoPod(_) => StatusCode::NOT_FOUND,
            Self::Pods(kube::Error::Api(answer)) => {
                StatusCode::from_u16(answer.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
            Self::Pods(_) | Self::Processes(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let message = self.to_string();
        let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code.as_u16(), "message": message});
        (code, Json(status)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_what_was_used_in_the_window() {
        let usage = |processor, memory| Usage { processor: Duration::from_millis(processor), memory };
        let measured = Measured {
            before: BTreeMap::from([(7, usage(5_000, 1 << 20))]),
            after: BTreeMap::from([(7, usage(5_500, 2 << 20)), (8, usage(10, 1))]),
            window: Duration::from_secs(2),
            at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(measured.usage_of(7), Some(json!({"cpu": "250000000n", "memory": "2048Ki"})));
        assert_eq!(measured.usage_of(8), None, "it began in the middle");
    }
}

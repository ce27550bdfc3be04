//! The metrics of pods: what autoscalers go by, and `kubectl top pods` shows.
//!
//! As in any cluster they are an API of their own, `metrics.k8s.io`, to which the API server hands over what it is asked for;
//! its credentials are not looked at, because nobody else reaches the lab. Nothing is measured unless somebody asks.

mod answer;
mod server;
mod usage;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::{APIService, APIServiceSpec, ServiceReference};
use kube::Client;
use kube::api::{Api, ObjectMeta, Patch, PatchParams};
use kube::runtime::wait::await_condition;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::Site;
use crate::manifest::{self, CannotApply};

/// The API.
const GROUP: &str = "metrics.k8s.io";
const VERSION: &str = "v1beta1";

/// The Service by which the API server finds it.
const NAMESPACE: &str = "kube-system";
const SERVICE: &str = "metrics";
const SERVICE_PORT: u16 = 443;

/// The port that the Service leads to, inside the lab.
const PORT: u16 = 10_443;

/// How long the API server may take to serve it.
const PATIENCE: Duration = Duration::from_mins(1);
const PERIOD: Duration = Duration::from_millis(50);

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
pub enum NoMetrics {
    /// The server has no certificate.
    #[error("no certificate for the server of metrics: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS is not possible.
    #[error("no TLS for the server of metrics: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
    /// The system refuses something ordinary.
    #[error("the server of metrics can not listen at port {PORT} of the lab: {0}")]
    Listen(#[from] std::io::Error),
    /// The API server refuses what announces it.
    #[error(transparent)]
    Apply(#[from] CannotApply),
    /// The API server refuses the API.
    #[error("the API server does not take {GROUP}/{VERSION} from us: {0}")]
    Refused(#[from] kube::Error),
    /// The API server does not reach it.
    #[error("the API server does not serve {GROUP}/{VERSION} after {} s; its log says why", PATIENCE.as_secs())]
    NotServed,
}

/// Serves the metrics of a node's pods for as long as the task lives, and returns once the API server does, too.
pub(super) async fn serve(site: Arc<Site>) -> Result<JoinHandle<()>, NoMetrics> {
    let client = site.client.clone();
    let (server, certificate) = server::listen(&format!("{SERVICE}.{NAMESPACE}.svc")).await?;
    let task = tokio::spawn(server.run(answer::router(site)));
    let announced = timeout(PATIENCE, announce(&client, certificate)).await;
    announced.map_err(|_| NoMetrics::NotServed)??;
    Ok(task)
}

/// Announces the API once it is reached: the API server looks at once, and then not for seconds.
async fn announce(client: &Client, certificate: String) -> Result<(), NoMetrics> {
    manifest::apply(client, include_str!("../../../manifests/metrics.yaml")).await?;
    let services: Api<Service> = Api::namespaced(client.clone(), NAMESPACE);
    let address = services.get(SERVICE).await?.spec.and_then(|spec| spec.cluster_ip).unwrap_or_default();
    while TcpStream::connect((&*address, SERVICE_PORT)).await.is_err() {
        sleep(PERIOD).await;
    }
    let apis: Api<APIService> = Api::all(client.clone());
    let name = format!("{VERSION}.{GROUP}");
    let patch = PatchParams::apply("graylane-lab").force();
    apis.patch(&name, &patch, &Patch::Apply(api(&name, certificate))).await?;
    // Asked again where watching has failed: `PATIENCE` is the end of it.
    while await_condition(apis.clone(), &name, is_available).await.is_err() {
        sleep(PERIOD).await;
    }
    Ok(())
}

fn api(name: &str, certificate: String) -> APIService {
    APIService {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        spec: Some(APIServiceSpec {
            group: Some(GROUP.to_owned()),
            version: Some(VERSION.to_owned()),
            group_priority_minimum: 100,
            version_priority: 100,
            service: Some(ServiceReference {
                namespace: Some(NAMESPACE.to_owned()),
                name: Some(SERVICE.to_owned()),
                port: Some(SERVICE_PORT.into()),
            }),
            ca_bundle: Some(ByteString(certificate.into_bytes())),
            ..APIServiceSpec::default()
        }),
        ..APIService::default()
    }
}

fn is_available(api: Option<&APIService>) -> bool {
    let conditions = api.and_then(|api| api.status.as_ref()?.conditions.as_ref());
    conditions.is_some_and(|conditions| conditions.iter().any(|one| one.type_ == "Available" && one.status == "True"))
}

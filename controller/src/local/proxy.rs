//! A proxy: how it is started, and what it tells of itself on its admin port.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use graylane_core::name::LaneName;
use http::StatusCode;
use tokio::sync::watch;
use tokio::time::sleep;

use super::client::{HttpClient, NoAnswer};
use super::event::{Event, ProcessName, Reporter};
use super::port::Port;
use super::process::{Program, Site};
use super::supervise::{Life, Supervised};
use super::{Error, lag, state};
use crate::envoy::stats::{self, Sample};
use crate::envoy::{Bootstrap, Listener, Resource};

/// A proxy of the mesh, and where it can be asked.
#[derive(Debug, Clone)]
pub struct Proxy {
    name: String,
    admin: SocketAddr,
    listeners: Vec<Listener>,
    client: HttpClient,
}

/// Addresses without names, and a warning for proxies that guard a network.
const NOISE: [&str; 3] = ["[backtrace]", "[envoy_bug]", "There is no configured limit to the number of allowed active"];

/// What keeps a proxy running.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) supervised: Supervised,
    _admin: Port,
}

impl Proxy {
    /// The name of the replica that it belongs to, or `gateway`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it can be asked: Envoy's administration interface.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Where it listens.
    #[must_use]
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// What the filters on it have counted.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn metrics(&self) -> Result<Vec<Sample>, NoAnswer> {
        // Envoy keeps what modules count under this name, and leaves it out for Prometheus.
        let text = self.ask("/stats/prometheus?filter=^wasmcustom").await?;
        Ok(stats::samples(&text).collect())
    }

    /// Starts a proxy of the group `group`, whose app begins requests in `lane`, and keeps it running.
    pub(super) fn start(
        site: &Arc<Site>,
        process: ProcessName,
        group: &str,
        lane: Option<&LaneName>,
        listeners: Vec<Listener>,
    ) -> Result<(Self, Running), Error> {
        let admin = Port::keep(0).map_err(|cause| Error::System { verb: "find a free port", cause })?;
        let name = match &process {
            ProcessName::App(name) | ProcessName::Proxy(name) => name.clone(),
            ProcessName::Gateway => "gateway".to_owned(),
        };
        let files = site.state.published();
        let bootstrap = Bootstrap {
            node: &name,
            group,
            lane,
            admin: admin.address(),
            listeners: &listeners,
            files: &files,
            tracing: site.tracing.as_ref(),
        }
        .to_json();
        let file = site.state.bootstrap(&process.file_name());
        state::replace(&file, bootstrap.to_string().as_bytes())?;
        let workers = site.workers.to_string();
        let options = ["--disable-hot-restart", "--concurrency", &workers, "--log-level", "warning", "--config-path"];
        let program = Program {
            name: process,
            file: site.envoy.clone(),
            arguments: options.into_iter().map(Into::into).chain([file.into_os_string()]).collect(),
            environment: Vec::new(),
            folder: site.dir.clone(),
            noise: &NOISE,
            grace: Duration::from_secs(2),
        };
        let proxy = Self { name, admin: admin.address(), listeners, client: site.client.clone() };
        let process = program.name.clone();
        let supervised = Supervised::start(program, site);
        tokio::spawn(proxy.clone().tell_returns(process, supervised.life.clone(), site.reporter.clone()));
        Ok((proxy, Running { supervised, _admin: admin }))
    }

    /// Tells whenever it goes by what is published again after it had ended by itself, until it is stopped for good.
    async fn tell_returns(self, process: ProcessName, mut life: watch::Receiver<Life>, reporter: Reporter) {
        while life.wait_for(|life| *life == Life::Failed).await.is_ok() {
            let returned = async {
                loop {
                    if let Some(generation) = lag::reported(&self).await {
                        return generation;
                    }
                    sleep(lag::PERIOD).await;
                }
            };
            let stopped = async { while life.changed().await.is_ok() {} };
            tokio::select! {
                generation = returned => reporter.tell(Event::ProxyReturned { process: process.clone(), generation }),
                () = stopped => return,
            }
        }
    }

    /// Whether it watches the file of `resource`.
    pub(super) fn watches(&self, resource: Resource) -> bool {
        let by_listener = |listener: &Listener| listener.resources().any(|watched| watched == resource);
        resource == Resource::Clusters || self.listeners.iter().any(by_listener)
    }

    /// Whether it takes connections.
    pub(super) async fn is_ready(&self) -> bool {
        let answer = self.client.get(self.admin, "/ready").await;
        answer.is_ok_and(|(status, _)| status == StatusCode::OK)
    }

    /// Which versions of its resources it goes by.
    pub(super) async fn versions(&self) -> Result<BTreeMap<String, u64>, NoAnswer> {
        let text = self.ask("/stats?filter=version_text").await?;
        let number = |(name, version): (&str, &str)| Some((name.to_owned(), version.parse().ok()?));
        Ok(stats::texts(&text).into_iter().filter_map(number).collect())
    }

    /// Whether requests to its app have not been answered yet. A proxy that does not answer has none.
    pub(super) async fn has_open_requests(&self) -> bool {
        let text = self.ask("/stats?filter=^http.inbound.downstream_rq_active$").await;
        text.is_ok_and(|text| text.trim() != "http.inbound.downstream_rq_active: 0")
    }

    async fn ask(&self, path: &str) -> Result<String, NoAnswer> {
        Ok(self.client.get(self.admin, path).await?.1)
    }
}

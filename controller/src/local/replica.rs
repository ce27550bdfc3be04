//! A replica: an app and its proxy, which are started and stopped together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::Error;
use super::event::{Event, ProcessName};
use super::lag;
use super::port::Port;
use super::process::{Program, Site};
use super::proxy::{self, Proxy};
use super::readiness::{Progress, Watcher};
use super::supervise::Supervised;
use super::wanted::{App, Version};
use crate::envoy::{Listener, Resource};

/// How long an app may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(5);
/// How long requests that are under way may take when a replica is not wanted any more.
const DRAIN: Duration = Duration::from_secs(10);

/// One replica that runs.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) app: Arc<App>,
    pub(super) proxy: Proxy,
    /// Whether it is still wanted. One that is not stops as soon as nothing leads to it.
    pub(super) standing: Standing,
    inbound: Port,
    /// Where the app serves, and where it calls others.
    _kept: [Port; 2],
    process: Supervised,
    running_proxy: proxy::Running,
    progress: watch::Receiver<Progress>,
    watcher: JoinHandle<()>,
}

/// Whether a replica is still wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is.
    Wanted,
    /// It is not.
    Leaving,
}

impl Replica {
    /// Starts the replica `name` of `version`.
    pub(super) fn start(site: &Arc<Site>, name: String, version: Version, app: Arc<App>) -> Result<Self, Error> {
        let port = || Port::keep(0).map_err(|cause| Error::System { verb: "find a free port", cause });
        let (listen, inbound, egress) = (port()?, port()?, port()?);
        let listeners = vec![
            Listener::Inbound { address: inbound.address(), app: listen.address(), protocol: app.protocol },
            Listener::Outbound { address: egress.address() },
        ];
        let (service, version_name) = &version;
        let group = format!("{service}/{version_name}");
        let proxy_name = ProcessName::Proxy(name.clone());
        let (proxy, running_proxy) = Proxy::start(site, proxy_name, &group, app.lane.as_ref(), listeners)?;
        let process = Supervised::start(program(site, &name, &app, listen.address(), egress.address()), site);
        let (told, progress) = watch::channel(Progress::Starting);
        let watcher = Watcher {
            site: Arc::clone(site),
            replica: name.clone(),
            app: listen.address(),
            path: app.readiness.clone(),
            proxy: proxy.clone(),
            app_life: process.life.clone(),
            proxy_life: running_proxy.supervised.life.clone(),
            progress: told,
        };
        let watcher = tokio::spawn(watcher.watch());
        let (standing, kept) = (Standing::Wanted, [listen, egress]);
        Ok(Self {
            name,
            version,
            app,
            proxy,
            standing,
            inbound,
            _kept: kept,
            process,
            running_proxy,
            progress,
            watcher,
        })
    }

    /// Where it takes requests.
    pub(super) fn inbound(&self) -> SocketAddr {
        self.inbound.address()
    }

    pub(super) fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// Stops it after its last request: `others` must have taken `expected`, by which nothing leads to it.
    pub(super) async fn retire(self, site: Arc<Site>, others: Vec<Proxy>, expected: Vec<(Resource, u64)>) {
        tokio::select! {
            () = self.drained(&others, &expected) => {}
            () = site.closing.cancelled() => {}
        }
        let replica = self.name.clone();
        self.stop().await;
        site.reporter.tell(Event::ReplicaStopped { replica });
    }

    async fn drained(&self, others: &[Proxy], expected: &[(Resource, u64)]) {
        let deadline = Instant::now() + DRAIN;
        for lag in lag::until_taken(others, expected, deadline).await {
            tracing::warn!("{} is stopped though {lag}", self.name);
        }
        while self.proxy.has_open_requests().await && Instant::now() < deadline {
            sleep(lag::PERIOD).await;
        }
    }

    /// Stops it at once.
    pub(super) async fn stop(self) {
        self.watcher.abort();
        tokio::join!(self.process.stop(), self.running_proxy.supervised.stop());
    }
}

fn program(site: &Site, name: &str, app: &App, listen: SocketAddr, egress: SocketAddr) -> Program {
    let (file, arguments, environment) = app.expanded(name, listen, egress);
    let folder = site.dir.join(&app.folder);
    // A path is meant from where the app runs; a bare name is looked up on PATH.
    let is_path = file.components().count() > 1;
    Program {
        name: ProcessName::App(name.to_owned()),
        file: if is_path { folder.join(file) } else { file },
        arguments: arguments.into_iter().map(Into::into).collect(),
        environment,
        folder,
        noise: &[],
        grace: GRACE,
    }
}

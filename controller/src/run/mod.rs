//! The controller in a cluster: look, decide, store, write, and again.
//!
//! Everything that is decided is decided by [`Pass`]; here is nothing but the loop around it. It may be killed at any
//! point, and it may run twice for a moment: what is stored goes by resource version, and what is written is the same.

mod election;
mod error;
mod metrics;
mod module;
mod rights;
mod server;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::apply::{self, Applied, Before, Narrator, Outcome};
use crate::cluster::{Change, InForce, Pass, Settings};
use crate::observe::{Pace, Proxies, Secrets, Watches, Written};
use election::Election;
pub use error::Error;
use metrics::Metrics;
pub use module::Unfit;
use server::Server;

/// How the controller runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where probes, metrics and the module are served.
    pub listen: SocketAddr,
    /// Where proxies find what is served at `listen`, as `http://graylane.graylane-system:8080`.
    pub advertised_url: String,
    /// Where proxies get the module from.
    pub module: Module,
    /// The namespace of the Lease that says who leads.
    pub namespace: String,
    /// How this process is called among others.
    pub identity: String,
}

/// Where proxies get the module from.
#[derive(Debug, Clone)]
pub enum Module {
    /// From the controller, which has it in this file.
    Served(PathBuf),
    /// From elsewhere.
    Elsewhere {
        /// `https://`, `oci://` or `file://`, as proxies see it.
        url: String,
        /// Its SHA-256, in hexadecimal digits.
        sha256: Option<String>,
    },
}

/// Times pass also where nothing happens: waits end, deadlines come.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Changes that come together are looked at together.
const TOGETHER: Duration = Duration::from_millis(20);

/// How long the cache may take to show what was stored.
const CATCHING_UP: Duration = Duration::from_secs(5);

/// The longest pause after the API server refused something.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long tasks may take to end.
const ENDING: Duration = Duration::from_secs(5);

/// Runs until SIGTERM or Ctrl-C.
///
/// # Errors
/// When it can not start.
pub async fn run(options: Options) -> Result<(), Error> {
    let client = Client::try_default().await.map_err(|error| Error::Client(Box::new(error)))?;
    rights::check(&client, &options.namespace).await?;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let metrics = Arc::new(Metrics::default());
    let server = Server::bind(&options, metrics.clone()).await?;
    let settings = Settings { module: server.module(), namespace: options.namespace.clone() };
    info!(identity = options.identity, module = settings.module.url, "starting");
    let watches = Watches::start(&client, &tasks, &stop);
    let proxies = Proxies::default();
    let (pace, paced) = watch::channel(Pace::Slow);
    tasks.spawn(stop.clone().run_until_cancelled_owned(proxies.clone().ask(watches.clone(), paced)));
    let secrets = Secrets::new(client.clone(), &options.namespace);
    let election = Election::start(&client, &options, &tasks, &stop);
    tasks.spawn(server.serve(stop.clone()));
    let narrator = Narrator::new(client.clone(), &options.identity);
    let kept = secrets.clone().keep(watches.clone());
    let applied = Applied::default();
    let controller =
        Controller { client, watches, proxies, secrets, settings, election, pace, metrics, narrator, applied };
    tasks.spawn(stop.clone().run_until_cancelled_owned(kept));
    tasks.spawn(stop.clone().run_until_cancelled_owned(controller.run()));
    ended().await?;
    info!("stopping");
    stop.cancel();
    tasks.close();
    if timeout(ENDING, tasks.wait()).await.is_err() {
        warn!("not everything ended in time");
    }
    Ok(())
}

async fn ended() -> Result<(), Error> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

struct Controller {
    client: Client,
    watches: Watches,
    proxies: Proxies,
    secrets: Secrets,
    settings: Settings,
    election: Election,
    pace: watch::Sender<Pace>,
    metrics: Arc<Metrics>,
    narrator: Narrator,
    applied: Applied,
}

impl Controller {
    async fn run(mut self) {
        self.watches.ready().await;
        self.secrets.read(&self.watches).await;
        self.metrics.ready();
        info!("everything is watched");
        let mut pause = Duration::ZERO;
        loop {
            if self.election.leads() {
                match self.pass().await {
                    Ok(()) => pause = Duration::ZERO,
                    Err(error) => {
                        self.metrics.failed();
                        pause = (pause * 2).clamp(Duration::from_millis(250), LONGEST_PAUSE);
                        warn!(%error, retry_in = ?pause, "a write failed");
                    }
                }
            } else {
                // What another leader has written since is not somebody else's.
                self.applied = Applied::default();
            }
            sleep(pause).await;
            // Whoever waits in vain looks all the same: time has passed.
            let _ = timeout(LONGEST_REST, self.watches.changed().notified()).await;
            sleep(TOGETHER).await;
        }
    }

    /// Statuses first; then, if all of them are stored, what comes of them.
    async fn pass(&mut self) -> Result<(), apply::CannotWrite> {
        let started = Instant::now();
        let in_force = InForce::of(self.watches.world(&self.proxies, &self.secrets));
        let pass = Pass::begin(&in_force, &self.settings, Timestamp::now());
        let pace = if pass.awaits_proxies() { Pace::Fast } else { Pace::Slow };
        self.pace.send_if_modified(|known| std::mem::replace(known, pace) != pace);
        let mut written = Vec::new();
        for status in pass.statuses() {
            let (namespace, name, before) = status.address();
            if apply::store(&self.client, status).await? == Outcome::Overtaken {
                return Ok(());
            }
            self.narrator.tell(status).await;
            written.push(Written { kind: status.kind(), namespace, name, before });
            self.metrics.stored();
        }
        for change in pass.writes() {
            if !self.election.leads() {
                return Ok(());
            }
            let Change { kind, namespace, name, .. } = &change;
            let before = self.watches.version(*kind, namespace, name);
            let said = self.watches.said(*kind, namespace, name);
            let outcome = apply::write(&self.client, &change).await?;
            self.metrics.wrote();
            let Outcome::Done(made) = outcome else { continue };
            let version = made.as_ref().and_then(|made| made.resource_version.clone());
            // What was as it should be, or is gone, shows nothing new.
            if version == before {
                continue;
            }
            let seen = Before { version: before.clone(), said };
            let is_repair = self.applied.note(&change, seen, version);
            if let Some(made) = made {
                if is_repair {
                    self.narrator.tell_repair(&made).await;
                }
                if let Some(news) = &change.news {
                    self.narrator.tell_news(&made, news).await;
                }
            }
            let Change { kind, namespace, name, .. } = change;
            written.push(Written { kind, namespace, name, before });
        }
        self.watches.until_seen(&written, started + CATCHING_UP).await;
        self.metrics.passed(started.elapsed());
        Ok(())
    }
}

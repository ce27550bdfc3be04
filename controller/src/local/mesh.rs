//! The one task that owns a mesh: from what is wanted to what is there, until it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Error;
use super::event::Event;
use super::folder::Folder;
use super::gateway::Gateway;
use super::intent::Intent;
use super::lag;
use super::process::Site;
use super::proxy::Proxy;
use super::publication::{Acknowledgement, Next, Publication};
use super::replicas::{Replicas, Serving};
use super::wanted::Version;
use crate::resources::Findings;

/// How long proxies may take to acknowledge a generation before they are named.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often proxies that lag are asked, and how soon it is tried again what failed.
const SLOW: Duration = Duration::from_secs(1);
/// How often it is looked at what should be as it is.
const IDLE: Duration = Duration::from_mins(1);

/// All that there is.
#[derive(Debug)]
pub(super) struct Mesh {
    pub(super) site: Arc<Site>,
    pub(super) folder: Folder,
    pub(super) intent: Intent,
    pub(super) gateway: Gateway,
    pub(super) replicas: Replicas,
    pub(super) publication: Publication,
    /// Replicas on their way out.
    pub(super) retiring: JoinSet<()>,
    pub(super) stage: Stage,
    pub(super) proxies: watch::Sender<Vec<Proxy>>,
    pub(super) ready: watch::Sender<bool>,
}

/// How far the mesh is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// What is not ready yet is taken to become so.
    Starting,
    /// Everything has been ready, or has failed, or is late.
    Started,
}

impl Mesh {
    /// Keeps the mesh as the folder wants it until `stop`.
    pub(super) async fn live(mut self, stop: CancellationToken) {
        loop {
            let turned = tokio::select! {
                turned = self.turn() => turned,
                () = stop.cancelled() => break,
            };
            let look_again = Instant::now() + self.period(&turned);
            if let Err(error) = turned {
                self.site.reporter.tell(Event::Trouble { what: error.to_string() });
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.folder.changed() => self.read_again(),
                () = self.site.wake.notified() => {}
                () = sleep_until(look_again) => {}
            }
        }
        self.stop().await;
    }

    /// Goes one step from what is there to what is wanted.
    async fn turn(&mut self) -> Result<(), Error> {
        self.replicas.scale(&self.site, &self.intent.wanted)?;
        let proxies: Vec<Proxy> = [&self.gateway.proxy].into_iter().chain(self.replicas.proxies()).cloned().collect();
        self.proxies.send_replace(proxies.clone());
        if self.replicas.have_come_up() {
            self.stage = Stage::Started;
        }
        let serving = self.replicas.serving(&self.intent.wanted);
        self.publish(&serving, &proxies).await?;
        self.site.reporter.tell_any(self.publication.acknowledge(&proxies).await);
        self.publication.tidy(&serving, &proxies).await?;
        self.retire(&proxies);
        self.tell_ready(&proxies).await;
        Ok(())
    }

    async fn publish(&mut self, serving: &Serving, proxies: &[Proxy]) -> Result<(), Error> {
        match self.plan(&self.intent, serving) {
            Ok(next) if next.plan != *self.publication.plan() => {
                let event = self.publication.advance(next, serving, proxies, PATIENCE).await?;
                self.site.reporter.tell_any(event);
            }
            Ok(_) => {
                self.publication.clusters(serving)?;
            }
            Err(findings) => self.site.reporter.tell(Event::Refused { findings }),
        }
        Ok(())
    }

    fn plan(&self, intent: &Intent, serving: &Serving) -> Result<Next, Findings> {
        let becomes_ready = |version: &Version| self.stage == Stage::Starting && intent.replicas(version) > 0;
        let ready = |version: &Version| serving.contains_key(version) || becomes_ready(version);
        intent.plan(ready, Some(&self.publication.plan().configs))
    }

    /// Takes what the folder wants now, if it is in order.
    fn read_again(&mut self) {
        let serving = self.replicas.serving(&self.intent.wanted);
        let read = Intent::read(self.folder.path());
        match read.and_then(|intent| self.plan(&intent, &serving).map(|_| intent)) {
            Ok(intent) => {
                if intent.gateway_port != self.intent.gateway_port {
                    let (port, wanted) = (self.gateway.address().port(), intent.gateway_port);
                    self.site.reporter.tell(Event::GatewayStays { port, wanted });
                }
                self.intent = intent;
            }
            Err(findings) => self.site.reporter.tell(Event::Refused { findings }),
        }
    }

    fn retire(&mut self, proxies: &[Proxy]) {
        let publication = &self.publication;
        for replica in self.replicas.take_gone(&self.intent.wanted, |version| publication.leads_to(version)) {
            let others = proxies.iter().filter(|proxy| proxy.name() != replica.name).cloned().collect();
            let expected = publication.whereabouts();
            self.retiring.spawn(replica.retire(Arc::clone(&self.site), others, expected));
        }
        while self.retiring.try_join_next().is_some() {}
    }

    /// The first time that requests are served: all proxies go by the generation, and know every replica that is ready.
    async fn tell_ready(&self, proxies: &[Proxy]) {
        let complete = self.publication.acknowledgement() == Acknowledgement::Complete;
        if !complete || self.stage == Stage::Starting || *self.ready.borrow() {
            return;
        }
        self.publication.until_known(proxies).await;
        let (gateway, admin) = (self.gateway.address(), self.gateway.proxy.admin());
        self.site.reporter.tell(Event::Ready { gateway, admin });
        self.ready.send_replace(true);
    }

    fn period(&self, turned: &Result<(), Error>) -> Duration {
        match (turned, self.publication.acknowledgement()) {
            (Err(_), _) | (Ok(()), Acknowledgement::Awaited { until: None, .. }) => SLOW,
            (Ok(()), Acknowledgement::Awaited { until: Some(_), .. }) => lag::PERIOD,
            (Ok(()), Acknowledgement::Complete) => IDLE,
        }
    }

    async fn stop(mut self) {
        self.site.reporter.tell(Event::Stopping);
        self.site.closing.cancel();
        tokio::join!(self.gateway.stop(), self.replicas.stop());
        while self.retiring.join_next().await.is_some() {}
        self.site.reporter.tell(Event::Stopped);
    }
}

//! What is out, and how it changes without a request being lost.
//!
//! ```text
//! clusters -> routes (old and new ones) -> filters -> acknowledged by all -> routes (new ones) -> clusters
//! ```
//!
//! Each step waits until all proxies have taken the one before. A proxy that hangs is waited for only so long: should it
//! come back, it takes the files in the order in which they were replaced.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use graylane_core::Phase;
use tokio::time::Instant;

use super::event::Event;
use super::lag;
use super::proxy::Proxy;
use super::publisher::Publisher;
use super::replicas::Serving;
use super::wanted::Version;
use super::{Error, change};
use crate::api::Protocol;
use crate::envoy::{self, Files, Resource, Routing, Subset};
use crate::plan::{Observed, Plan, Service};

/// How long proxies may take to take clusters and routes.
const PATIENCE: Duration = Duration::from_secs(5);

/// What proxies are told, and whether they go by it.
#[derive(Debug)]
pub(super) struct Publication {
    publisher: Publisher,
    module: PathBuf,
    plan: Plan,
    observed: Observed,
    /// What clusters and routes are out.
    routing: Routing,
    /// What the plan needs of them.
    needed: Routing,
    acknowledgement: Acknowledgement,
}

/// How far a generation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acknowledgement {
    /// Some proxies do not go by it yet.
    Awaited {
        /// Since when.
        since: Instant,
        /// When it is told that proxies lag; `None`: it has been.
        until: Option<Instant>,
    },
    /// All proxies go by it.
    Complete,
}

/// What is to be published.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) plan: Plan,
    pub(super) observed: Observed,
    pub(super) protocols: BTreeMap<Service, Protocol>,
}

impl Publication {
    /// Publishes for the first time, before any proxy runs; they may take until `until`.
    pub(super) fn begin(files: Files, module: PathBuf, next: Next, until: Instant) -> Result<Self, Error> {
        let Next { plan, observed, protocols } = next;
        let needed = Routing::of(&plan, &protocols);
        let acknowledgement = Acknowledgement::Awaited { since: Instant::now(), until: Some(until) };
        let (publisher, routing) = (Publisher::new(files), needed.clone());
        let mut publication = Self { publisher, module, plan, observed, routing, needed, acknowledgement };
        publication.clusters(&Serving::new())?;
        publication.routes()?;
        publication.filters(&publication.plan.clone())?;
        Ok(publication)
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) fn acknowledgement(&self) -> Acknowledgement {
        self.acknowledgement
    }

    /// Whether requests may be led to `version`.
    pub(super) fn leads_to(&self, version: &Version) -> bool {
        self.routing.subsets().any(|(subset, _)| version_of(&subset) == *version)
    }

    /// What a proxy must have taken to know where requests for each version go.
    pub(super) fn whereabouts(&self) -> Vec<(Resource, u64)> {
        self.publisher.version(Resource::Clusters).into_iter().collect()
    }

    /// Waits until `proxies` know where requests for each version go.
    pub(super) async fn until_known(&self, proxies: &[Proxy]) {
        taken(proxies, &self.whereabouts()).await;
    }

    /// Publishes where requests for each version go.
    pub(super) fn clusters(&mut self, serving: &Serving) -> Result<Vec<(Resource, u64)>, Error> {
        let addresses = |subset: &Subset| serving.get(&version_of(subset)).cloned().unwrap_or_default();
        let clusters = envoy::clusters(&self.routing, addresses);
        Ok(self.publisher.publish(Resource::Clusters, clusters)?.into_iter().collect())
    }

    /// Publishes `next`; tells of it.
    pub(super) async fn advance(
        &mut self,
        next: Next,
        serving: &Serving,
        proxies: &[Proxy],
        patience: Duration,
    ) -> Result<Option<Event>, Error> {
        let needed = Routing::of(&next.plan, &next.protocols);
        let rerouted = needed != self.needed;
        self.routing = needed.covering(&self.routing);
        let clusters = self.clusters(serving)?;
        taken(proxies, &clusters).await;
        let routes = self.routes()?;
        taken(proxies, &routes).await;

        self.filters(&next.plan)?;

        let changes = change::between(&self.observed, &next.observed);
        let generation = next.plan.configs.generation();
        let renewed = generation != self.plan.configs.generation();
        (self.plan, self.observed, self.needed) = (next.plan, next.observed, needed);
        if !renewed {
            return Ok(rerouted.then_some(Event::Rerouted { changes }));
        }
        let since = Instant::now();
        self.acknowledgement = Acknowledgement::Awaited { since, until: Some(since + patience) };
        Ok(Some(Event::Published { generation, changes }))
    }

    /// Asks `proxies` whether they go by what is out; tells of it when all do, or when some take too long.
    pub(super) async fn acknowledge(&mut self, proxies: &[Proxy]) -> Option<Event> {
        let Acknowledgement::Awaited { since, until } = self.acknowledgement else { return None };
        let generation = self.plan.configs.generation();
        let lagging = lag::behind(proxies, generation).await;
        let (after, proxies) = (since.elapsed(), proxies.len());
        if lagging.is_empty() {
            self.acknowledgement = Acknowledgement::Complete;
            return Some(Event::Acknowledged { generation, proxies, took: after });
        }
        until.filter(|until| *until <= Instant::now())?;
        self.acknowledgement = Acknowledgement::Awaited { since, until: None };
        Some(Event::Lagging { generation, proxies, lagging, after })
    }

    /// Takes away what only earlier generations needed, once the newest is acknowledged.
    pub(super) async fn tidy(&mut self, serving: &Serving, proxies: &[Proxy]) -> Result<(), Error> {
        if self.acknowledgement != Acknowledgement::Complete || self.routing == self.needed {
            return Ok(());
        }
        self.routing = self.needed.clone();
        let routes = self.routes()?;
        taken(proxies, &routes).await;
        let clusters = self.clusters(serving)?;
        taken(proxies, &clusters).await;
        Ok(())
    }

    fn routes(&mut self) -> Result<Vec<(Resource, u64)>, Error> {
        let gateway = self.publisher.publish(Resource::GatewayRoutes, envoy::gateway_routes(&self.routing))?;
        let outbound = self.publisher.publish(Resource::OutboundRoutes, envoy::outbound_routes(&self.routing))?;
        Ok(gateway.into_iter().chain(outbound).collect())
    }

    fn filters(&mut self, plan: &Plan) -> Result<(), Error> {
        // Who hands marks on comes before who makes them.
        for phase in [Phase::SidecarInbound, Phase::SidecarOutbound, Phase::Gateway] {
            let filter = envoy::filter(plan.configs.of(phase), &self.module);
            self.publisher.publish(Resource::Filter(phase), filter)?;
        }
        Ok(())
    }
}

fn version_of(subset: &Subset) -> Version {
    (subset.service.clone(), subset.version.clone())
}

async fn taken(proxies: &[Proxy], published: &[(Resource, u64)]) {
    if published.is_empty() {
        return;
    }
    for lag in lag::until_taken(proxies, published, Instant::now() + PATIENCE).await {
        tracing::warn!("going on though {lag}");
    }
}

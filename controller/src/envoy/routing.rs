//! Which hosts lead to which services, and which versions of each can be reached.

use std::collections::{BTreeMap, BTreeSet};

use graylane_core::config::HostPattern;
use graylane_core::name::{HeaderName, VersionName};

use super::Subset;
use crate::api::Protocol;
use crate::plan::{Plan, Service};

/// All that clusters and route tables are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    destinations: BTreeMap<Service, Destination>,
    /// What apps call services by.
    hosts: BTreeMap<String, Service>,
    /// What callers from outside do.
    entrances: BTreeMap<HostPattern, Service>,
    /// The headers that carry the version that the filter decided.
    version_headers: BTreeSet<HeaderName>,
}

/// Where requests for one service can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The port by which clusters are named.
    pub port: u16,
    /// What it speaks.
    pub protocol: Protocol,
    /// The version that serves requests without a version header.
    pub base: VersionName,
    /// Every version that a version header may name, base among them.
    pub versions: BTreeSet<VersionName>,
}

impl Routing {
    /// What `plan` needs, for services that speak the `protocols`; HTTP where they name none.
    #[must_use]
    pub fn of(plan: &Plan, protocols: &BTreeMap<Service, Protocol>) -> Self {
        let mut routing =
            Self { version_headers: BTreeSet::from([plan.configs.gateway.headers.version.clone()]), ..Self::default() };
        for routes in &plan.routes {
            let service = &routes.service;
            let destination = Destination {
                port: routes.port,
                protocol: protocols.get(service).copied().unwrap_or_default(),
                base: routes.base.clone(),
                versions: routes.versions.iter().chain([&routes.base]).cloned().collect(),
            };
            routing.destinations.insert(service.clone(), destination);
            routing.hosts.extend(routes.hosts.iter().map(|host| (host.clone(), service.clone())));
            if let Some(entered) = plan.configs.gateway.services.get(service.full_name()) {
                routing.entrances.extend(entered.hosts.iter().map(|pattern| (pattern.clone(), service.clone())));
            }
        }
        routing
    }

    /// What serves requests that were decided by either configuration, so that none is lost while proxies change from
    /// `older` to this one. Where the two contradict each other, this one holds.
    #[must_use]
    pub fn covering(&self, older: &Self) -> Self {
        let mut both = older.clone();
        for (service, destination) in &self.destinations {
            let before = both.destinations.insert(service.clone(), destination.clone());
            let versions = before.into_iter().flat_map(|before| before.versions);
            if let Some(destination) = both.destinations.get_mut(service) {
                destination.versions.extend(versions);
            }
        }
        both.hosts.extend(self.hosts.clone());
        both.entrances.extend(self.entrances.clone());
        both.version_headers.extend(self.version_headers.clone());
        both
    }

    /// Every subset that requests can go to, and what it speaks.
    pub fn subsets(&self) -> impl Iterator<Item = (Subset, Protocol)> {
        self.destinations.iter().flat_map(|(service, Destination { port, protocol, versions, .. })| {
            let subset =
                |version: &VersionName| Subset { service: service.clone(), port: *port, version: version.clone() };
            versions.iter().map(move |version| (subset(version), *protocol))
        })
    }

    /// The services, the hosts that apps call each by, and where its requests go.
    pub(super) fn by_service(&self) -> impl Iterator<Item = (&Service, Vec<&str>, &Destination)> {
        self.destinations.iter().map(|(service, destination)| {
            let hosts = self.hosts.iter().filter(|(_, owner)| *owner == service).map(|(host, _)| host.as_str());
            (service, hosts.collect(), destination)
        })
    }

    pub(super) fn destination(&self, service: &Service) -> Option<&Destination> {
        self.destinations.get(service)
    }

    pub(super) fn entrances(&self) -> &BTreeMap<HostPattern, Service> {
        &self.entrances
    }

    pub(super) fn version_headers(&self) -> &BTreeSet<HeaderName> {
        &self.version_headers
    }
}

//! The mesh behind the filter: which upstream a request reaches, once the filter has done its work.
//!
//! Written from what routes are told (`x-gray-version` chooses, its absence is base, it is stripped on the way), not from
//! the router, so that a version header which is left over or missing shows as the wrong upstream.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use graylane_core::config::{HostPattern, PatternHost};
use graylane_core::{FilterConfig, Phase};

use crate::host::Headers;

/// Where a request ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At a version of a service.
    Version {
        /// The service.
        service: String,
        /// The version.
        version: String,
    },
    /// At the app behind an inbound proxy.
    App,
    /// At a host outside the mesh.
    Elsewhere,
}

/// The header by which routes choose a version.
pub(crate) const VERSION_HEADER: &str = "x-gray-version";
/// The cluster of the app behind an inbound proxy.
pub(crate) const APP_CLUSTER: &str = "inbound|80||";
/// The cluster of all hosts outside the mesh.
pub(crate) const ELSEWHERE_CLUSTER: &str = "elsewhere";

/// The name of the cluster of one version of a service, in Istio's form.
#[must_use]
pub fn cluster(service: &str, version: &str) -> String {
    format!("outbound|80|{version}|{service}.shop")
}

impl Place {
    /// The name of its cluster.
    #[must_use]
    pub fn cluster(&self) -> String {
        match self {
            Self::Version { service, version } => cluster(service, version),
            Self::App => APP_CLUSTER.to_owned(),
            Self::Elsewhere => ELSEWHERE_CLUSTER.to_owned(),
        }
    }

    /// The place that a cluster stands for.
    #[must_use]
    pub fn of_cluster(cluster: &str) -> Option<Self> {
        match cluster {
            APP_CLUSTER => Some(Self::App),
            ELSEWHERE_CLUSTER => Some(Self::Elsewhere),
            _ => {
                let (version, host) = cluster.strip_prefix("outbound|80|")?.split_once('|')?;
                let service = host.strip_suffix(".shop")?;
                Some(Self::Version { service: service.to_owned(), version: version.to_owned() })
            }
        }
    }
}

/// Routes to all versions of all services.
#[derive(Clone, Debug, Default)]
pub struct Mesh {
    routes: Vec<Route>,
    /// Who calls with a certificate.
    principals: BTreeSet<String>,
}

/// The routes of one service for one pattern.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) pattern: HostPattern,
    pub(crate) service: String,
    pub(crate) base: String,
    pub(crate) versions: BTreeSet<String>,
}

impl Mesh {
    /// The mesh in which all of `configs` have what they route to.
    ///
    /// # Errors
    /// When one pattern leads to two services, or a service has two bases.
    pub fn of<'c>(configs: impl IntoIterator<Item = &'c FilterConfig>) -> Result<Self> {
        let mut routes: BTreeMap<HostPattern, Route> = BTreeMap::new();
        let services = configs.into_iter().flat_map(|config| &config.services);
        for (name, service) in services {
            let split = service.split.iter().flat_map(|split| &split.slots).map(|run| &run.to);
            let versions = service.lanes.values().chain(split).chain([&service.base]);
            for pattern in &service.hosts {
                let route = routes.entry(pattern.clone()).or_insert_with(|| Route {
                    pattern: pattern.clone(),
                    service: name.to_string(),
                    base: service.base.to_string(),
                    versions: BTreeSet::new(),
                });
                let same = route.service == name.as_str() && route.base == service.base.as_str();
                ensure!(same, "\"{pattern}\" leads to {}/{} and to {name}/{}", route.service, route.base, service.base);
                route.versions.extend(versions.clone().map(ToString::to_string));
            }
        }
        let mut routes: Vec<Route> = routes.into_values().collect();
        routes.sort_by_key(|route| Reverse(specificity(&route.pattern)));
        Ok(Self { routes, principals: BTreeSet::new() })
    }

    /// Where a request with these headers ends. The version header is taken out where routes do so.
    pub fn deliver(&self, phase: Phase, headers: &mut Headers) -> Place {
        if phase == Phase::SidecarInbound {
            return Place::App;
        }
        // Like Envoy, which joins the values of a repeated header before it compares them.
        let text = |name: &str| headers.all(name).join(",");
        let (host, path, asked) = (text(":authority"), text(":path"), text(VERSION_HEADER));
        let Some(route) = self.routes.iter().find(|route| covers(&route.pattern, &host, &path)) else {
            return Place::Elsewhere;
        };
        let version = if route.versions.contains(&asked) { asked } else { route.base.clone() };
        headers.remove(VERSION_HEADER);
        Place::Version { service: route.service.clone(), version }
    }

    /// Every place that a request can end at.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        let versions = self.routes.iter().flat_map(|Route { service, versions, .. }| {
            versions.iter().map(|version| Place::Version { service: service.clone(), version: version.clone() })
        });
        versions.chain([Place::App, Place::Elsewhere])
    }

    /// The same mesh, called by these too.
    #[must_use]
    pub(super) fn with_principals(self, principals: BTreeSet<String>) -> Self {
        Self { principals, ..self }
    }

    /// The ids of those who call with a certificate.
    pub(crate) fn principals(&self) -> &BTreeSet<String> {
        &self.principals
    }

    /// The routes, most specific first.
    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }
}

fn specificity(pattern: &HostPattern) -> (u8, usize, usize) {
    let (rank, length) = match pattern.host() {
        PatternHost::Exact(_) => (2, 0),
        PatternHost::Suffix(suffix) => (1, suffix.len()),
        PatternHost::Any => (0, 0),
    };
    (rank, length, pattern.path().len())
}

fn covers(pattern: &HostPattern, authority: &str, path: &str) -> bool {
    let authority = authority.to_ascii_lowercase();
    let port = authority.rfind(':').filter(|at| !authority.get(*at..).is_some_and(|port| port.contains(']')));
    let host = port.and_then(|at| authority.get(..at)).unwrap_or(&authority);
    let host = host.strip_suffix('.').unwrap_or(host);
    let host_fits = match pattern.host() {
        PatternHost::Exact(exact) => exact == host,
        PatternHost::Suffix(suffix) => host.ends_with(suffix.as_str()),
        PatternHost::Any => true,
    };
    let path = path.split('?').next().unwrap_or_default();
    let below = path.strip_prefix(pattern.path()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    host_fits && below
}

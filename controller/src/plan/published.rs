//! What comes out of the planner.

use graylane_core::name::VersionName;
use graylane_core::{FilterConfig, Phase};
use serde::Serialize;

use super::Service;

/// Everything that is published at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What the filters are told.
    #[serde(flatten)]
    pub configs: Configs,
    /// What routers are told, in order of name.
    pub routes: Vec<ServiceRoutes>,
}

/// The filter's configuration for each role of a proxy, all of one generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Configs {
    /// For gateways.
    pub gateway: FilterConfig,
    /// In front of apps.
    pub inbound: FilterConfig,
    /// Behind apps.
    pub outbound: FilterConfig,
}

/// The versions that requests for one service must be able to reach, for any router.
///
/// A request with the version header goes to that version, which is stripped; a request without it goes to `base`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceRoutes {
    /// The service.
    pub service: Service,
    /// The hosts by which other services call it; the last is the full one, which clusters are named by.
    pub hosts: Vec<String>,
    /// The port by which clusters are named.
    pub port: u16,
    /// The version that serves requests without a version header.
    pub base: VersionName,
    /// Every known version, base included, in order of name: routes stand before weight comes.
    pub versions: Vec<VersionName>,
}

impl Configs {
    /// The generation of all three.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.gateway.generation
    }

    /// With the number `floor + 1` if it would be less than `floor`, which has been given before.
    #[must_use]
    pub(crate) fn at_least(self, floor: u64) -> Self {
        if self.generation() < floor { self.numbered(floor + 1) } else { self }
    }

    /// With this number.
    #[must_use]
    pub(crate) fn numbered(mut self, generation: u64) -> Self {
        for config in [&mut self.gateway, &mut self.inbound, &mut self.outbound] {
            config.generation = generation;
        }
        self
    }

    /// The configuration for the role that is called by its phase.
    #[must_use]
    pub fn of(&self, phase: Phase) -> &FilterConfig {
        match phase {
            Phase::Gateway => &self.gateway,
            Phase::SidecarInbound => &self.inbound,
            Phase::SidecarOutbound => &self.outbound,
        }
    }
}

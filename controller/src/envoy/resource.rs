//! The files that proxies watch: what each is for, where it stands, and where Envoy shows which version is in use.

use std::path::{Path, PathBuf};

use graylane_core::Phase;
use serde_json::{Value, json};

use super::role_name;

/// One file that proxies watch.
///
/// They are few on purpose: for each, Envoy takes one of the user's inotify instances, of which Linux by default has 128.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Every cluster, with its endpoints.
    Clusters,
    /// Where gateways send requests.
    GatewayRoutes,
    /// Where the proxies behind apps send requests.
    OutboundRoutes,
    /// The filter's configuration for one role of a proxy.
    Filter(Phase),
}

impl Resource {
    /// The name of the file.
    #[must_use]
    pub fn file_name(self) -> String {
        match self {
            Self::Clusters => "clusters.json".to_owned(),
            Self::GatewayRoutes => "routes-gateway.json".to_owned(),
            Self::OutboundRoutes => "routes-outbound.json".to_owned(),
            Self::Filter(phase) => format!("filter-{}.json", role_name(phase)),
        }
    }

    /// The statistic that shows the version in use, as [`stats::texts`](super::stats::texts) reads it.
    #[must_use]
    pub fn version_stat(self) -> String {
        match self {
            Self::Clusters => "cluster_manager.cds.version_text".to_owned(),
            Self::GatewayRoutes => "http.gateway.rds.gateway.version_text".to_owned(),
            Self::OutboundRoutes => "http.outbound.rds.outbound.version_text".to_owned(),
            Self::Filter(phase) => {
                format!("extension_config_discovery.http_filter.{}.version_text", filter_name(phase))
            }
        }
    }

    /// The content of a file: a `DiscoveryResponse`.
    #[must_use]
    pub fn document(version: u64, resources: &[Value]) -> Value {
        json!({"version_info": version.to_string(), "resources": resources})
    }
}

/// What the filter of one role is called.
pub(super) fn filter_name(phase: Phase) -> String {
    format!("graylane.{}", role_name(phase))
}

/// The folder of the files that proxies watch.
#[derive(Debug, Clone)]
pub struct Files(PathBuf);

impl Files {
    /// In `folder`, which is absolute: proxies run elsewhere.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The file of `resource`.
    #[must_use]
    pub fn path(&self, resource: Resource) -> PathBuf {
        self.0.join(resource.file_name())
    }

    /// The `ConfigSource` of `resource`. Envoy reads the file again whenever another one is moved onto it.
    pub(super) fn source(&self, resource: Resource) -> Value {
        json!({"path_config_source": {"path": self.path(resource)}, "resource_api_version": "V3"})
    }
}

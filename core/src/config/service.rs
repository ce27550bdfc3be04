//! Services and their versions, as the filter sees them.

use serde::{Deserialize, Serialize};

use super::{HostPattern, Map, Set};
use crate::name::{LaneName, VersionName};
use crate::read::read_object;
use crate::slots::Run;

/// One service: how requests for it are recognised, and which version serves which lane.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Service {
    /// What requests for this service are addressed to; the most specific pattern over all services wins.
    pub hosts: Vec<HostPattern>,
    /// The version that serves everyone who is in no lane.
    pub base: VersionName,
    /// The version that serves each lane.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub lanes: Map<LaneName, VersionName>,
    /// The versions that have no ready endpoints: nothing is sent to them. Base is always used as the last resort.
    #[serde(default, skip_serializing_if = "Set::is_empty")]
    pub not_ready: Set<VersionName>,
    /// A split of this service alone, for requests that no lane pins here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<ServiceSplit>,
}

/// A weighted share between the versions of one service, by the identity that the request carries.
///
/// A request without identity is served by base.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServiceSplit {
    /// What makes this split independent of others over the same users.
    pub salt: String,
    /// Who has which slots: 10,000 in all, in runs.
    pub slots: Vec<Run<VersionName>>,
}

read_object!(Service {
    hosts: required "hosts",
    base: required "base",
    lanes: defaulted "lanes",
    not_ready: defaulted "notReady",
    split: optional "split",
});

read_object!(ServiceSplit { salt: required "salt", slots: required "slots" });

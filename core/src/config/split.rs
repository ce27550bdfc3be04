//! Splits: weighted shares of requests or users that are put in a lane.

use serde::{Deserialize, Serialize};

use super::{Empty, IdentitySource, StickyCookie};
use crate::name::LaneName;
use crate::read::{read_object, read_variant};
use crate::slots::Run;

/// A weighted share.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Split {
    /// What makes this split independent of others over the same users. Keep it for the life of a release.
    pub salt: String,
    /// Who has which slots: 10,000 in all, in runs.
    pub slots: Vec<Run<LaneName>>,
    /// Sources of identity of this split's own; absent: those of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Vec<IdentitySource>>,
    /// What happens to a request without identity.
    #[serde(default)]
    pub keyless: Keyless,
}

/// How a split treats a request that has no identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Keyless {
    /// It stays on base.
    Base(Empty),
    /// Each request gets the next place of a low-discrepancy sequence: accurate shares, no stickiness.
    Sequence(Empty),
    /// The caller is given an opaque id in a cookie, which is its identity from then on.
    Cookie(StickyCookie),
}

impl Default for Keyless {
    fn default() -> Self {
        Self::Base(Empty {})
    }
}

read_object!(Split {
    salt: required "salt",
    slots: required "slots",
    identity: optional "identity",
    keyless: defaulted "keyless",
});

read_variant!(Keyless { "base" => Base, "sequence" => Sequence, "cookie" => Cookie });

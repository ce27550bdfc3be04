//! The filter's configuration as it travels: JSON, versioned, unknown fields refused, equal meaning in equal bytes.
//!
//! Made by the controller, also writable by hand. These types only parse; what they *mean together* is checked and
//! compiled by [`Router::compile`](crate::Router::compile). Design notes: every whole number may arrive as a double and
//! the order of members is never meaningful, because Istio carries this as a protobuf `Struct`.

mod carriers;
mod condition;
mod cookie;
mod correlation;
mod header_names;
mod host;
mod identity;
mod lost_mark;
mod overrides;
mod rule;
mod service;
mod sorted;
mod split;
mod trust;

use std::hash::{Hash as _, Hasher as _};

use serde::{Deserialize, Serialize};

use crate::hash;
use crate::json::Json;
use crate::name::{LaneName, ServiceName, SplitName};
use crate::problem::Problems;
use crate::read::{self, At, read_choice, read_object};

pub use carriers::{BaggageCarrier, BaggageMembers, Carriers, HeaderCarrier, TraceStateCarrier};
pub use condition::{ClaimMatch, Condition, CookieMatch, HeaderMatch, KeyedMatch, PathMatch, QueryMatch, StringMatch};
pub use cookie::{CookieText, InvalidCookieText, SameSite, StickyCookie};
pub use correlation::{Correlation, TraceSource};
pub use header_names::HeaderNames;
pub use host::{HostPattern, InvalidHostPattern, PatternHost};
pub use identity::{Empty, Identity, IdentitySource};
pub use lost_mark::LostMark;
pub use overrides::{InvalidSecret, OverrideKey, Overrides, Secret};
pub use rule::{Action, Rule, RuleSet};
pub use service::{Service, ServiceSplit};
pub use sorted::{Map, Set};
pub use split::{Keyless, Split};
pub use trust::{InvalidPeerPattern, PeerPattern, Trust};

/// Everything one filter needs to decide: what a proxy of one [`Phase`] is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FilterConfig {
    /// The version of this format.
    pub version: ConfigVersion,
    /// The number of this configuration; a proxy acknowledges it by reporting it. From 0 to 2⁵³ - 1.
    #[serde(deserialize_with = "crate::integer::deserialize")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 9_007_199_254_740_991_u64)))]
    pub generation: u64,
    /// Where in the mesh the filter stands.
    pub phase: Phase,
    /// Whether decisions take effect.
    #[serde(default, skip_serializing_if = "Mode::is_enforce")]
    pub mode: Mode,
    /// The names of the headers that carry marks and decisions.
    #[serde(default)]
    pub headers: HeaderNames,
    /// Where marks travel besides these headers.
    #[serde(default)]
    pub carriers: Carriers,
    /// Whom marks are believed from, and to whom they may go.
    #[serde(default)]
    pub trust: Trust,
    /// Who a request comes from, for splits that name no sources of their own, and for the identity that travels.
    #[serde(default)]
    pub identity: Identity,
    /// The lanes there are; `base` is not one of them.
    #[serde(default)]
    pub lanes: Map<LaneName, Lane>,
    /// The rule sets, in order of precedence: each puts a request in at most one lane.
    #[serde(default)]
    pub rule_sets: Vec<RuleSet>,
    /// The splits that rules refer to.
    #[serde(default)]
    pub splits: Map<SplitName, Split>,
    /// The services of the mesh that the filter steers between versions, or that marks may be carried to.
    #[serde(default)]
    pub services: Map<ServiceName, Service>,
    /// Who may ask for an explanation; absent: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explain>,
    /// How calls that lost their mark are recognised, in sidecars; absent: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
    /// What becomes of calls that have lost their mark and can not be recognised, behind an app.
    #[serde(default, skip_serializing_if = "LostMark::is_decide")]
    pub lost_mark: LostMark,
    /// Signed overrides that are honoured at a gateway; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<Overrides>,
}

/// The version of the configuration's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ConfigVersion {
    /// The first.
    #[serde(rename = "v1")]
    V1,
}

/// Where in the mesh a filter stands, which is what decides whom it trusts and whether it routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Phase {
    /// At an edge: marks from outside are removed, rules and splits are evaluated, the request is routed.
    Gateway,
    /// In front of an app: marks are handed on, nothing is routed.
    SidecarInbound,
    /// Behind an app: a mark is followed, a request without one is decided, the request is routed.
    SidecarOutbound,
}

/// Whether decisions take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Mode {
    /// Requests are steered.
    #[default]
    Enforce,
    /// Requests are decided and counted, and left exactly as they came.
    DryRun,
}

impl Phase {
    /// The phase that a configuration names, whatever else is wrong with it.
    #[must_use]
    pub fn of_json(bytes: &[u8]) -> Option<Self> {
        let document = Json::parse(bytes).ok()?;
        let mut problems = Problems::default();
        let phase = At::root(&document, &mut problems).required("phase");
        problems.or(phase).ok()
    }
}

impl Mode {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
    fn is_enforce(&self) -> bool {
        *self == Self::Enforce
    }
}

/// What a lane does where a service has no ready version for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lane {
    /// The lanes to try instead, in order; base comes last without being named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<LaneName>,
    /// Whether falling back is allowed at all.
    #[serde(default)]
    pub isolation: Isolation,
}

/// Whether a lane may fall back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Isolation {
    /// A service without a ready version for the lane is served by the fallback, at last by base.
    #[default]
    Permissive,
    /// Such a service answers 503 with a reason, and base is not called.
    Strict,
}

/// Who may ask how a request was decided.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Explain {
    /// The condition that the asking request must fulfil.
    pub allow: Condition,
}

impl FilterConfig {
    /// A configuration that decides nothing, to be filled in.
    #[must_use]
    pub fn empty(phase: Phase, generation: u64) -> Self {
        Self {
            version: ConfigVersion::V1,
            generation,
            phase,
            mode: Mode::default(),
            headers: HeaderNames::default(),
            carriers: Carriers::default(),
            trust: Trust::default(),
            identity: Identity::default(),
            lanes: Map::new(),
            rule_sets: Vec::new(),
            splits: Map::new(),
            services: Map::new(),
            explain: None,
            correlation: None,
            lost_mark: LostMark::default(),
            overrides: None,
        }
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// Every problem of form, each with its place, or that the bytes are no JSON at all.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Problems> {
        read::document(&Json::parse(bytes)?)
    }

    /// The one way to write this configuration.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Every key is a string and every number finite, so writing can not fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// A number that is equal for equal meaning, whatever the order of members and the generation.
    ///
    /// It answers "which configuration is live" within one release of Graylane, and is no proof against tampering.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = hash::Portable::default();
        let Self {
            version,
            generation: _,
            phase,
            mode,
            headers,
            carriers,
            trust,
            identity,
            lanes,
            rule_sets,
            splits,
            services,
            explain,
            correlation,
            lost_mark,
            overrides,
        } = self;
        (version, phase, mode, headers, carriers, trust, identity, lanes).hash(&mut hasher);
        (rule_sets, splits, services, explain, correlation, lost_mark, overrides).hash(&mut hasher);
        Digest(hasher.finish())
    }
}

/// The digest of a configuration, shown as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub u64);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

read_object!(FilterConfig {
    version: required "version",
    generation: required "generation",
    phase: required "phase",
    mode: defaulted "mode",
    headers: defaulted "headers",
    carriers: defaulted "carriers",
    trust: defaulted "trust",
    identity: defaulted "identity",
    lanes: defaulted "lanes",
    rule_sets: defaulted "ruleSets",
    splits: defaulted "splits",
    services: defaulted "services",
    explain: optional "explain",
    correlation: optional "correlation",
    lost_mark: defaulted "lostMark",
    overrides: optional "overrides",
});

read_choice!(ConfigVersion { "v1" => V1 });

read_choice!(Phase { "gateway" => Gateway, "sidecarInbound" => SidecarInbound, "sidecarOutbound" => SidecarOutbound });

read_choice!(Mode { "enforce" => Enforce, "dryRun" => DryRun });

read_object!(Lane { fallback: defaulted "fallback", isolation: defaulted "isolation" });

read_choice!(Isolation { "permissive" => Permissive, "strict" => Strict });

read_object!(Explain { allow: required "allow" });

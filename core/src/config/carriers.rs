//! Where a mark travels besides its headers.

use serde::{Deserialize, Serialize};

use super::Empty;
use crate::name::{BaggageKey, HeaderName, TraceStateKey};
use crate::read::{At, Read, read_choice, read_object, read_variant};

/// The carriers of a mark. The lane header is authoritative; the others are mirrors of it, which apps with
/// OpenTelemetry hand on by themselves, or aliases, which are only read.
///
/// Without lane header, a mark is taken from baggage, else from `tracestate`, else from the first alias that has one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Carriers {
    /// Whether the mark's own headers carry it. Where they do not, baggage is authoritative.
    #[serde(skip_serializing_if = "HeaderCarrier::is_default")]
    pub headers: HeaderCarrier,
    /// W3C Baggage.
    pub baggage: BaggageCarrier,
    /// W3C `tracestate`.
    pub tracestate: TraceStateCarrier,
    /// Headers of other systems that hold a lane, in the order in which they are asked: for the time of a migration.
    /// They are never written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(length(max = 8)))]
    pub aliases: Vec<HeaderName>,
}

/// Whether the lane header and the identity header carry the mark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum HeaderCarrier {
    /// They do, and what they say holds.
    #[default]
    Enabled,
    /// They are not read, and removed where they are seen; every proxy writes the mirrors instead.
    Disabled,
}

impl HeaderCarrier {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether W3C Baggage mirrors the mark.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum BaggageCarrier {
    /// These members do.
    Members(BaggageMembers),
    /// Nothing is read from baggage or written to it.
    Disabled(Empty),
}

impl Default for BaggageCarrier {
    fn default() -> Self {
        Self::Members(BaggageMembers::default())
    }
}

/// The members of W3C Baggage that are a mark. The identity has a member of its own, not a property of the lane's:
/// several SDKs lose properties, none loses members.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BaggageMembers {
    /// The lanes: `gray-lane`.
    pub lane: BaggageKey,
    /// The hash of the identity: `gray-id`.
    pub identity: BaggageKey,
}

impl Default for BaggageMembers {
    fn default() -> Self {
        Self { lane: lane_member(), identity: identity_member() }
    }
}

fn lane_member() -> BaggageKey {
    BaggageKey::known("gray-lane")
}

fn identity_member() -> BaggageKey {
    BaggageKey::known("gray-id")
}

/// Whether `tracestate` mirrors the mark.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum TraceStateCarrier {
    /// The member with this key does.
    Key(TraceStateKey),
    /// Nothing is read from it or written to it.
    Disabled(Empty),
}

impl Default for TraceStateCarrier {
    fn default() -> Self {
        Self::Disabled(Empty {})
    }
}

read_object!(Carriers {
    headers: defaulted "headers",
    baggage: defaulted "baggage",
    tracestate: defaulted "tracestate",
    aliases: defaulted "aliases",
});

read_choice!(HeaderCarrier { "enabled" => Enabled, "disabled" => Disabled });

read_variant!(BaggageCarrier { "members" => Members, "disabled" => Disabled });

read_variant!(TraceStateCarrier { "key" => Key, "disabled" => Disabled });

impl Read for BaggageMembers {
    fn read(at: &mut At<'_>) -> Self {
        at.open(&["lane", "identity"]);
        Self { lane: at.or("lane", lane_member), identity: at.or("identity", identity_member) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_object_and_an_empty_object_mean_the_same_carriers() {
        let empty: Carriers = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, Carriers::default());
        assert_eq!(serde_json::from_str::<BaggageMembers>("{}").unwrap(), BaggageMembers::default());
        let BaggageMembers { lane, identity } = BaggageMembers::default();
        assert!([lane, identity].into_iter().all(|key| BaggageKey::new(key.as_str()).is_ok()));
    }
}

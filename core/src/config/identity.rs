//! Who a request comes from.

use serde::{Deserialize, Serialize};

use crate::name::{ClaimName, CookieName, HeaderName, ParameterName};
use crate::read::{read_object, read_variant};

/// Where the identity of a request is found, and how it is hidden before it travels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Identity {
    /// The salt of the hash that travels instead of the identity.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub salt: String,
    /// The places to look, in order: the first that has a value is the identity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<IdentitySource>,
}

/// One place where an identity may be found; an empty value counts as absent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum IdentitySource {
    /// The first value of a header field.
    Header(HeaderName),
    /// A cookie.
    Cookie(CookieName),
    /// A query parameter, percent-decoded.
    Query(ParameterName),
    /// A claim of a verified token.
    Claim(ClaimName),
    /// The address of the peer, without port.
    SourceAddress(Empty),
}

/// Nothing further to say: written as `{}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

read_object!(Identity { salt: defaulted "salt", sources: defaulted "sources" });

read_variant!(IdentitySource {
    "header" => Header,
    "cookie" => Cookie,
    "query" => Query,
    "claim" => Claim,
    "sourceAddress" => SourceAddress,
});

read_object!(Empty {});

// An empty object with `additionalProperties: false` is no structural schema.
#[cfg(feature = "schema")]
impl schemars::JsonSchema for Empty {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Empty".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "object"})
    }
}

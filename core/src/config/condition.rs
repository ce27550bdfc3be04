//! Conditions on a request, as people write them; the same types stand in custom resources and on the wire.

use serde::{Deserialize, Serialize};

use crate::name::{ClaimName, CookieName, HeaderName, ParameterName};
use crate::read::{At, Read, read_object, read_variant};

/// A condition on a request.
///
/// Where a header, cookie or parameter occurs several times, a match on any of its values is a match.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Condition {
    /// Every one of these holds.
    All(Vec<Condition>),
    /// At least one of these holds.
    Any(Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
    /// The request's method.
    Method(StringMatch),
    /// The request's path, without query, percent-decoded and with dot segments resolved.
    Path(PathMatch),
    /// The request's host, in lower case and without port.
    Host(StringMatch),
    /// A header field.
    Header(HeaderMatch),
    /// A cookie.
    Cookie(CookieMatch),
    /// A query parameter, percent-decoded.
    Query(QueryMatch),
    /// A claim of a token that the proxy has verified; what a client merely says of itself never counts.
    Claim(ClaimMatch),
}

/// How a text is compared: exactly one of the operators.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StringMatch {
    /// The value is this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// The value starts with this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The value ends with this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// The whole value matches this regular expression, in time linear in its length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// The value is one of these texts.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<String>>,
    /// Turns the result round.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invert: bool,
}

/// How a value with a name is compared: the name and exactly one of the operators.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyedMatch<N> {
    /// The name to look for.
    pub name: N,
    /// A value is this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// A value starts with this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// A value ends with this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// A whole value matches this regular expression, in time linear in its length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// A value is one of these texts.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<String>>,
    /// There is (`true`) or is not (`false`) any value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<bool>,
    /// Turns the result round: true where no value matches, also where there is none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invert: bool,
}

/// A condition on a header field.
pub type HeaderMatch = KeyedMatch<HeaderName>;
/// A condition on a cookie.
pub type CookieMatch = KeyedMatch<CookieName>;
/// A condition on a query parameter.
pub type QueryMatch = KeyedMatch<ParameterName>;
/// A condition on a verified claim.
pub type ClaimMatch = KeyedMatch<ClaimName>;

impl<N> KeyedMatch<N> {
    /// A condition on `name` without an operator, to be filled in.
    pub fn on(name: N) -> Self {
        Self { name, exact: None, prefix: None, suffix: None, regex: None, one_of: None, present: None, invert: false }
    }
}

/// How a path is compared: exactly one of the operators.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PathMatch {
    /// The path is this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// The path is this path or below it, by whole segments: `/api` takes `/api` and `/api/x`, not `/apix`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The whole path matches this regular expression, in time linear in its length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// Turns the result round.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invert: bool,
}

read_variant!(Condition {
    "all" => All,
    "any" => Any,
    "not" => Not,
    "method" => Method,
    "path" => Path,
    "host" => Host,
    "header" => Header,
    "cookie" => Cookie,
    "query" => Query,
    "claim" => Claim,
});

impl Read for Box<Condition> {
    fn read(at: &mut At<'_>) -> Self {
        Self::new(Condition::read(at))
    }
}

read_object!(StringMatch {
    exact: optional "exact",
    prefix: optional "prefix",
    suffix: optional "suffix",
    regex: optional "regex",
    one_of: optional "in",
    invert: defaulted "invert",
});

read_object!(KeyedMatch<N> {
    name: required "name",
    exact: optional "exact",
    prefix: optional "prefix",
    suffix: optional "suffix",
    regex: optional "regex",
    one_of: optional "in",
    present: optional "present",
    invert: defaulted "invert",
});

read_object!(PathMatch {
    exact: optional "exact",
    prefix: optional "prefix",
    regex: optional "regex",
    invert: defaulted "invert",
});

// Structural schemas can not refer to themselves, so conditions inside conditions are open objects in the schema and
// checked when the configuration is compiled.
#[cfg(feature = "schema")]
impl schemars::JsonSchema for Condition {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Condition".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let nested = serde_json::json!({
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": true,
            "description": "A condition, written as in `when`."
        });
        let keyed = generator.subschema_for::<HeaderMatch>();
        schemars::json_schema!({
            "type": "object",
            "description": "A condition on a request: exactly one of these members.",
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {
                "all": {"type": "array", "items": nested, "description": "Every one of these holds."},
                "any": {"type": "array", "items": nested, "description": "At least one of these holds."},
                "not": nested,
                "method": generator.subschema_for::<StringMatch>(),
                "path": generator.subschema_for::<PathMatch>(),
                "host": generator.subschema_for::<StringMatch>(),
                "header": keyed,
                "cookie": generator.subschema_for::<CookieMatch>(),
                "query": generator.subschema_for::<QueryMatch>(),
                "claim": generator.subschema_for::<ClaimMatch>()
            }
        })
    }
}

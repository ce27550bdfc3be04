//! Checked names: a value of one of these types is well formed by construction.
//!
//! Each type is parsed once, at the border (JSON, YAML, command line); nothing behind the border checks again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::problem::Quoted;

/// A name that breaks its type's rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what} {}: {allowed}", Quoted(.value))]
pub struct InvalidName {
    /// What the value was meant to be, for example `lane name`.
    pub what: &'static str,
    /// The refused value.
    pub value: String,
    /// What is allowed instead.
    pub allowed: &'static str,
}

/// RFC 1123 label: what Kubernetes asks of most object names.
const LABEL: &str = "1 to 63 of a-z, 0-9 and '-', starting and ending with a letter or digit";
#[cfg(feature = "schema")]
const LABEL_PATTERN: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// Kubernetes label value, because versions are labels (`version`, `pod-template-hash`).
const LABEL_VALUE: &str = "1 to 63 of A-Z, a-z, 0-9, '-', '_' and '.', starting and ending with a letter or digit";
#[cfg(feature = "schema")]
const LABEL_VALUE_PATTERN: &str = "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
/// RFC 1123 subdomain.
const SUBDOMAIN: &str = "1 to 253 of a-z, 0-9, '-' and '.', each part a valid label of up to 63";
#[cfg(feature = "schema")]
const SUBDOMAIN_PATTERN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// RFC 9110 section 5.6.2 `token`, in lower case as HTTP/2 wants field names.
const FIELD: &str = "1 to 128 of a-z, 0-9 and !#$%&'*+-.^_`|~ (lower case; no ':' or space)";
#[cfg(feature = "schema")]
const FIELD_PATTERN: &str = r"^[a-z0-9!#$%&'*+.^_`|~-]+$";
/// RFC 6265 section 4.1.1 `cookie-name`, which is an RFC 9110 token.
const COOKIE: &str = "1 to 128 of A-Z, a-z, 0-9 and !#$%&'*+-.^_`|~ (no space, ';' or '=')";
#[cfg(feature = "schema")]
const COOKIE_PATTERN: &str = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
/// W3C Baggage section 3.3.1 `key`, which is an RFC 9110 token.
const BAGGAGE: &str = COOKIE;
#[cfg(feature = "schema")]
const BAGGAGE_PATTERN: &str = COOKIE_PATTERN;
/// W3C Trace Context section 3.3.1.3.1 `key`: a simple key, or a tenant and a system around an `@`.
const TRACESTATE: &str = "1 to 256 of a-z, 0-9, '_', '-', '*' and '/', starting with a letter; or a tenant of up to 241 \
    of these, '@', and a system of up to 14 that starts with a letter";
#[cfg(feature = "schema")]
const TRACESTATE_PATTERN: &str = "^([a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})$";
/// Anything that can be written as the name in a query string.
const PARAMETER: &str = "1 to 128 characters";
#[cfg(feature = "schema")]
const PARAMETER_PATTERN: &str = "^.+$";

fn is_label(value: &str) -> bool {
    (1..=63).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !value.starts_with('-')
        && !value.ends_with('-')
}

fn is_label_value(value: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&value.len())
        && value.starts_with(edge)
        && value.ends_with(edge)
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn is_subdomain(value: &str) -> bool {
    value.len() <= 253 && value.split('.').all(is_label)
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}

fn is_field(value: &str) -> bool {
    (1..=128).contains(&value.len()) && value.bytes().all(|b| is_token_byte(b) && !b.is_ascii_uppercase())
}

fn is_cookie(value: &str) -> bool {
    (1..=128).contains(&value.len()) && value.bytes().all(is_token_byte)
}

fn is_tracestate_key(value: &str) -> bool {
    let letter = |text: &str| text.starts_with(|c: char| c.is_ascii_lowercase());
    let all_fit = |text: &str| {
        text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'*' | b'/'))
    };
    match value.split_once('@') {
        None => value.len() <= 256 && letter(value) && all_fit(value),
        Some((tenant, system)) => {
            let tenant_starts = tenant.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
            tenant.len() <= 241
                && tenant_starts
                && all_fit(tenant)
                && system.len() <= 14
                && letter(system)
                && all_fit(system)
        }
    }
}

fn is_parameter(value: &str) -> bool {
    (1..=128).contains(&value.chars().count())
}

macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:ident, $allowed:ident, $pattern:ident, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks and wraps `value`.
            ///
            /// # Errors
            /// [`InvalidName`] when the value breaks the rule of this type.
            pub fn new(value: impl AsRef<str>) -> Result<Self, InvalidName> {
                let value = value.as_ref();
                if $check(value) {
                    Ok(Self(value.into()))
                } else {
                    Err(InvalidName { what: $what, value: value.to_owned(), allowed: $allowed })
                }
            }

            /// Whether `value` would make a name of this type.
            #[must_use]
            pub fn is_valid(value: &str) -> bool {
                $check(value)
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(value: &str) -> Result<Self, InvalidName> {
                Self::new(value)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(value: String) -> Result<Self, InvalidName> {
                Self::new(value)
            }
        }

        impl crate::read::Read for $name {
            fn read(at: &mut crate::read::At<'_>) -> Self {
                Self(at.checked($check, $allowed).into())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into()
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string", "minLength": 1, "maxLength": $max, "pattern": $pattern
                })
            }
        }
    };
}

checked_name!(
    /// The name of a lane; `base` is [reserved](LaneName::BASE) for the absence of a lane.
    LaneName, "lane name", is_label, LABEL, LABEL_PATTERN, 63
);
checked_name!(
    /// The name of a group of rules of which at most one decides.
    RuleSetName, "rule set name", is_subdomain, SUBDOMAIN, SUBDOMAIN_PATTERN, 253
);
checked_name!(
    /// The name of a rule, as it appears in explanations.
    RuleName, "rule name", is_subdomain, SUBDOMAIN, SUBDOMAIN_PATTERN, 253
);
checked_name!(
    /// The name of a split.
    SplitName, "split name", is_subdomain, SUBDOMAIN, SUBDOMAIN_PATTERN, 253
);
checked_name!(
    /// The name of a service: `cart` or `cart.shop`.
    ServiceName, "service name", is_subdomain, SUBDOMAIN, SUBDOMAIN_PATTERN, 253
);
checked_name!(
    /// The name of one version of a service, and of the subset of its endpoints.
    VersionName, "version name", is_label_value, LABEL_VALUE, LABEL_VALUE_PATTERN, 63
);
checked_name!(
    /// The name of an HTTP header field, in lower case.
    HeaderName, "header name", is_field, FIELD, FIELD_PATTERN, 128
);
checked_name!(
    /// The name of a cookie.
    CookieName, "cookie name", is_cookie, COOKIE, COOKIE_PATTERN, 128
);
checked_name!(
    /// The name of a key that signs overrides.
    KeyId, "key id", is_label, LABEL, LABEL_PATTERN, 63
);
checked_name!(
    /// Whom an override is meant for: a host or any other name of a mesh.
    Audience, "audience", is_subdomain, SUBDOMAIN, SUBDOMAIN_PATTERN, 253
);
checked_name!(
    /// The key of a member of W3C Baggage; lower and upper case differ.
    BaggageKey, "baggage key", is_cookie, BAGGAGE, BAGGAGE_PATTERN, 128
);
checked_name!(
    /// The key of a member of a W3C `tracestate`.
    TraceStateKey, "tracestate key", is_tracestate_key, TRACESTATE, TRACESTATE_PATTERN, 256
);
checked_name!(
    /// The name of a query parameter, as it reads after percent-decoding.
    ParameterName, "query parameter name", is_parameter, PARAMETER, PARAMETER_PATTERN, 128
);
checked_name!(
    /// The name of a claim in a token that the proxy has verified.
    ClaimName, "claim name", is_parameter, PARAMETER, PARAMETER_PATTERN, 128
);

impl HeaderName {
    /// A name of our own, which a test holds to the rule.
    pub(crate) fn known(name: &'static str) -> Self {
        Self(name.into())
    }
}

impl BaggageKey {
    /// A key of our own, which a test holds to the rule.
    pub(crate) fn known(key: &'static str) -> Self {
        Self(key.into())
    }
}

impl LaneName {
    /// How "in no lane" is written wherever a lane can be written.
    pub const BASE: &'static str = "base";

    /// The reserved name of no lane.
    #[must_use]
    pub fn base() -> Self {
        Self(Self::BASE.into())
    }

    /// Whether this is the reserved name of no lane.
    #[must_use]
    pub fn is_base(&self) -> bool {
        &*self.0 == Self::BASE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_follow_rfc_1123() {
        for good in ["a", "gray", "checkout-v7", "0", &"a".repeat(63)] {
            assert!(LaneName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a.b", "ä", "a b", &"a".repeat(64)] {
            assert!(LaneName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn versions_are_kubernetes_label_values() {
        for good in ["v1", "6d4cf56db6", "1.2.3_rc", "A"] {
            assert!(VersionName::new(good).is_ok(), "{good}");
        }
        for bad in ["", ".1", "v1-", "v 1", "v|1"] {
            assert!(VersionName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn header_names_are_lower_case_tokens() {
        assert!(HeaderName::new("x-user").is_ok());
        for bad in ["", "X-User", ":path", "x user", "x:y"] {
            assert!(HeaderName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tracestate_keys_are_simple_or_of_a_tenant() {
        for good in ["gray-lane", "a", "a_b*c/d", "0tenant@sys", &"a".repeat(256)] {
            assert!(TraceStateKey::new(good).is_ok(), "{good}");
        }
        for bad in ["", "0a", "A", "a b", "a=b", "@a", "a@", "a@0", "a@b@c", "a@abcdefghijklmno", &"a".repeat(257)] {
            assert!(TraceStateKey::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refusal_says_what_was_found_and_what_is_allowed() {
        let refusal = LaneName::new("Gray").unwrap_err().to_string();
        assert!(refusal.contains("lane name \"Gray\"") && refusal.contains("a-z"), "{refusal}");
    }
}

//! Patterns of what a request is addressed to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::problem::Quoted;
use crate::read::{At, Read};

/// A host and, for gateways that serve several services under one host, the path below it:
/// `cart.shop`, `*.shop.example.com`, `shop.example.com/cart`, `*`.
///
/// Hosts are compared in lower case, without port and without a trailing dot; paths by whole segments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    host: PatternHost,
    path: String,
}

const ALLOWED: &str =
    "a host, '*.' and a domain, or '*', each without port and optionally followed by a path that starts with '/'";

/// The host part of a [`HostPattern`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PatternHost {
    /// This host and no other.
    Exact(String),
    /// Every host that ends with this, which starts with a dot.
    Suffix(String),
    /// Every host.
    Any,
}

/// Text that is no host pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid host pattern {}: {ALLOWED}", Quoted(.0))]
pub struct InvalidHostPattern(String);

impl HostPattern {
    /// The host part.
    #[must_use]
    pub fn host(&self) -> &PatternHost {
        &self.host
    }

    /// The path below which the pattern applies, without a trailing slash; empty: every path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    fn parse(text: &str) -> Option<Self> {
        let (host, path) = match text.find('/') {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let path_ok = path.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'%'));
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let host = match host.as_str() {
            "*" => PatternHost::Any,
            other => match other.strip_prefix('*') {
                Some(suffix) if suffix.starts_with('.') && is_host(suffix.trim_start_matches('.')) => {
                    PatternHost::Suffix(suffix.to_owned())
                }
                None if is_host(other) || is_ipv6(other) => PatternHost::Exact(other.to_owned()),
                _ => return None,
            },
        };
        let path_fits = path.len() <= 1_024 && path_ok;
        path_fits.then(|| Self { host, path: path.trim_end_matches('/').to_owned() })
    }
}

impl FromStr for HostPattern {
    type Err = InvalidHostPattern;

    fn from_str(text: &str) -> Result<Self, InvalidHostPattern> {
        Self::parse(text).ok_or_else(|| InvalidHostPattern(text.to_owned()))
    }
}

fn is_host(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.split('.').all(|part| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
        })
}

/// Whether `text` looks like an IPv6 address in brackets; one that is none is never asked for.
fn is_ipv6(text: &str) -> bool {
    text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).is_some_and(|text| {
        text.contains(':') && text.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
    })
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            PatternHost::Exact(host) => f.write_str(host)?,
            PatternHost::Suffix(suffix) => write!(f, "*{suffix}")?,
            PatternHost::Any => f.write_str("*")?,
        }
        f.write_str(&self.path)
    }
}

impl TryFrom<String> for HostPattern {
    type Error = InvalidHostPattern;
    fn try_from(text: String) -> Result<Self, InvalidHostPattern> {
        text.parse()
    }
}

impl Read for HostPattern {
    fn read(at: &mut At<'_>) -> Self {
        at.parsed(Self::parse, ALLOWED).unwrap_or(Self { host: PatternHost::Any, path: String::new() })
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for HostPattern {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HostPattern".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "minLength": 1, "maxLength": 1278})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_read_back_as_they_are_written_in_lower_case() {
        for (text, canonical) in [
            ("Cart.Shop.", "cart.shop"),
            ("*.example.com", "*.example.com"),
            ("*", "*"),
            ("*/api/", "*/api"),
            ("shop.example.com/cart", "shop.example.com/cart"),
            ("[::1]", "[::1]"),
        ] {
            let pattern: HostPattern = text.parse().unwrap();
            assert_eq!(pattern.to_string(), canonical);
            assert_eq!(canonical.parse::<HostPattern>().unwrap(), pattern);
        }
    }

    #[test]
    fn ports_inner_wildcards_and_queries_are_refused() {
        for text in ["", "cart:8080", "a.*.b", "*cart", "**", "/api", "cart/a?b", "ca rt", "cart..shop"] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }
}

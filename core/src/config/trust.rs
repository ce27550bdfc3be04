//! Whom marks are believed from, and to whom they may go.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::HostPattern;
use crate::problem::Quoted;
use crate::read::{At, Read, read_object};

/// Whom marks are believed from, and to whom they may go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trust {
    /// The peers whose marks a proxy in front of an app believes, by the SPIFFE id of the certificate that they show:
    /// `spiffe://cluster.local/ns/*/sa/web`. From all others marks are taken. Every peer is believed when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<PeerPattern>,
    /// Hosts that marks may be carried to although no release or lane speaks of them: `*.svc.cluster.local`. From
    /// requests to any other unknown host, marks are taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mesh_hosts: Vec<HostPattern>,
}

/// A pattern of SPIFFE ids. A `*` stands for any text within one segment, and there is at most one in each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PeerPattern(String);

/// Text that is no pattern of SPIFFE ids.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid peer pattern {}: {ALLOWED}", Quoted(.0))]
pub struct InvalidPeerPattern(String);

/// SPIFFE-ID section 2: what stands in a trust domain and in the segments of a path.
const ALLOWED: &str = "'spiffe://', a trust domain and a path, up to 2048 of A-Z, a-z, 0-9, '.', '-', '_' and '/', with at \
    most one '*' in each segment";
const SCHEME: &str = "spiffe://";

impl PeerPattern {
    /// Whether `id` is one of those that the pattern stands for.
    #[must_use]
    pub fn matches(&self, id: &[u8]) -> bool {
        let mut wanted = self.0.as_bytes().split(|byte| *byte == b'/');
        let mut given = id.split(|byte| *byte == b'/');
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(wanted), Some(given)) if segment_matches(wanted, given) => {}
                _ => return false,
            }
        }
    }
}

fn segment_matches(pattern: &[u8], segment: &[u8]) -> bool {
    let Some(star) = pattern.iter().position(|byte| *byte == b'*') else {
        return pattern == segment;
    };
    let (before, after) = (pattern.get(..star).unwrap_or_default(), pattern.get(star + 1..).unwrap_or_default());
    segment.len() >= before.len() + after.len() && segment.starts_with(before) && segment.ends_with(after)
}

fn is_pattern(text: &str) -> bool {
    let segment_fits = |segment: &str| {
        !segment.is_empty()
            && segment.matches('*').count() <= 1
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'*'))
    };
    text.len() <= 2_048 && text.strip_prefix(SCHEME).is_some_and(|rest| rest.split('/').all(segment_fits))
}

impl TryFrom<String> for PeerPattern {
    type Error = InvalidPeerPattern;
    fn try_from(text: String) -> Result<Self, InvalidPeerPattern> {
        if is_pattern(&text) { Ok(Self(text)) } else { Err(InvalidPeerPattern(text)) }
    }
}

impl Read for PeerPattern {
    fn read(at: &mut At<'_>) -> Self {
        Self(at.checked(is_pattern, ALLOWED).to_owned())
    }
}

impl From<PeerPattern> for String {
    fn from(pattern: PeerPattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for PeerPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for PeerPattern {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PeerPattern".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "minLength": 10, "maxLength": 2048, "pattern": r"^spiffe://[A-Za-z0-9._*/-]+$"
        })
    }
}

read_object!(Trust { peers: defaulted "peers", mesh_hosts: defaulted "meshHosts" });

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PeerPattern {
        PeerPattern::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_star_stands_for_text_within_one_segment() {
        let web = pattern("spiffe://cluster.local/ns/*/sa/web");
        assert!(web.matches(b"spiffe://cluster.local/ns/shop/sa/web"));
        assert!(web.matches(b"spiffe://cluster.local/ns//sa/web"));
        for other in [
            &b""[..],
            b"spiffe://cluster.local/ns/shop/sa/webb",
            b"spiffe://cluster.local/ns/shop/sa",
            b"spiffe://cluster.local/ns/shop/sa/web/",
            b"spiffe://cluster.local/ns/a/b/sa/web",
            b"spiffe://evil/ns/shop/sa/web",
            b"xspiffe://cluster.local/ns/shop/sa/web",
            b"spiffe://cluster.local/ns/\xff\xfe/sa/webx",
        ] {
            assert!(!web.matches(other), "{}", String::from_utf8_lossy(other));
        }
        assert!(pattern("spiffe://*.local/ns/a-*-z/sa/*").matches(b"spiffe://x.local/ns/a-b-z/sa/y"));
        assert!(!pattern("spiffe://d/a*a").matches(b"spiffe://d/a"), "prefix and suffix do not overlap");
    }

    #[test]
    fn what_could_never_be_an_id_is_no_pattern() {
        for text in
            ["", "spiffe://", "cluster.local/ns/a", "spiffe://a/**", "spiffe://a//b", "spiffe://a/b c", "https://a"]
        {
            assert!(PeerPattern::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}

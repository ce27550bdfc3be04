//! The names of the headers that Graylane reads and writes.

use serde::{Deserialize, Serialize};

use crate::name::HeaderName;
use crate::problem::{Path, Problems};
use crate::read::{Object, Read};

/// The headers that carry marks, decisions and explanations.
///
/// All of them are internal: at an edge they are removed from what comes in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HeaderNames {
    /// The lanes of the request, authoritative: `x-gray-lane`.
    pub lane: HeaderName,
    /// The hash of the request's identity: `x-gray-id`.
    pub identity: HeaderName,
    /// The chosen version of the next service, which routes match and strip: `x-gray-version`.
    pub version: HeaderName,
    /// Asks for an explanation: `x-gray-explain`.
    pub explain: HeaderName,
    /// The explanation, in the response: `x-gray-explanation`.
    pub explanation: HeaderName,
    /// The way of an explained request over all its hops, in the response: `x-gray-way`.
    pub way: HeaderName,
    /// Why a strict lane refused, in the response: `x-gray-reason`.
    pub reason: HeaderName,
}

impl Default for HeaderNames {
    fn default() -> Self {
        let [lane, identity, version, explain, explanation, way, reason] = DEFAULTS.map(|(_, name)| fixed(name));
        Self { lane, identity, version, explain, explanation, way, reason }
    }
}

const DEFAULTS: [(&str, &str); 7] = [
    ("lane", "x-gray-lane"),
    ("identity", "x-gray-id"),
    ("version", "x-gray-version"),
    ("explain", "x-gray-explain"),
    ("explanation", "x-gray-explanation"),
    ("way", "x-gray-way"),
    ("reason", "x-gray-reason"),
];

impl Read for HeaderNames {
    fn read(value: &serde_json::Value, path: &Path<'_>, problems: &mut Problems) -> Option<Self> {
        let object = Object::open(value, &DEFAULTS.map(|(member, _)| member), path, problems)?;
        // Every member is read before any failure counts.
        let names = DEFAULTS.map(|(member, name)| object.member(member, || fixed(name), problems));
        let [lane, identity, version, explain, explanation, way, reason] = names;
        Some(Self {
            lane: lane?,
            identity: identity?,
            version: version?,
            explain: explain?,
            explanation: explanation?,
            way: way?,
            reason: reason?,
        })
    }
}

#[expect(clippy::expect_used, reason = "literals of this file, each covered by a test")]
fn fixed(name: &str) -> HeaderName {
    HeaderName::new(name).expect("a literal header name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_object_and_an_empty_object_mean_the_same_names() {
        let empty: HeaderNames = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, HeaderNames::default());
    }
}

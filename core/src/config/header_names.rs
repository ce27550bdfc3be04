//! The names of the headers that Graylane reads and writes.

use serde::{Deserialize, Serialize};

use crate::name::HeaderName;
use crate::read::{At, Read};

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
        let names = DEFAULTS.map(|(_, name)| HeaderName::known(name));
        let [lane, identity, version, explain, explanation, way, reason] = names;
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
    fn read(at: &mut At<'_>) -> Self {
        at.open(&DEFAULTS.map(|(member, _)| member));
        let names = DEFAULTS.map(|(member, name)| at.or(member, || HeaderName::known(name)));
        let [lane, identity, version, explain, explanation, way, reason] = names;
        Self { lane, identity, version, explain, explanation, way, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_that_are_written_here_are_names() {
        for (_, name) in DEFAULTS {
            assert_eq!(HeaderName::new(name), Ok(HeaderName::known(name)));
        }
    }

    #[test]
    fn an_absent_object_and_an_empty_object_mean_the_same_names() {
        let empty: HeaderNames = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, HeaderNames::default());
    }
}

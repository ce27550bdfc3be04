//! What must become of one request.

use std::collections::BTreeMap;

use graylane_core::{OverrideRefusal, Reason};
use regex_lite::Regex;
use serde::Deserialize;

use super::runner::Events;
use super::text::{Shown, Text};
use crate::host::Headers as Seen;

/// What must become of a request. Nothing is left open: what is not said must not be.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub struct Expect {
    /// What is decided.
    pub decided: Decided,
    /// The version that serves it, where that is not the one decided: a dry run.
    pub served: Option<String>,
    /// The headers that the upstream sees: all of the internal ones, any of the others.
    pub upstream: Headers,
    /// The status of the response.
    pub status: u16,
    /// The headers that the client sees: all of cookies, reason and explanation, any of the others.
    pub response: Headers,
    /// The steps of the explanation in the response; none: there is no explanation.
    pub explanation: Option<Vec<String>>,
    /// What is counted on the way.
    pub events: Events,
    /// How often the upstream is called.
    pub attempts: u32,
}

/// What is decided about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It is none of ours.
    Pass,
    /// It goes to this version.
    Forward {
        /// The service.
        service: String,
        /// The version.
        version: String,
        /// The lane that it is counted under.
        lane: String,
        /// Why.
        reason: Reason,
    },
    /// A strict lane refuses it.
    Refuse {
        /// The service.
        service: String,
        /// Base's version, under which it is counted.
        version: String,
        /// The lane.
        lane: String,
    },
}

/// Headers by name, each with the values that it must have, in order; none: it must be absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Vec<(String, Pattern)>")]
pub struct Headers(BTreeMap<String, Vec<Pattern>>);

/// A value, or, behind `~`, a regular expression of whole values.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
enum Pattern {
    Is(Text),
    Fits(Regex),
}

/// An expectation as a table writes it: without `service`, the request passes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    service: Option<String>,
    version: Option<String>,
    lane: Option<String>,
    reason: Option<Reason>,
    served: Option<String>,
    #[serde(default)]
    upstream: Headers,
    #[serde(default)]
    removed: Vec<String>,
    status: Option<u16>,
    #[serde(default)]
    response: Headers,
    explanation: Option<Vec<String>>,
    #[serde(default)]
    malformed: u8,
    #[serde(default)]
    stripped: u8,
    #[serde(default)]
    conflicts: u8,
    #[serde(default)]
    left_out: u8,
    #[serde(default)]
    uncorrelated: u8,
    #[serde(default)]
    mirrored: u8,
    refused_override: Option<OverrideRefusal>,
    #[serde(default = "one")]
    attempts: u32,
}

const fn one() -> u32 {
    1
}

impl TryFrom<Written> for Expect {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { service, version, lane, reason, served, mut upstream, removed, status, response, .. } = written;
        upstream.0.extend(removed.into_iter().map(|name| (name, Vec::new())));
        let decided = match (service, version, lane, reason) {
            (None, None, None, None) => Decided::Pass,
            (Some(service), Some(version), Some(lane), Some(Reason::Strict)) => {
                Decided::Refuse { service, version, lane }
            }
            (Some(service), Some(version), Some(lane), Some(reason)) => {
                Decided::Forward { service, version, lane, reason }
            }
            _ => return Err("service, version, lane and reason are given together, or none of them"),
        };
        let usual_status = if matches!(decided, Decided::Refuse { .. }) { 503 } else { 200 };
        Ok(Self {
            decided,
            served,
            upstream,
            status: status.unwrap_or(usual_status),
            response,
            explanation: written.explanation,
            events: Events {
                malformed: written.malformed,
                stripped: written.stripped,
                conflicts: written.conflicts,
                left_out: written.left_out,
                uncorrelated: written.uncorrelated,
                mirrored: written.mirrored,
                refused_override: written.refused_override,
            },
            attempts: written.attempts,
        })
    }
}

impl Headers {
    /// The names that something is said about.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What is wrong with the headers called `names` among those that were `seen`.
    pub(super) fn difference<'n>(&self, seen: &Seen, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
        names.into_iter().find_map(|name| {
            let patterns = self.0.get(name).map(Vec::as_slice).unwrap_or_default();
            let values: Vec<&[u8]> = values(seen, name).collect();
            let fit = values.len() == patterns.len()
                && values.iter().zip(patterns).all(|(value, pattern)| pattern.matches(value));
            let shown: Vec<String> = values.iter().map(|value| Shown(value).to_string()).collect();
            (!fit).then(|| format!("{name} is {shown:?}, expected {patterns:?}"))
        })
    }
}

/// The values of the headers called `name`, in order.
pub(super) fn values<'h>(headers: &'h Seen, name: &str) -> impl Iterator<Item = &'h [u8]> {
    headers.iter().filter(move |(other, _)| *other == name.as_bytes()).map(|(_, value)| value)
}

impl From<Vec<(String, Pattern)>> for Headers {
    fn from(pairs: Vec<(String, Pattern)>) -> Self {
        let mut headers = Self::default();
        for (name, pattern) in pairs {
            headers.0.entry(name).or_default().push(pattern);
        }
        headers
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.strip_prefix('~') {
            Some(pattern) => Regex::new(&format!("^(?:{pattern})$")).map(Self::Fits).map_err(|error| error.to_string()),
            None => Text::try_from(text).map(Self::Is).map_err(|error| error.to_string()),
        }
    }
}

impl Pattern {
    fn matches(&self, value: &[u8]) -> bool {
        match self {
            Self::Is(text) => text.bytes() == value,
            Self::Fits(regex) => std::str::from_utf8(value).is_ok_and(|value| regex.is_match(value)),
        }
    }
}

//! The short form for conditions: what matches and what does not.

use serde::Deserialize;
use serde_json::{Value, json};

use super::expect::Expect;
use super::request::Request;
use super::step::{Send, Step};

/// A condition, put to the test as the only rule there is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    /// The condition.
    when: Value,
    /// Requests that fulfil it.
    matches: Vec<Request>,
    /// Requests that do not.
    misses: Vec<Request>,
}

impl Case {
    /// What the only rule is.
    pub(super) fn patch(&self) -> Value {
        json!({"ruleSets": [{"name": "shop", "rules": [
            {"name": "only", "when": self.when, "then": {"lane": "gray"}}
        ]}]})
    }

    /// A request each: on gray's version if it matches, else on base.
    pub(super) fn steps(self) -> Result<Vec<Step>, serde_json::Error> {
        let expect = |version, lane, reason| {
            serde_json::from_value::<Expect>(json!({
                "service": "cart", "version": version, "lane": lane, "reason": reason,
                "upstream": [["x-gray-lane", lane]]
            }))
        };
        let (hit, miss) = (expect("v2", "gray", "rule")?, expect("v1", "base", "no_match")?);
        let send = |request, expect: &Expect| Step::Send(Send::once(request, expect.clone()));
        let hits = self.matches.into_iter().map(|request| send(request, &hit));
        Ok(hits.chain(self.misses.into_iter().map(|request| send(request, &miss))).collect())
    }
}

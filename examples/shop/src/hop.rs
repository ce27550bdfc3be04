//! The answer of the shop as JSON: the chain of hops that served a request, or the hop that did not.

use std::iter;

use serde::{Deserialize, Serialize};

use crate::Service;

/// One hop of the chain, and those behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hop {
    /// The service that answered.
    pub service: Service,
    /// Its version, such as `v1`.
    pub version: String,
    /// The process that answered, among the replicas of this version.
    pub instance: String,
    /// The `x-gray-lane` header as the application saw it; several are joined by `, `.
    pub lane: Option<String>,
    /// Whether the application saw an `x-gray-version` header. None may ever reach one.
    pub saw_version_header: bool,
    /// What the service that it called answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Box<Hop>>,
}

impl Hop {
    /// This hop and all behind it, in the order of the calls.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        iter::successors(Some(self), |hop| hop.next.as_deref())
    }
}

/// The hop that broke the chain. Hops before it pass this on unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{hop} failed, seen by {seen_by}: {cause}")]
pub struct Failure {
    /// The service that failed.
    #[serde(rename = "failedHop")]
    pub hop: Service,
    /// The instance that noticed: the caller, or the failed instance itself.
    pub seen_by: String,
    /// What happened, for people.
    pub cause: String,
}

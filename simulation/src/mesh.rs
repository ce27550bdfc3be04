//! The mesh: what every proxy goes by, and the pods.

use anyhow::{Context as _, anyhow};
use graylane_core::config::{Correlation, LostMark};
use graylane_core::{FilterConfig, Router};
use serde_json::{Value, json};

use crate::graph::Graph;
use crate::pod::Pod;
use crate::{ServiceId, WEIGHT};

/// A version of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Base,
    Gray,
}

/// Routers by phase, and a pod for each version of each service.
pub(crate) struct Mesh<'g> {
    pub(crate) graph: &'g Graph,
    pub(crate) gateway: Router,
    pub(crate) inbound: Router,
    pub(crate) outbound: Router,
    /// The gateway's own chance.
    pub(crate) edge: Pod,
    pods: Vec<[Pod; 2]>,
}

/// Requests that come in a second of simulated time.
const RATE: u64 = 1_000;

impl<'g> Mesh<'g> {
    pub(crate) fn new(graph: &'g Graph, lost_mark: LostMark) -> anyhow::Result<Self> {
        // A pod of 200 serves a small part of the requests.
        let correlation = Correlation { requests: 4_096, ..Correlation::default() };
        let pod = || Pod::new(&correlation);
        Ok(Self {
            graph,
            gateway: router("gateway", graph, &correlation, lost_mark)?,
            inbound: router("sidecarInbound", graph, &correlation, lost_mark)?,
            outbound: router("sidecarOutbound", graph, &correlation, lost_mark)?,
            edge: pod(),
            pods: graph.services().iter().map(|_| [pod(), pod()]).collect(),
        })
    }

    /// The time when the request of this number comes.
    pub(crate) fn set_time(&mut self, request: u64) {
        if request.is_multiple_of(RATE) {
            // A time of zero would be no time.
            let seconds = u32::try_from(1 + request / RATE).unwrap_or(u32::MAX);
            self.pods.iter_mut().flatten().for_each(|pod| pod.set_time(seconds));
        }
    }

    /// The pod of a version, with the routers on its two sides.
    pub(crate) fn pod(&mut self, service: ServiceId, version: Version) -> Option<(&mut Pod, &Router, &Router)> {
        let [base, gray] = self.pods.get_mut(service.0)?;
        let pod = match version {
            Version::Base => base,
            Version::Gray => gray,
        };
        Some((pod, &self.inbound, &self.outbound))
    }
}

fn router(phase: &str, graph: &Graph, correlation: &Correlation, lost_mark: LostMark) -> anyhow::Result<Router> {
    let services: serde_json::Map<String, Value> = graph.services().iter().enumerate().map(service).collect();
    // Nobody has called the gateway on behalf of another request.
    let correlation = (phase != "gateway").then_some(correlation);
    let config = json!({
        "version": "v1",
        "generation": 1,
        "phase": phase,
        "identity": {"salt": "simulation", "sources": [{"header": "x-user"}]},
        "lanes": {"gray": {}},
        "ruleSets": [{"name": "release", "rules": [{"name": "all", "then": {"split": "release"}}]}],
        "splits": {"release": {
            "salt": "release",
            "slots": [{"to": "gray", "slots": WEIGHT}, {"to": "base", "slots": 10_000 - WEIGHT}],
            "keyless": {"sequence": {}},
        }},
        "services": services,
        "correlation": correlation,
        "lostMark": lost_mark,
    });
    let config = FilterConfig::from_json(&serde_json::to_vec(&config)?).map_err(|problems| anyhow!("{problems}"))?;
    Router::compile(&config).map_err(|problems| anyhow!("{problems}")).context("the simulation's configuration")
}

fn service((id, service): (usize, &crate::graph::Service)) -> (String, Value) {
    let host = ServiceId(id).host();
    let lanes = if service.has_gray { json!({"gray": "v2"}) } else { json!({}) };
    (format!("s{id}"), json!({"hosts": [host], "base": "v1", "lanes": lanes}))
}

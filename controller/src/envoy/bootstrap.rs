//! What a proxy is started with.

use std::net::SocketAddr;

use graylane_core::metric;
use graylane_core::name::LaneName;
use serde_json::{Value, json};

use super::{Files, Listener, Resource, Tracing, socket_address};

/// A proxy: its listeners stand for its life, everything else comes from files.
#[derive(Debug, Clone)]
pub struct Bootstrap<'a> {
    /// The name of the proxy.
    pub node: &'a str,
    /// What it is one of: the version of a service, or the gateway.
    pub group: &'a str,
    /// The lane of the requests that its app begins, told as Istio tells the labels of a pod.
    pub lane: Option<&'a LaneName>,
    /// Where it can be asked.
    pub admin: SocketAddr,
    /// Where it listens.
    pub listeners: &'a [Listener],
    /// Where the rest is.
    pub files: &'a Files,
    /// Where its spans go.
    pub tracing: Option<&'a Tracing>,
}

impl Bootstrap<'_> {
    /// The bootstrap configuration.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Self { node, group, lane, admin, listeners, files, tracing } = *self;
        let spans = tracing.map(|tracing| tracing.of(group));
        let tag = |label: &&str| json!({"tag_name": label, "regex": metric::tag_regex(label)});
        let labels = lane.map(|lane| json!({"graylane.io/lane": lane}));
        json!({
            "node": {"id": node, "cluster": group, "metadata": {"LABELS": labels.unwrap_or_else(|| json!({}))}},
            "admin": {"address": socket_address(admin)},
            "stats_config": {"stats_tags": metric::LABELS.iter().map(tag).collect::<Vec<_>>()},
            "dynamic_resources": {"cds_config": files.source(Resource::Clusters)},
            "static_resources": {
                "listeners": listeners.iter().map(|listener| listener.to_json(files, spans.as_ref())).collect::<Vec<_>>(),
                "clusters": listeners.iter().filter_map(|listener| listener.cluster()).chain(tracing.map(Tracing::cluster)).collect::<Vec<_>>(),
            },
        })
    }
}

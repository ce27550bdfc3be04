//! What runs in a lab, written by the inside and read by whoever asks.

use std::{fs, io};

use anyhow::Result;
use graylane_lab::folder::Folder;
use graylane_lab::{Component, Extent, Lab, Life};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use serde::{Deserialize, Serialize};

/// All that runs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) components: Vec<Line>,
    pub(super) pods: Vec<PodLine>,
}

/// One component.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) component: Component,
    pub(super) state: State,
    pub(super) since: Option<Timestamp>,
}

/// One pod.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PodLine {
    /// Namespace and name.
    pub(super) name: String,
    pub(super) address: String,
    /// How many of its containers are ready, and of how many.
    pub(super) ready: (usize, usize),
    pub(super) since: Option<Timestamp>,
}

/// How it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    Ready,
    NotReady,
    Stopped,
    Ended(String),
}

impl Report {
    pub(super) async fn of(lab: &Lab, extent: Extent) -> Result<Self> {
        let mut components = Vec::new();
        for component in extent.components().iter().copied() {
            let (state, since) = match lab.life(component).await? {
                Life::Runs { since } if lab.is_ready(component).await => (State::Ready, Some(since)),
                Life::Runs { since } => (State::NotReady, Some(since)),
                Life::Stopped => (State::Stopped, None),
                Life::Ended(status) => (State::Ended(status.to_string()), None),
            };
            components.push(Line { component, state, since });
        }
        let pods = pods(lab).await.unwrap_or_default();
        Ok(Self { components, pods })
    }

    /// Whether everything was ready when this was written.
    pub(super) fn is_up(&self) -> bool {
        self.components.iter().all(|line| line.state == State::Ready)
    }

    /// Whole or not at all.
    pub(super) fn write(&self, folder: &Folder) -> io::Result<()> {
        let unfinished = folder.status().with_extension("unfinished");
        fs::write(&unfinished, serde_json::to_vec(self)?)?;
        fs::rename(unfinished, folder.status())
    }

    pub(super) fn read(folder: &Folder) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.status()).ok()?).ok()
    }
}

/// All pods; nothing while the API server is away.
async fn pods(lab: &Lab) -> Option<Vec<PodLine>> {
    let pods: Api<Pod> = Api::all(lab.client().ok()?.clone());
    let pods = pods.list(&ListParams::default()).await.ok()?;
    Some(pods.iter().map(PodLine::of).collect())
}

impl PodLine {
    fn of(pod: &Pod) -> Self {
        let status = pod.status.clone().unwrap_or_default();
        let containers: Vec<_> =
            status.init_container_statuses.into_iter().chain(status.container_statuses).flatten().collect();
        let ready = containers.iter().filter(|container| container.ready).count();
        Self {
            name: format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any()),
            address: status.pod_ip.unwrap_or_default(),
            ready: (ready, containers.len()),
            since: status.start_time.map(|start| start.0),
        }
    }
}

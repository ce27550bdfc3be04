//! What runs in a lab, written by the inside and read by whoever asks.

use std::{fs, io};

use anyhow::Result;
use graylane_lab::folder::Folder;
use graylane_lab::{Component, Extent, Lab, Life};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// All that runs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) components: Vec<Line>,
}

/// One component.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) component: Component,
    pub(super) state: State,
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
        Ok(Self { components })
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

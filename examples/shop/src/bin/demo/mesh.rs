//! The mesh under the story.

use std::{io, net::SocketAddr};

use anyhow::Context;
use graylane::local::{self, Event, Events, Options, Running};

use crate::{folder::Folder, proxies::Proxies};

/// The running mesh. To be stopped, not dropped: then nothing is left of it.
#[derive(Debug)]
pub(crate) struct Mesh {
    running: Running,
    events: Events,
    proxies: Proxies,
}

impl Mesh {
    /// Starts what the folder describes, with the Envoy and the module of the environment.
    pub(crate) async fn start(folder: &Folder) -> anyhow::Result<Self> {
        let options = Options { dir: folder.path().to_owned(), state_dir: Some(folder.state()), ..Options::default() };
        let (running, events) = local::start(options).await?;
        Ok(Self { running, events, proxies: Proxies::default() })
    }

    /// Tells what happens until the mesh serves. May be dropped at any time.
    pub(crate) async fn ready(&mut self, mut tell: impl FnMut(&Event) -> io::Result<()>) -> anyhow::Result<()> {
        loop {
            let event = self.next().await?;
            tell(&event)?;
            if let Event::Ready { .. } = event {
                return Ok(());
            }
        }
    }

    /// What happens next. May be dropped at any time.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Event> {
        let event = self.events.next().await.context("the mesh has stopped by itself")?;
        self.proxies.hear(&event);
        Ok(event)
    }

    pub(crate) fn gateway(&self) -> SocketAddr {
        self.running.gateway_addr()
    }

    /// How far the proxies are.
    pub(crate) fn proxies(&self) -> Proxies {
        self.proxies
    }

    /// Stops everything, and returns when nothing runs any more.
    pub(crate) async fn stop(self) {
        self.running.shutdown().await;
    }
}

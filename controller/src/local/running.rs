//! The handle of a local mesh that runs.

use std::net::SocketAddr;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::event::Event;
use super::mesh::Mesh;
use super::proxy::Proxy;

/// A local mesh that runs. Dropping it stops everything in the background, as long as the runtime lives.
#[derive(Debug)]
pub struct Running {
    gateway: SocketAddr,
    proxies: watch::Receiver<Vec<Proxy>>,
    ready: watch::Receiver<bool>,
    stop: DropGuard,
    task: JoinHandle<()>,
}

/// What happens in a mesh, in order.
#[derive(Debug)]
pub struct Events(pub(super) mpsc::UnboundedReceiver<Event>);

/// The mesh stopped before it was ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the mesh stopped before it was ready")]
pub struct StoppedEarly;

impl Running {
    /// Lets `mesh` live.
    pub(super) fn of(mesh: Mesh) -> Self {
        let stop = CancellationToken::new();
        Self {
            gateway: mesh.gateway.address(),
            proxies: mesh.proxies.subscribe(),
            ready: mesh.ready.subscribe(),
            task: tokio::spawn(mesh.live(stop.clone())),
            stop: stop.drop_guard(),
        }
    }

    /// Where clients come in.
    #[must_use]
    pub fn gateway_addr(&self) -> SocketAddr {
        self.gateway
    }

    /// The proxies that there are now, the gateway's first.
    #[must_use]
    pub fn proxies(&self) -> Vec<Proxy> {
        self.proxies.borrow().clone()
    }

    /// Waits until every app has come as far as it gets, and every proxy has acknowledged the first generation.
    ///
    /// An app that fails, or is late to get ready, is not waited for: it gets no requests, and events tell why.
    ///
    /// # Errors
    /// When the mesh is stopped before.
    pub async fn ready(&self) -> Result<(), StoppedEarly> {
        let mut ready = self.ready.clone();
        ready.wait_for(|ready| *ready).await.map(drop).map_err(|_| StoppedEarly)
    }

    /// Stops everything, and returns when nothing runs any more.
    pub async fn shutdown(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!("the mesh failed: {error}");
        }
    }
}

impl Events {
    /// The next event; `None` once the mesh has stopped and all of them were taken. May be dropped at any time without
    /// losing an event.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }
}

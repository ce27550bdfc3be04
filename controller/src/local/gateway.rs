//! The gateway: the one proxy without an app.

use std::net::SocketAddr;
use std::sync::Arc;

use super::Error;
use super::event::ProcessName;
use super::port::Port;
use super::process::Site;
use super::proxy::{self, Proxy};
use crate::envoy::Listener;

/// The gateway, which runs as long as the mesh.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) proxy: Proxy,
    port: Port,
    running: proxy::Running,
}

impl Gateway {
    /// Starts it on a port that was kept for it.
    pub(super) fn start(site: &Arc<Site>, port: Port) -> Result<Self, Error> {
        let listeners = vec![Listener::Gateway { address: port.address() }];
        let (proxy, running) = Proxy::start(site, ProcessName::Gateway, "gateway", None, listeners)?;
        Ok(Self { proxy, port, running })
    }

    /// Where clients come in.
    pub(super) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Stops it.
    pub(super) async fn stop(self) {
        self.running.supervised.stop().await;
    }
}

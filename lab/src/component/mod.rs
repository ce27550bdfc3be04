//! The programs that run once in a lab: how each is started, and how it says that it is ready.

mod api_server;
mod controller_manager;
mod etcd;
mod istiod;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, io};

use graylane_lab_tools::{File, Missing, find};
use serde::{Deserialize, Serialize};

use crate::folder::Folder;
use crate::http::HttpClient;
use crate::process::Program;

pub(crate) use api_server::prepare as prepare_certificates;

/// A program of the control plane, in the order in which they are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Component {
    /// The store of the API server.
    Etcd,
    /// The API server.
    ApiServer,
    /// Kubernetes' own controllers.
    ControllerManager,
    /// Istio's control plane.
    Istiod,
}

impl Component {
    /// Every component.
    pub const ALL: [Self; 4] = [Self::Etcd, Self::ApiServer, Self::ControllerManager, Self::Istiod];

    /// Where the API server is, inside the lab.
    pub const API_SERVER_SOCKET: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), api_server::PORT);

    /// Its name, also that of its log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Istiod => "istiod",
        }
    }

    /// Where it is reached, inside the lab.
    #[must_use]
    pub fn address(self) -> String {
        match self {
            Self::Etcd => etcd::CLIENT_URL.to_owned(),
            Self::ApiServer => format!("https://{}", Self::API_SERVER_SOCKET),
            Self::ControllerManager => format!("https://127.0.0.1:{}", controller_manager::PORT),
            Self::Istiod => format!("http://127.0.0.1:{}", istiod::HTTP_PORT),
        }
    }

    /// What it says goes there.
    #[must_use]
    pub fn log(self, folder: &Folder) -> PathBuf {
        folder.logs().join(format!("{}.log", self.name()))
    }

    /// How long it may take to end when it is asked to: the API server waits for what is under way.
    pub(crate) fn grace(self) -> Duration {
        match self {
            Self::Etcd | Self::ApiServer => Duration::from_secs(5),
            Self::ControllerManager | Self::Istiod => Duration::from_secs(2),
        }
    }

    /// How it is started.
    pub(crate) fn program(self, folder: &Folder) -> Result<Program, CannotPrepare> {
        let file = find(match self {
            Self::Etcd => File::Etcd,
            Self::ApiServer => File::KubeApiserver,
            Self::ControllerManager => File::KubeControllerManager,
            Self::Istiod => File::PilotDiscovery,
        })?;
        let program = Program::new(&file, folder.path(), self.log(folder));
        match self {
            Self::Etcd => Ok(etcd::program(program, folder)),
            Self::ApiServer => Ok(api_server::program(program, folder)),
            Self::ControllerManager => Ok(controller_manager::program(program, folder)),
            Self::Istiod => Ok(istiod::program(program, folder)?),
        }
    }

    /// Whether it is ready, by its own word.
    pub(crate) async fn is_ready(self, http: &HttpClient, client: Option<&kube::Client>) -> bool {
        match self {
            Self::Etcd => http.is_well(etcd::CLIENT_URL, "/health").await,
            Self::Istiod => http.is_well(&self.address(), "/ready").await,
            Self::ApiServer => match client {
                // The client says aloud that nobody listens, which is no news while it starts.
                Some(client) if http.takes_connections(api_server::PORT).await => api_server::is_ready(client).await,
                Some(_) | None => false,
            },
            // Without leader election it works from the moment it runs; its port needs TLS with its own certificate.
            Self::ControllerManager => http.takes_connections(controller_manager::PORT).await,
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why a component can not even be started.
#[derive(Debug, thiserror::Error)]
pub enum CannotPrepare {
    /// It is not on this machine.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// A file that it needs can not be written.
    #[error("cannot write a file that it needs: {0}")]
    Write(#[from] io::Error),
    /// Its key can not be made.
    #[error("cannot make a key: {0}")]
    Key(#[from] rcgen::Error),
}

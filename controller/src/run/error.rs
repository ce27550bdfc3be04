//! Why the controller can not start.

use std::io;
use std::path::PathBuf;

/// Why the controller can not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no way to an API server.
    #[error("no API server: {0}; a kubeconfig (KUBECONFIG), or the service account of a pod, says where it is")]
    Client(Box<kube::Error>),
    /// The controller may not do what it has to.
    #[error("the controller is not allowed to: {0}; deploy/rbac.yaml gives it these rights")]
    Rights(String),
    /// The address can not be listened at.
    #[error("can not listen at {address}: {cause}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
    /// The module can not be read.
    #[error("the module \"{}\" can not be read: {cause}; 'cargo xtask module' builds it", file.display())]
    Module {
        /// The file.
        file: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The module is none.
    #[error("no proxy gets {}: {why}; 'cargo xtask module' builds it", file.display())]
    Unfit {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: super::Unfit,
    },
    /// Signals can not be listened for.
    #[error("can not listen for signals: {0}")]
    Signals(io::Error),
    /// There is no runtime.
    #[error("can not wait for anything: {0}")]
    Runtime(io::Error),
}

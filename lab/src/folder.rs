//! The folder of a lab: data, logs, and how to reach it.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// A folder that one lab has for itself.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes what is not there.
    ///
    /// # Errors
    /// What the system says.
    pub fn make(path: &Path) -> io::Result<Self> {
        let folder = Self(std::path::absolute(path)?);
        for part in [folder.logs(), folder.certificates(), folder.pods()] {
            fs::create_dir_all(part)?;
        }
        Ok(folder)
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A log for each process.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// What the API server stores.
    #[must_use]
    pub fn etcd(&self) -> PathBuf {
        self.0.join("etcd")
    }

    /// Certificates and keys of the API server.
    #[must_use]
    pub fn certificates(&self) -> PathBuf {
        self.0.join("certificates")
    }

    /// A folder for each pod that runs, by its unique id.
    #[must_use]
    pub fn pods(&self) -> PathBuf {
        self.0.join("pods")
    }

    /// The names of Services, for programs inside.
    #[must_use]
    pub fn hosts(&self) -> PathBuf {
        self.0.join("hosts")
    }

    /// How programs inside the lab reach the API server.
    #[must_use]
    pub fn kubeconfig_inside(&self) -> PathBuf {
        self.0.join("kubeconfig-inside.yaml")
    }

    /// How programs outside reach it.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.0.join("kubeconfig.yaml")
    }

    /// Where the inside takes connections to the API server from outside.
    #[must_use]
    pub fn api_socket(&self) -> PathBuf {
        self.0.join("api.sock")
    }

    /// What runs, as the lab last said.
    #[must_use]
    pub fn status(&self) -> PathBuf {
        self.0.join("status.json")
    }
}

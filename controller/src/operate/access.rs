//! Which cluster is meant, and the way to it.

use std::path::PathBuf;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::{Error, Operator};

/// Which cluster and namespace are meant, as `kubectl` is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// The namespace; that of the context when absent.
    pub namespace: Option<String>,
    /// The context of the kubeconfig; its current one when absent.
    pub context: Option<String>,
    /// The kubeconfig; `KUBECONFIG`, `~/.kube/config` or the service account of a pod when absent.
    pub kubeconfig: Option<PathBuf>,
}

impl Operator {
    /// Finds the way to the API server. Nothing is asked of it yet.
    ///
    /// # Errors
    /// [`Error::NoCluster`].
    pub async fn connect(access: Access) -> Result<Self, Error> {
        let config = access.config().await?;
        let namespace = access.namespace.unwrap_or_else(|| config.default_namespace.clone());
        let server = config.cluster_url.clone();
        let client = Client::try_from(config).map_err(|error| Error::NoCluster(error.into()))?;
        Ok(Self { client, server, namespace })
    }
}

impl Access {
    /// The contexts of the kubeconfig; none where it can not be read.
    #[must_use]
    pub fn contexts(&self) -> Vec<String> {
        let kubeconfig = self.kubeconfig.as_ref().map_or_else(Kubeconfig::read, Kubeconfig::read_from);
        kubeconfig.map(|known| known.contexts.into_iter().map(|context| context.name).collect()).unwrap_or_default()
    }

    async fn config(&self) -> Result<Config, Error> {
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        let named = |kubeconfig: Kubeconfig| Config::from_custom_kubeconfig(kubeconfig, &options);
        match (&self.kubeconfig, &self.context) {
            (Some(file), _) => {
                let kubeconfig = Kubeconfig::read_from(file).map_err(|error| Error::NoCluster(error.into()))?;
                named(kubeconfig).await.map_err(|error| Error::NoCluster(error.into()))
            }
            (None, Some(_)) => Config::from_kubeconfig(&options).await.map_err(|error| Error::NoCluster(error.into())),
            (None, None) => Config::infer().await.map_err(|error| Error::NoCluster(error.into())),
        }
    }
}

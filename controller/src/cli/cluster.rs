//! Which cluster a command speaks to.

use std::path::PathBuf;

use clap::Args;
use tokio::runtime;

use super::{CliError, candidates};
use crate::operate::{Access, Error, Operator};

#[derive(Debug, Clone, Default, Args)]
pub(super) struct ClusterArgs {
    /// The namespace [default: that of the kubeconfig's context]
    #[arg(short, long, value_name = "NAME", add = candidates::namespaces())]
    namespace: Option<String>,
    /// The context of the kubeconfig [default: its current one]
    #[arg(long, value_name = "NAME", add = candidates::contexts())]
    context: Option<String>,
    /// The kubeconfig [default: KUBECONFIG, else ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

impl ClusterArgs {
    /// The contexts there are to choose from; none where the kubeconfig can not be read.
    pub(super) fn contexts(&self) -> Vec<String> {
        Access { kubeconfig: self.kubeconfig.clone(), ..Access::default() }.contexts()
    }

    /// What comes of asking the cluster.
    pub(super) fn ask<T>(self, question: impl AsyncFnOnce(Operator) -> Result<T, Error>) -> Result<T, CliError> {
        let Self { namespace, context, kubeconfig } = self;
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)?;
        let answer = async {
            let operator = Operator::connect(Access { namespace, context, kubeconfig }).await?;
            question(operator).await
        };
        Ok(runtime.block_on(answer)?)
    }
}

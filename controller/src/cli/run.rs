//! `graylane run`: the controller in a cluster.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::runtime;

use super::{CliError, Verdict, module};
use crate::run::{self, Error, Module, Options};

/// Releases new versions of Deployments in the cluster that `KUBECONFIG` or the pod's service account leads to.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Where probes (/healthz, /readyz), metrics (/metrics) and the module are served
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8080")]
    listen: SocketAddr,
    /// Where proxies find what is served there
    #[arg(long, value_name = "URL", default_value = "http://graylane.graylane-system.svc.cluster.local:8080")]
    advertised_url: String,
    /// The filter's module, to be served at an address that names its content
    #[arg(long, value_name = "FILE", env = "GRAYLANE_MODULE", default_value = "/graylane.wasm")]
    module: PathBuf,
    /// Where proxies get the module from instead: https://, http://, oci:// or file://
    #[arg(long, value_name = "URL", value_parser = module::url)]
    module_url: Option<String>,
    /// The SHA-256 of the module at that URL
    #[arg(long, value_name = "HEX", value_parser = module::sha256, requires = "module_url")]
    module_sha256: Option<String>,
    /// The namespace of the Lease that says which of several controllers leads
    #[arg(long, value_name = "NAME", env = "POD_NAMESPACE", default_value = "graylane-system")]
    namespace: String,
    /// How this controller is called among others [default: by its process]
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    identity: Option<String>,
}

pub(super) fn run(args: RunArgs) -> Result<Verdict, CliError> {
    let RunArgs { listen, advertised_url, module, module_url, module_sha256, namespace, identity } = args;
    let module = match module_url {
        Some(url) => Module::Elsewhere { url, sha256: module_sha256 },
        None => Module::Served(module),
    };
    let identity = identity.unwrap_or_else(|| format!("graylane-{}", std::process::id()));
    let runtime =
        runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Error::Runtime)?;
    runtime.block_on(run::run(Options { listen, advertised_url, module, namespace, identity }))?;
    Ok(Verdict::Fine)
}

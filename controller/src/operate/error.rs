//! Why a release can not be looked at or told anything.

use std::io;

use crate::api::Kind;

/// Why a release can not be looked at or told anything.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no way to an API server.
    #[error("no API server: {0}; a kubeconfig (--kubeconfig, or KUBECONFIG) says where it is")]
    NoCluster(Box<dyn std::error::Error + Send + Sync>),
    /// There is no such object.
    #[error("there is no {kind} \"{namespace}/{name}\"; -n names another namespace")]
    NotFound {
        /// Its kind.
        kind: Kind,
        /// The namespace.
        namespace: String,
        /// The name.
        name: String,
    },
    /// It took too long.
    #[error("GrayRelease \"{name}\" has not come to an end in {} s; it goes on all the same", patience.as_secs())]
    Patience {
        /// The name.
        name: String,
        /// How long was waited.
        patience: std::time::Duration,
    },
    /// No proxy has been told anything.
    #[error(
        "nothing is published to proxies of namespace \"{namespace}\": either the controller does not run, or there is no proxy; -n names another namespace"
    )]
    NothingPublished {
        /// The namespace.
        namespace: String,
    },
    /// Somebody else always was faster.
    #[error("GrayRelease \"{name}\" changed each time it was about to be patched; try again")]
    Overtaken {
        /// The name.
        name: String,
    },
    /// The stable version of a Deployment has no `ReplicaSet` any more.
    #[error("Deployment \"{deployment}\" has no ReplicaSet of its stable version any more: set its template by hand")]
    NoStable {
        /// The Deployment.
        deployment: String,
    },
    /// The API server refuses.
    #[error("the API server refuses: {}", said(.0))]
    Api(Box<kube::Error>),
    /// An object has no form in JSON.
    #[error("an object can not be written: {0}")]
    Data(serde_json::Error),
    /// Nobody reads the output.
    #[error("can not write the output: {0}")]
    Output(io::Error),
    /// There is no runtime.
    #[error("can not wait for anything: {0}")]
    Runtime(io::Error),
}

/// What the API server says, without how that is put in Rust.
fn said(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}

impl Error {
    pub(super) fn api(error: kube::Error) -> Self {
        Self::Api(Box::new(error))
    }
}

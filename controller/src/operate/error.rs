//! Why a release can not be looked at or told anything.

use std::error::Error as _;
use std::io;
use std::iter::successors;

use kube::core::Status;

use super::{Operator, Reach};
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
    #[error("GrayRelease \"{name}\" changed each time it was about to be told, for 5 s; try again")]
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
    /// No answer comes.
    #[error("the API server at {server} gives no answer: {why}; --kubeconfig and --context say which one is asked")]
    NoAnswer {
        /// Where it should be.
        server: http::Uri,
        /// What went wrong.
        why: String,
    },
    /// The API server knows nothing of the kind of object.
    #[error("the API server at {server} does not know Graylane's resources; 'kubectl apply -k deploy/' installs them")]
    NotInstalled {
        /// Where it is.
        server: http::Uri,
    },
    /// The API server does not know who asks.
    #[error(
        "the API server at {server} does not take these credentials ({said}); 'kubectl auth whoami' asks by the same"
    )]
    Unknown {
        /// Where it is.
        server: http::Uri,
        /// What it says.
        said: String,
    },
    /// Who asks lacks a right.
    #[error("{0}; deploy/users.yaml lets whoever may view, or edit, a namespace do so with its releases")]
    Forbidden(String),
    /// Who asks may not list all namespaces.
    #[error(
        "{0}; -A lists all namespaces, which takes a ClusterRoleBinding to the role view (with deploy/users.yaml); -n NAMESPACE lists one"
    )]
    ForbiddenEverywhere(String),
    /// Who asks may not look at what belongs to no namespace.
    #[error(
        "{0}; the policy belongs to no namespace: a ClusterRoleBinding to the role view (with deploy/users.yaml) lets it be looked at"
    )]
    ForbiddenPolicy(String),
    /// The API server refuses.
    #[error("the API server refuses: {0}")]
    Refused(String),
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

impl Operator {
    /// What went wrong with listing what is within `reach`.
    pub(super) fn unlisted(&self, error: kube::Error, reach: Reach) -> Error {
        match (self.fault(error), reach) {
            (Error::Forbidden(said), Reach::Everywhere) => Error::ForbiddenEverywhere(said),
            (error, Reach::Everywhere | Reach::Namespace) => error,
        }
    }

    /// What went wrong with a request, for those who sent it.
    pub(super) fn fault(&self, error: kube::Error) -> Error {
        let server = self.server.clone();
        match error {
            kube::Error::Api(status) => match status.code {
                401 => Error::Unknown { server, said: said(&status) },
                403 => Error::Forbidden(said(&status)),
                404 if status.details.is_none() => Error::NotInstalled { server },
                _ => Error::Refused(said(&status)),
            },
            error => Error::NoAnswer { server, why: causes(&error) },
        }
    }
}

/// What the API server says, or whatever answers in its place.
fn said(status: &Status) -> String {
    if status.message.is_empty() {
        format!("it answers {} and says nothing", status.code)
    } else {
        status.message.clone()
    }
}

/// An error and what it comes from, down to what the system said.
fn causes(error: &kube::Error) -> String {
    let first = error.source();
    let causes: Vec<String> = successors(first, |error| (*error).source()).map(ToString::to_string).collect();
    if causes.is_empty() { error.to_string() } else { causes.join(": ") }
}

//! What people do to releases in a cluster: look, and tell.
//!
//! A verb is an annotation, written only at the resource version that was looked at, with the name of the user that the
//! API server knows. What becomes of it is the controller's business, which notes it in the history.

mod access;
mod advice;
mod error;
mod follow;
mod published;
mod table;
mod tell;
#[cfg(test)]
mod tests;
mod undo;
mod view;

use std::fmt::Debug;

use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ListParams, ObjectList, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde::de::DeserializeOwned;

use crate::api::{GrayRelease, Kind, Lane, MeshPolicy};
pub use access::Access;
pub use error::Error;
pub use follow::{Display, End};
pub use table::{lane_table, policy_table, table};
pub use tell::Answer;
pub use view::view;

/// Who patches, for the API server: another one than the controller, whose fields stay its own.
const FIELD_MANAGER: &str = "graylane-cli";

/// Releases of one namespace, seen by one user.
#[derive(Clone)]
pub struct Operator {
    client: Client,
    /// Where the API server is, for those who wonder which one was asked.
    server: http::Uri,
    namespace: String,
}

/// Whose releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those of the operator's namespace.
    Namespace,
    /// Those of all namespaces.
    Everywhere,
}

impl Operator {
    fn releases(&self) -> Api<GrayRelease> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The release of this name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or what the API server says.
    pub async fn get(&self, name: &str) -> Result<GrayRelease, Error> {
        self.found(&self.releases(), Kind::GrayRelease, name).await
    }

    /// The object of this name. An API server that knows its kind says in the details which object it is that is not there.
    async fn found<K>(&self, objects: &Api<K>, kind: Kind, name: &str) -> Result<K, Error>
    where
        K: Clone + Debug + DeserializeOwned,
    {
        objects.get(name).await.map_err(|error| match error {
            kube::Error::Api(status) if status.is_not_found() && status.details.is_some() => self.missing(kind, name)(),
            error => self.fault(error),
        })
    }

    fn missing(&self, kind: Kind, name: &str) -> impl Fn() -> Error + use<> {
        let (namespace, name) = (self.namespace.clone(), name.to_owned());
        move || Error::NotFound { kind, namespace: namespace.clone(), name: name.clone() }
    }

    /// All releases of the namespace, or of all namespaces.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn list(&self, reach: Reach) -> Result<ObjectList<GrayRelease>, Error> {
        let releases = match reach {
            Reach::Namespace => self.releases(),
            Reach::Everywhere => Api::all(self.client.clone()),
        };
        releases.list(&ListParams::default()).await.map_err(|error| self.unlisted(error, reach))
    }

    /// The standing lane of this name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or what the API server says.
    pub async fn lane(&self, name: &str) -> Result<Lane, Error> {
        let lanes: Api<Lane> = Api::namespaced(self.client.clone(), &self.namespace);
        self.found(&lanes, Kind::Lane, name).await
    }

    /// All standing lanes of the namespace, or of all namespaces.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn lanes(&self, reach: Reach) -> Result<ObjectList<Lane>, Error> {
        let lanes = match reach {
            Reach::Namespace => Api::namespaced(self.client.clone(), &self.namespace),
            Reach::Everywhere => Api::all(self.client.clone()),
        };
        lanes.list(&ListParams::default()).await.map_err(|error| self.unlisted(error, reach))
    }

    /// The policy of the mesh, or none.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn policies(&self) -> Result<ObjectList<MeshPolicy>, Error> {
        let policies = Api::all(self.client.clone());
        policies.list(&ListParams::default()).await.map_err(|error| match self.fault(error) {
            Error::Forbidden(said) => Error::ForbiddenPolicy(said),
            error => error,
        })
    }

    /// The names of all namespaces.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn namespaces(&self) -> Result<Vec<String>, Error> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let listed = namespaces.list_metadata(&ListParams::default()).await.map_err(|error| self.fault(error))?;
        Ok(listed.iter().map(ResourceExt::name_any).collect())
    }

    /// How the API server calls whoever asks.
    async fn user(&self) -> Result<String, Error> {
        let asked = Api::<SelfSubjectReview>::all(self.client.clone());
        let answer = asked
            .create(&PostParams::default(), &SelfSubjectReview::default())
            .await
            .map_err(|error| self.fault(error))?;
        let user = answer.status.and_then(|status| status.user_info).and_then(|user| user.username);
        Ok(user.unwrap_or_else(|| "somebody".to_owned()).replace(' ', "_"))
    }
}

fn params() -> PatchParams {
    PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() }
}

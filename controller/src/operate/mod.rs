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

use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::Client;
use kube::api::{Api, ListParams, ObjectList, PatchParams, PostParams};

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
        let found = self.releases().get_opt(name).await.map_err(Error::api)?;
        found.ok_or_else(self.missing(Kind::GrayRelease, name))
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
        releases.list(&ListParams::default()).await.map_err(Error::api)
    }

    /// The standing lane of this name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or what the API server says.
    pub async fn lane(&self, name: &str) -> Result<Lane, Error> {
        let lanes: Api<Lane> = Api::namespaced(self.client.clone(), &self.namespace);
        lanes.get_opt(name).await.map_err(Error::api)?.ok_or_else(self.missing(Kind::Lane, name))
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
        lanes.list(&ListParams::default()).await.map_err(Error::api)
    }

    /// The policy of the mesh, or none.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn policies(&self) -> Result<ObjectList<MeshPolicy>, Error> {
        Api::all(self.client.clone()).list(&ListParams::default()).await.map_err(Error::api)
    }

    /// How the API server calls whoever asks.
    async fn user(&self) -> Result<String, Error> {
        let asked = Api::<SelfSubjectReview>::all(self.client.clone());
        let answer = asked.create(&PostParams::default(), &SelfSubjectReview::default()).await.map_err(Error::api)?;
        let user = answer.status.and_then(|status| status.user_info).and_then(|user| user.username);
        Ok(user.unwrap_or_else(|| "somebody".to_owned()).replace(' ', "_"))
    }
}

fn params() -> PatchParams {
    PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() }
}

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
#[cfg(test)]
mod tests;
mod undo;
mod view;

use graylane_core::Percentage;
use jiff::Timestamp;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::api::{Api, ListParams, ObjectList, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use crate::api::{GrayRelease, Kind, Lane, MeshPolicy};
use crate::cluster::VERB_ANNOTATION;
use crate::release::Verb;
pub use access::Access;
pub use error::Error;
pub use follow::{Display, End};
pub use table::{lane_table, policy_table, table};
pub use view::view;

/// Who patches, for the API server: another one than the controller, whose fields stay its own.
const FIELD_MANAGER: &str = "graylane-cli";

/// How often a patch is tried that somebody else overtakes.
const ATTEMPTS: usize = 3;

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

    /// Tells a release what to do.
    ///
    /// # Errors
    /// When it is not there, or is changed again and again while it is being told.
    pub async fn tell(&self, name: &str, verb: Verb) -> Result<(), Error> {
        let annotations = self.said(verb).await?;
        self.patch(name, |version| json!({"metadata": {"annotations": annotations, "resourceVersion": version}})).await
    }

    /// The annotation that says who told what.
    async fn said(&self, verb: Verb) -> Result<Value, Error> {
        let said = format!("{verb} by {} at {}", self.user().await?, Timestamp::now());
        Ok(json!({VERB_ANNOTATION: said}))
    }

    /// Sets the weight of a release without a strategy, and says who did.
    ///
    /// # Errors
    /// As of [`tell`](Self::tell), or what admission says.
    pub async fn set_weight(&self, name: &str, weight: Percentage) -> Result<(), Error> {
        let annotations = self.said(Verb::Weight(weight)).await?;
        let metadata = |version| json!({"annotations": annotations, "resourceVersion": version});
        self.patch(name, |version| json!({"metadata": metadata(version), "spec": {"weight": weight}})).await
    }

    /// Patches a release at the resource version that was read.
    async fn patch(&self, name: &str, patch: impl Fn(Option<String>) -> Value) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let release = self.get(name).await?;
            let patch = patch(release.resource_version());
            match self.releases().patch(name, &params(), &Patch::Merge(patch)).await {
                Ok(_) => return Ok(()),
                Err(kube::Error::Api(status)) if status.is_conflict() => {}
                Err(error) => return Err(Error::api(error)),
            }
        }
        Err(Error::Overtaken { name: name.to_owned() })
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

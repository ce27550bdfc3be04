//! What people do to releases in a cluster: look, and tell.
//!
//! A verb is an annotation, written only at the resource version that was looked at, with the name of the user that the
//! API server knows. What becomes of it is the controller's business, which notes it in the history.

mod error;
mod view;

use std::io::Write;
use std::time::Duration;

use graylane_core::Percentage;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::api::GrayRelease;
use crate::cluster::{HASH_LABEL, VERB_ANNOTATION};
use crate::release::Verb;
pub use error::Error;

/// Who patches, for the API server: another one than the controller, whose fields stay its own.
const FIELD_MANAGER: &str = "graylane-cli";

/// How often is looked again.
const PERIOD: Duration = Duration::from_millis(500);

/// How often a patch is tried that somebody else overtakes.
const ATTEMPTS: usize = 3;

/// Releases of one namespace, seen by one user.
#[derive(Clone)]
pub struct Operator {
    client: Client,
    namespace: String,
}

impl Operator {
    /// Connects to the cluster of the kubeconfig; its namespace is meant where none is named.
    ///
    /// # Errors
    /// [`Error::Client`].
    pub async fn connect(namespace: Option<String>) -> Result<Self, Error> {
        let client = Client::try_default().await.map_err(|error| Error::Client(Box::new(error)))?;
        let namespace = namespace.unwrap_or_else(|| client.default_namespace().to_owned());
        Ok(Self { client, namespace })
    }

    fn releases(&self) -> Api<GrayRelease> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The release of this name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or what the API server says.
    pub async fn get(&self, name: &str) -> Result<GrayRelease, Error> {
        let found = self.releases().get_opt(name).await.map_err(Error::api)?;
        found.ok_or_else(|| Error::NotFound { namespace: self.namespace.clone(), name: name.to_owned() })
    }

    /// All releases of the namespace.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn list(&self) -> Result<Vec<GrayRelease>, Error> {
        Ok(self.releases().list(&ListParams::default()).await.map_err(Error::api)?.items)
    }

    /// Tells a release what to do.
    ///
    /// # Errors
    /// When it is not there, or is changed again and again while it is being told.
    pub async fn tell(&self, name: &str, verb: Verb) -> Result<(), Error> {
        let said = format!("{verb} by {} at {}", self.user().await?, Timestamp::now());
        let annotations = json!({VERB_ANNOTATION: said});
        self.patch(name, |version| json!({"metadata": {"annotations": annotations, "resourceVersion": version}})).await
    }

    /// Sets the weight of a release without a strategy.
    ///
    /// # Errors
    /// As of [`tell`](Self::tell), or what admission says.
    pub async fn set_weight(&self, name: &str, weight: Percentage) -> Result<(), Error> {
        self.patch(name, |version| json!({"metadata": {"resourceVersion": version}, "spec": {"weight": weight}})).await
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

    /// Gives every Deployment of a release the template of its stable version again, which cancels the release.
    ///
    /// # Errors
    /// When something of it is not there, or what the API server says.
    pub async fn undo(&self, name: &str) -> Result<Vec<String>, Error> {
        let release = self.get(name).await?;
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), &self.namespace);
        let sets: Api<ReplicaSet> = Api::namespaced(self.client.clone(), &self.namespace);
        let mut undone = Vec::new();
        for workload in release.status.into_iter().flat_map(|status| status.workloads) {
            let (Some(stable), Some(_)) = (&workload.stable, &workload.gray) else { continue };
            let selected = ListParams::default().labels(&format!("{HASH_LABEL}={stable}"));
            let found = sets.list(&selected).await.map_err(Error::api)?.items.into_iter().next();
            let template = found.and_then(|set| set.spec.template);
            let mut template =
                template.ok_or_else(|| Error::NoStable { deployment: workload.deployment.to_string() })?;
            if let Some(labels) = template.metadata.as_mut().and_then(|metadata| metadata.labels.as_mut()) {
                labels.remove(HASH_LABEL);
            }
            // The whole Deployment at the version that was read: a merge would keep what the new template has more.
            let mut deployment = deployments.get(workload.deployment.as_str()).await.map_err(Error::api)?;
            deployment.spec.template = template;
            let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
            deployments.replace(workload.deployment.as_str(), &params, &deployment).await.map_err(Error::api)?;
            undone.push(workload.deployment.to_string());
        }
        Ok(undone)
    }

    /// Tells what a release is at; again whenever that changes, until there is nothing left to wait for.
    ///
    /// # Errors
    /// When it is not there, or nobody reads.
    pub async fn watch(&self, name: &str, out: &mut impl Write) -> Result<(), Error> {
        let mut told = String::new();
        loop {
            let release = self.get(name).await?;
            let text = view::of(&release);
            if text != told {
                write!(out, "{text}").and_then(|()| out.flush()).map_err(Error::Output)?;
                told = text;
            }
            sleep(PERIOD).await;
        }
    }

    /// Tells once what a release is at.
    ///
    /// # Errors
    /// When it is not there, or nobody reads.
    pub async fn show(&self, name: &str, out: &mut impl Write) -> Result<(), Error> {
        write!(out, "{}", view::of(&self.get(name).await?)).map_err(Error::Output)
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

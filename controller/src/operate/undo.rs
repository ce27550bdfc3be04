//! The way back by the Deployments themselves.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use kube::api::{Api, ListParams, PostParams};

use super::{Error, FIELD_MANAGER, Operator};
use crate::cluster::HASH_LABEL;
use crate::release::Verb;

impl Operator {
    /// Gives every Deployment of a release the template of its stable version again, which cancels the release, and
    /// says who did.
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
            let found = sets.list(&selected).await.map_err(|error| self.fault(error))?.items.into_iter().next();
            let template = found.and_then(|set| set.spec.template);
            let mut template =
                template.ok_or_else(|| Error::NoStable { deployment: workload.deployment.to_string() })?;
            if let Some(labels) = template.metadata.as_mut().and_then(|metadata| metadata.labels.as_mut()) {
                labels.remove(HASH_LABEL);
            }
            // The whole Deployment at the version that was read: a merge would keep what the new template has more.
            let mut deployment =
                deployments.get(workload.deployment.as_str()).await.map_err(|error| self.fault(error))?;
            deployment.spec.template = template;
            let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
            deployments
                .replace(workload.deployment.as_str(), &params, &deployment)
                .await
                .map_err(|error| self.fault(error))?;
            undone.push(workload.deployment.to_string());
        }
        if !undone.is_empty() {
            self.tell(name, Verb::Undo).await?;
        }
        Ok(undone)
    }
}

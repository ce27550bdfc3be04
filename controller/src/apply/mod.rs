//! What the controller does to the world: writes, one at a time and in order.

mod events;
mod repair;

use std::fmt::Debug;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions};
use kube::core::Status;
use kube::{Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::info;

use crate::api::{GrayRelease, Lane, MeshPolicy};
use crate::cluster::{Change, FIELD_MANAGER, StoredStatus, Write};
pub use events::Narrator;
pub use repair::{Applied, Before};

/// What became of a write.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was done, and made this version of this object; `None`: the object goes.
    Done(Option<ObjectReference>),
    /// Somebody else wrote meanwhile: look again.
    Overtaken,
}

/// A write that the API server refuses or does not answer.
#[derive(Debug, thiserror::Error)]
#[error("{kind} \"{namespace}/{name}\" can not be written: {cause}")]
pub struct CannotWrite {
    kind: String,
    namespace: String,
    name: String,
    cause: Box<kube::Error>,
}

/// Stores a status, if the object is still the one that was read.
///
/// # Errors
/// [`CannotWrite`] unless somebody else was faster.
pub async fn store(client: &Client, status: StoredStatus<'_>) -> Result<Outcome, CannotWrite> {
    let (namespace, name, _) = status.address();
    let stored = match status {
        StoredStatus::Release { release, before, after } => {
            if before.phase != after.phase || before.step != after.step {
                info!(namespace, name, from = ?before.phase, to = ?after.phase, step = after.step, message = after.message, "release");
            }
            let api = Api::namespaced(client.clone(), &namespace);
            replaced(&api, &GrayRelease { status: Some(after.clone()), ..release.clone() }).await
        }
        StoredStatus::Lane { lane, before, after } => {
            if before.message != after.message {
                info!(namespace, name, message = after.message, "lane");
            }
            let api = Api::namespaced(client.clone(), &namespace);
            replaced(&api, &Lane { status: Some(after.clone()), ..lane.clone() }).await
        }
        StoredStatus::Policy { policy, after, .. } => {
            let api = Api::all(client.clone());
            replaced(&api, &MeshPolicy { status: Some(after.clone()), ..policy.clone() }).await
        }
    };
    let kind = format!("{:?}", status.kind());
    outcome(stored).map_err(|cause| CannotWrite { kind, namespace, name, cause })
}

/// Replaces the status of an object.
async fn replaced<K>(api: &Api<K>, object: &K) -> Result<Option<ObjectReference>, kube::Error>
where
    K: kube::Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned,
{
    let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    let stored = api.replace_status(&object.name_any(), &params, object).await;
    stored.map(|object| Some(reference(&object, &())))
}

/// Does one write.
///
/// # Errors
/// [`CannotWrite`] unless somebody else was faster.
pub async fn write(client: &Client, change: &Change) -> Result<Outcome, CannotWrite> {
    let Change { kind, namespace, name, write, .. } = change;
    let resource = kind.resource();
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    info!(?kind, namespace, name, verb = verb(write), "write");
    let done = match write {
        Write::Apply(object) => {
            let params = PatchParams::apply(FIELD_MANAGER).force();
            api.patch(name, &params, &Patch::Apply(object)).await.map(|object| Some(reference(&object, &resource)))
        }
        Write::Merge(patch) => {
            let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
            api.patch(name, &params, &Patch::Merge(patch)).await.map(|object| Some(reference(&object, &resource)))
        }
        Write::Delete { uid } => {
            let preconditions = Preconditions { uid: uid.clone(), ..Preconditions::default() };
            let params = DeleteParams::background().preconditions(preconditions);
            api.delete(name, &params).await.map(|_| None)
        }
    };
    let failed =
        |cause| CannotWrite { kind: format!("{kind:?}"), namespace: namespace.clone(), name: name.clone(), cause };
    outcome(done).map_err(failed)
}

fn verb(write: &Write) -> &'static str {
    match write {
        Write::Apply(_) => "apply",
        Write::Merge(_) => "patch",
        Write::Delete { .. } => "delete",
    }
}

/// An object in this version of it.
fn reference<K: Resource>(object: &K, kind: &K::DynamicType) -> ObjectReference {
    ObjectReference { resource_version: object.resource_version(), ..object.object_ref(kind) }
}

/// Why nothing can be made in a namespace that is being deleted, as the API server says it.
const GOING: &str = "NamespaceTerminating";

/// What the API server's answer comes to. What is gone, or goes with its namespace, can not be written, and need not be.
fn outcome(answer: Result<Option<ObjectReference>, kube::Error>) -> Result<Outcome, Box<kube::Error>> {
    match answer {
        Ok(made) => Ok(Outcome::Done(made)),
        Err(kube::Error::Api(status)) if status.is_conflict() || status.is_not_found() || is_going(&status) => {
            Ok(Outcome::Overtaken)
        }
        Err(error) => Err(Box::new(error)),
    }
}

fn is_going(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    status.is_forbidden() && causes.into_iter().any(|cause| cause.reason == GOING)
}

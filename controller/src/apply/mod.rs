//! What the controller does to the world: writes, one at a time and in order.

mod events;

use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions};
use kube::{Client, ResourceExt};
use tracing::info;

use crate::api::GrayRelease;
use crate::cluster::{Change, FIELD_MANAGER, Kind, StoredStatus, Write};
pub use events::Narrator;

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, and made this resource version; `None`: the object goes.
    Done(Option<String>),
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
    let StoredStatus { release, before, after } = status;
    let (namespace, name) = (release.namespace().unwrap_or_default(), release.name_any());
    let api: Api<GrayRelease> = Api::namespaced(client.clone(), &namespace);
    let object = GrayRelease { status: Some(after.clone()), ..release.clone() };
    let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    if before.phase != after.phase || before.step != after.step {
        info!(namespace, name, from = ?before.phase, to = ?after.phase, step = after.step, message = after.message, "release");
    }
    let stored = api.replace_status(&name, &params, &object).await.map(|object| object.resource_version());
    outcome(stored).map_err(|cause| CannotWrite { kind: format!("{:?}", Kind::GrayRelease), namespace, name, cause })
}

/// Does one write.
///
/// # Errors
/// [`CannotWrite`] unless somebody else was faster.
pub async fn write(client: &Client, change: &Change) -> Result<Outcome, CannotWrite> {
    let Change { kind, namespace, name, write } = change;
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &kind.resource());
    info!(?kind, namespace, name, verb = verb(write), "write");
    let done = match write {
        Write::Apply(object) => {
            let params = PatchParams::apply(FIELD_MANAGER).force();
            api.patch(name, &params, &Patch::Apply(object)).await.map(|object| object.resource_version())
        }
        Write::Merge(patch) => {
            let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
            api.patch(name, &params, &Patch::Merge(patch)).await.map(|object| object.resource_version())
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

/// What the API server's answer comes to. What is gone can not be written, and need not be.
fn outcome(answer: Result<Option<String>, kube::Error>) -> Result<Outcome, Box<kube::Error>> {
    match answer {
        Ok(version) => Ok(Outcome::Done(version)),
        Err(kube::Error::Api(status)) if status.is_conflict() || status.is_not_found() => Ok(Outcome::Overtaken),
        Err(error) => Err(Box::new(error)),
    }
}

//! Applying manifests, as `kubectl apply --server-side` does.

use std::fs;
use std::io;
use std::time::Duration;

use graylane_lab_tools::{File, Missing, find};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, Patch, PatchParams, TypeMeta};
use kube::core::GroupVersionKind;
use kube::discovery::{Scope, pinned_kind};
use kube::runtime::wait::{await_condition, conditions::is_crd_established};
use kube::{Client, ResourceExt};
use tokio::time::{sleep, timeout};

/// Who has written it, for the API server.
const FIELD_MANAGER: &str = "graylane-lab";

/// How long a new kind may take to be served.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often is looked whether it is.
const PERIOD: Duration = Duration::from_millis(50);

/// Why something could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum CannotApply {
    /// It is no manifest.
    #[error("no manifest: {0}")]
    NoManifest(String),
    /// The API server knows no such kind, or does not answer.
    #[error("\"{kind}\": {cause}")]
    Kind {
        /// Group, version and kind.
        kind: String,
        /// What the API server said.
        cause: Box<kube::Error>,
    },
    /// The API server refuses it.
    #[error("{kind} \"{name}\" is refused: {cause}")]
    Refused {
        /// The kind.
        kind: String,
        /// The name of the object.
        name: String,
        /// What the API server said.
        cause: Box<kube::Error>,
    },
    /// A new kind is not served in time.
    #[error("\"{name}\" is not served after {} s", PATIENCE.as_secs())]
    NotServed {
        /// The name of the definition.
        name: String,
    },
    /// A manifest of the lab's own is not on this machine.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// A manifest of the lab's own can not be read.
    #[error("a manifest can not be read: {0}")]
    Read(#[from] io::Error),
}

/// Applies every object of a YAML text; those without a namespace go to `default` where their kind has namespaces.
///
/// New kinds are waited for, so that objects of theirs may follow.
///
/// # Errors
/// [`CannotApply`] at the first one that fails.
pub async fn apply(client: &Client, text: &str) -> Result<Vec<DynamicObject>, CannotApply> {
    let no_manifest = |error: serde_saphyr::Error| CannotApply::NoManifest(error.to_string());
    let mut applied = Vec::new();
    for object in serde_saphyr::from_multiple::<DynamicObject>(text).map_err(no_manifest)? {
        applied.push(apply_one(client, &object).await?);
    }
    Ok(applied)
}

async fn apply_one(client: &Client, object: &DynamicObject) -> Result<DynamicObject, CannotApply> {
    let name = object.name_any();
    let types = object.types.clone().ok_or_else(|| CannotApply::NoManifest(format!("\"{name}\" has no kind")))?;
    let (resource, scope) = known(client, &types).await?;
    let api: Api<DynamicObject> = match scope {
        Scope::Cluster => Api::all_with(client.clone(), &resource),
        Scope::Namespaced => {
            Api::namespaced_with(client.clone(), object.namespace().as_deref().unwrap_or("default"), &resource)
        }
    };
    let patch = PatchParams::apply(FIELD_MANAGER).force();
    let applied = api.patch(&name, &patch, &Patch::Apply(object)).await;
    let refused = |cause| CannotApply::Refused { kind: types.kind.clone(), name: name.clone(), cause: Box::new(cause) };
    let applied = applied.map_err(refused)?;
    if types.kind == "CustomResourceDefinition" {
        timeout(PATIENCE, until_served(client, &name)).await.ok().flatten().ok_or(CannotApply::NotServed { name })?;
    }
    Ok(applied)
}

async fn known(client: &Client, types: &TypeMeta) -> Result<(kube::core::ApiResource, Scope), CannotApply> {
    let kind = || format!("{} {}", types.api_version, types.kind);
    let parsed = GroupVersionKind::try_from(types);
    let parsed = parsed.map_err(|error| CannotApply::NoManifest(format!("\"{}\": {error}", kind())))?;
    let (resource, capabilities) = pinned_kind(client, &parsed)
        .await
        .map_err(|cause| CannotApply::Kind { kind: kind(), cause: Box::new(cause) })?;
    Ok((resource, capabilities.scope))
}

/// Waits until all versions of a kind are served *and* named by discovery, which learns of an established one a little later.
async fn until_served(client: &Client, name: &str) -> Option<()> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let spec = await_condition(definitions, name, is_crd_established()).await.ok()??.spec;
    for version in spec.versions.iter().filter(|version| version.served) {
        let kind = GroupVersionKind::gvk(&spec.group, &version.name, &spec.names.kind);
        while pinned_kind(client, &kind).await.is_err() {
            sleep(PERIOD).await;
        }
    }
    Some(())
}

/// What makes a mesh of a cluster: injection, what injected proxies bind, a gateway.
const MESH: [&str; 3] = [
    include_str!("../manifests/injection.yaml"),
    include_str!("../manifests/sidecar.yaml"),
    include_str!("../manifests/gateway.yaml"),
];

/// Applies Istio's own definitions, its namespace, and the mesh.
pub(crate) async fn apply_istio(client: &Client) -> Result<(), CannotApply> {
    let definitions = fs::read_to_string(find(File::IstioCrds)?)?;
    apply(client, &definitions).await?;
    apply(client, "{apiVersion: v1, kind: Namespace, metadata: {name: istio-system}}").await?;
    for manifest in MESH {
        apply(client, manifest).await?;
    }
    Ok(())
}

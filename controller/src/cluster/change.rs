//! Writes to the API server, as data.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind, ObjectMeta, TypeMeta};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::api::{GrayRelease, Lane, MeshPolicy};

/// The kinds that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A release.
    GrayRelease,
    /// A standing lane.
    Lane,
    /// The policy of the mesh.
    MeshPolicy,
    /// An ordinary Deployment.
    Deployment,
    /// The pods of one version.
    ReplicaSet,
    /// Istio's subsets of a service.
    DestinationRule,
    /// Istio's routes to a service.
    VirtualService,
    /// Istio's placing of a filter.
    WasmPlugin,
    /// Istio's patch of what proxies are told.
    EnvoyFilter,
}

impl Kind {
    /// The kind, as the API server knows it.
    #[must_use]
    pub fn resource(self) -> ApiResource {
        let istio = |group, version, kind| ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match self {
            Self::GrayRelease => ApiResource::erase::<GrayRelease>(&()),
            Self::Lane => ApiResource::erase::<Lane>(&()),
            Self::MeshPolicy => ApiResource::erase::<MeshPolicy>(&()),
            Self::Deployment => ApiResource::erase::<Deployment>(&()),
            Self::ReplicaSet => ApiResource::erase::<ReplicaSet>(&()),
            Self::DestinationRule => istio("networking.istio.io", "v1", "DestinationRule"),
            Self::VirtualService => istio("networking.istio.io", "v1", "VirtualService"),
            Self::EnvoyFilter => istio("networking.istio.io", "v1alpha3", "EnvoyFilter"),
            Self::WasmPlugin => istio("extensions.istio.io", "v1alpha1", "WasmPlugin"),
        }
    }

    /// Whether nobody else writes what we apply of it. Pods are looked after by Kubernetes' own controllers as well.
    pub(super) fn is_ours_alone(self) -> bool {
        match self {
            Self::DestinationRule | Self::VirtualService | Self::WasmPlugin | Self::EnvoyFilter => true,
            Self::GrayRelease | Self::Lane | Self::MeshPolicy | Self::Deployment | Self::ReplicaSet => false,
        }
    }
}

/// A write, of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The kind of the object.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What is written.
    pub write: Write,
    /// What is to be told of the object when that is done, beyond what statuses say.
    pub news: Option<News>,
}

/// What nobody would read in a status, as there is none to say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The release of a Deployment is not there any more, and nobody had ended it: the Deployment goes on by itself.
    ReleaseGone {
        /// How the release was called.
        release: String,
    },
}

/// What is written to an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Server-side apply of our fields, whoever else wants them.
    Apply(Box<Said>),
    /// A merge patch that says which resource version it is meant for.
    Merge(Value),
    /// Deletion, of the object with this uid and no other.
    Delete {
        /// The uid.
        uid: Option<String>,
    },
}

/// What is said of an object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// Its kind.
    #[serde(flatten)]
    pub types: TypeMeta,
    /// Its metadata.
    pub metadata: ObjectMeta,
    /// Everything else.
    #[serde(flatten)]
    pub data: Data,
}

/// What is said of one object or of several: the configuration of the whole mesh is written in every namespace.
#[derive(Debug, Clone, PartialEq)]
pub struct Data(pub Arc<Value>);

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl From<Said> for DynamicObject {
    fn from(Said { types, metadata, data }: Said) -> Self {
        Self { types: Some(types), metadata, data: Arc::unwrap_or_clone(data.0) }
    }
}

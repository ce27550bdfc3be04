//! How an object is called wherever something is said about it.

use std::fmt;

use kube::core::ObjectMeta;
use serde::{Serialize, Serializer};

/// The kinds of Graylane's API group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A standing lane.
    Lane,
    /// A release.
    GrayRelease,
    /// What holds for the mesh.
    MeshPolicy,
    /// The services of a local mesh.
    LocalMesh,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::GrayRelease, Self::Lane, Self::MeshPolicy, Self::LocalMesh];

    /// The name as it is written in `kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lane => "Lane",
            Self::GrayRelease => "GrayRelease",
            Self::MeshPolicy => "MeshPolicy",
            Self::LocalMesh => "LocalMesh",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The address of an object: shown as `GrayRelease shop/checkout`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; `None` for kinds of the whole cluster.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl ObjectRef {
    /// The namespace of objects that name none.
    pub const DEFAULT_NAMESPACE: &str = "default";

    /// The address that `metadata` gives an object of this kind.
    #[must_use]
    pub fn of(kind: Kind, metadata: &ObjectMeta) -> Self {
        let namespace = match kind {
            Kind::MeshPolicy => None,
            Kind::Lane | Kind::GrayRelease | Kind::LocalMesh => {
                Some(metadata.namespace.clone().unwrap_or_else(|| Self::DEFAULT_NAMESPACE.to_owned()))
            }
        };
        Self { kind, namespace, name: metadata.name.clone().unwrap_or_default() }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, namespace, name } = self;
        match namespace {
            Some(namespace) => write!(f, "{kind} {namespace}/{name}"),
            None => write!(f, "{kind} {name}"),
        }
    }
}

impl Serialize for ObjectRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

//! Statuses that are to be stored before anything is done about them.

use kube::ResourceExt;

use super::Kind;
use crate::api::{GrayRelease, GrayReleaseStatus, Lane, LaneStatus, MeshPolicy, MeshPolicyStatus};

/// The status of an object, at the resource version that was read: as it is, and as it becomes.
#[derive(Debug, Clone, Copy)]
pub enum StoredStatus<'p> {
    /// Of a release.
    Release {
        /// The object.
        release: &'p GrayRelease,
        /// As it is.
        before: &'p GrayReleaseStatus,
        /// As it becomes.
        after: &'p GrayReleaseStatus,
    },
    /// Of a standing lane.
    Lane {
        /// The object.
        lane: &'p Lane,
        /// As it is.
        before: &'p LaneStatus,
        /// As it becomes.
        after: &'p LaneStatus,
    },
    /// Of the policy of the mesh.
    Policy {
        /// The object.
        policy: &'p MeshPolicy,
        /// As it is.
        before: &'p MeshPolicyStatus,
        /// As it becomes.
        after: &'p MeshPolicyStatus,
    },
}

impl StoredStatus<'_> {
    /// The kind of the object.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Release { .. } => Kind::GrayRelease,
            Self::Lane { .. } => Kind::Lane,
            Self::Policy { .. } => Kind::MeshPolicy,
        }
    }

    /// The namespace, empty where there is none, and the name of the object, and the resource version that was read.
    #[must_use]
    pub fn address(&self) -> (String, String, Option<String>) {
        fn of<K: ResourceExt>(object: &K) -> (String, String, Option<String>) {
            (object.namespace().unwrap_or_default(), object.name_any(), object.resource_version())
        }
        match self {
            Self::Release { release, .. } => of(*release),
            Self::Lane { lane, .. } => of(*lane),
            Self::Policy { policy, .. } => of(*policy),
        }
    }
}

//! What is kept of the objects of a cluster: what somebody asks for, and no more.
//!
//! There are many, and most of each is of no interest here: how a pod is to be run, what it has been through, who wrote
//! which field. What is asked for in every pass is read once, when the object comes; what is seldom asked for is kept as
//! text. Invariant: nothing is decided by what is not kept.

mod placement;
mod pod_proxy;
mod replicas;
mod rollout;
mod text;

use std::borrow::Cow;
use std::ops::Deref;

use kube::Resource;
use kube::core::ObjectMeta;

pub use placement::{Placement, Specs};
pub use pod_proxy::PodProxy;
pub use replicas::Replicas;
pub use rollout::Rollout;
pub(super) use text::Text;

/// What is kept of an object.
pub trait Part {
    /// The kind of the object.
    type Of: Resource;
}

/// An object, of which a part is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept<P> {
    /// How it is called, to whom it belongs, and whether it goes.
    pub metadata: ObjectMeta,
    part: P,
}

impl<P> Kept<P> {
    /// An object with `metadata`, of which `part` is kept.
    pub fn new(metadata: ObjectMeta, part: P) -> Self {
        let ObjectMeta { name, namespace, uid, resource_version, labels, owner_references, deletion_timestamp, .. } =
            metadata;
        let metadata = ObjectMeta {
            name,
            namespace,
            uid,
            resource_version,
            labels,
            owner_references,
            deletion_timestamp,
            ..ObjectMeta::default()
        };
        Self { metadata, part }
    }
}

impl<P> Deref for Kept<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.part
    }
}

impl<P: Part> Resource for Kept<P> {
    type DynamicType = <P::Of as Resource>::DynamicType;
    type Scope = <P::Of as Resource>::Scope;

    fn kind(of: &Self::DynamicType) -> Cow<'_, str> {
        P::Of::kind(of)
    }

    fn group(of: &Self::DynamicType) -> Cow<'_, str> {
        P::Of::group(of)
    }

    fn version(of: &Self::DynamicType) -> Cow<'_, str> {
        P::Of::version(of)
    }

    fn plural(of: &Self::DynamicType) -> Cow<'_, str> {
        P::Of::plural(of)
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

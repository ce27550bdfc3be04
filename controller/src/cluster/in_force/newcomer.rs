//! Objects that say something which is not in force yet.

use std::collections::BTreeSet;
use std::sync::Arc;

use kube::Resource;

use crate::api::{
    Accepted, GrayRelease, GrayReleaseSpec, Kind, Lane, LaneSpec, MeshPolicy, MeshPolicySpec, ObjectRef, Phase,
};
use crate::cluster::{Objects, World};

/// Objects whose specs are judged before they are followed.
pub(in crate::cluster) trait Judged: Resource + Clone {
    /// What such an object says.
    type Spec: Clone + PartialEq;
    /// What it says now.
    fn spec(&self) -> &Self::Spec;
    /// The same object, saying something else.
    fn saying(&self, spec: Self::Spec) -> Self;
    /// The same object, of which nothing was ever accepted.
    fn never_accepted(&self) -> Self;
    /// What was accepted last, as far as that is noted.
    fn accepted(&self) -> Option<&Accepted<Self::Spec>>;
    /// Whether something is done for it: it must have been accepted, by a controller that took no note of that.
    fn has_begun(&self) -> bool;
    /// How it is called.
    fn address(&self) -> ObjectRef;
}

/// Whether something of `object` was ever in force.
pub(in crate::cluster) fn was_accepted(object: &impl Judged) -> bool {
    object.accepted().is_some() || object.has_begun()
}

/// An object that says something new.
#[derive(Debug)]
pub(super) struct Newcomer<K> {
    /// The object, as it says.
    pub(super) said: Arc<K>,
    /// The generation that is in force; `None`: nothing of it is.
    pub(super) in_force: Option<i64>,
}

/// All objects that say something new.
#[derive(Debug)]
pub(super) struct Newcomers {
    pub(super) releases: Vec<Newcomer<GrayRelease>>,
    pub(super) lanes: Vec<Newcomer<Lane>>,
    pub(super) policy: Option<Newcomer<MeshPolicy>>,
}

impl Newcomers {
    /// Looks for them in `world`, and has it say what is in force instead.
    pub(super) fn take(world: &mut World) -> Self {
        Self {
            releases: taken(&mut world.releases),
            lanes: taken(&mut world.lanes),
            policy: world.policy.as_mut().and_then(take),
        }
    }

    /// Those of which nothing is in force.
    pub(super) fn unknown(&self) -> BTreeSet<ObjectRef> {
        fn of<K: Judged>(newcomers: &[Newcomer<K>]) -> impl Iterator<Item = ObjectRef> {
            newcomers.iter().filter(|one| one.in_force.is_none()).map(|one| one.said.address())
        }
        of(&self.releases).chain(of(&self.lanes)).chain(of(self.policy.as_slice())).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.releases.is_empty() && self.lanes.is_empty() && self.policy.is_none()
    }
}

fn taken<K: Judged>(objects: &mut Objects<K>) -> Vec<Newcomer<K>> {
    objects.iter_mut().filter_map(take).collect()
}

fn take<K: Judged>(object: &mut Arc<K>) -> Option<Newcomer<K>> {
    let said = object.clone();
    match said.accepted() {
        Some(accepted) if accepted.spec == *said.spec() => None,
        Some(accepted) => {
            *object = Arc::new(said.saying(accepted.spec.clone()));
            let in_force = Some(accepted.generation);
            Some(Newcomer { said, in_force })
        }
        None => (!said.has_begun()).then_some(Newcomer { said, in_force: None }),
    }
}

impl Judged for GrayRelease {
    type Spec = GrayReleaseSpec;

    fn spec(&self) -> &GrayReleaseSpec {
        &self.spec
    }

    fn saying(&self, spec: GrayReleaseSpec) -> Self {
        Self { spec, metadata: self.metadata.clone(), status: self.status.clone() }
    }

    fn never_accepted(&self) -> Self {
        Self { spec: self.spec.clone(), metadata: self.metadata.clone(), status: None }
    }

    fn accepted(&self) -> Option<&Accepted<GrayReleaseSpec>> {
        self.status.as_ref()?.accepted.as_ref()
    }

    fn has_begun(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.phase != Phase::Idle)
    }

    fn address(&self) -> ObjectRef {
        ObjectRef::of(Kind::GrayRelease, &self.metadata)
    }
}

impl Judged for Lane {
    type Spec = LaneSpec;

    fn spec(&self) -> &LaneSpec {
        &self.spec
    }

    fn saying(&self, spec: LaneSpec) -> Self {
        Self { spec, metadata: self.metadata.clone(), status: self.status.clone() }
    }

    fn never_accepted(&self) -> Self {
        Self { spec: self.spec.clone(), metadata: self.metadata.clone(), status: None }
    }

    fn accepted(&self) -> Option<&Accepted<LaneSpec>> {
        self.status.as_ref()?.accepted.as_ref()
    }

    fn has_begun(&self) -> bool {
        self.status.as_ref().is_some_and(|status| !status.services.is_empty())
    }

    fn address(&self) -> ObjectRef {
        ObjectRef::of(Kind::Lane, &self.metadata)
    }
}

impl Judged for MeshPolicy {
    type Spec = MeshPolicySpec;

    fn spec(&self) -> &MeshPolicySpec {
        &self.spec
    }

    fn saying(&self, spec: MeshPolicySpec) -> Self {
        Self { spec, metadata: self.metadata.clone(), status: self.status.clone() }
    }

    fn never_accepted(&self) -> Self {
        Self { spec: self.spec.clone(), metadata: self.metadata.clone(), status: None }
    }

    fn accepted(&self) -> Option<&Accepted<MeshPolicySpec>> {
        self.status.as_ref()?.accepted.as_ref()
    }

    fn has_begun(&self) -> bool {
        false
    }

    fn address(&self) -> ObjectRef {
        ObjectRef::of(Kind::MeshPolicy, &self.metadata)
    }
}

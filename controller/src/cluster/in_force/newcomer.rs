//! Objects that say something which is not in force yet.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource;
use kube::core::ObjectMeta;
use kube::core::object::{HasSpec, HasStatus};

use crate::api::{
    Accepted, GrayRelease, GrayReleaseSpec, GrayReleaseStatus, Kind, Lane, LaneSpec, LaneStatus, MeshPolicy,
    MeshPolicySpec, MeshPolicyStatus, ObjectRef, Phase,
};
use crate::cluster::{Objects, World};

/// Objects whose specs are judged before they are followed.
pub(in crate::cluster) trait Judged:
    Resource + Clone + HasSpec<Spec: Clone + PartialEq> + HasStatus
{
    /// What it is.
    const KIND: Kind;
    /// What was accepted last, as far as a status notes that.
    fn accepted_in(status: &Self::Status) -> Option<&Accepted<Self::Spec>>;
    /// Whether a status says that something is done for the object: it must have been accepted, by a controller that took
    /// no note of that.
    fn has_begun(status: &Self::Status) -> bool;

    /// What was accepted last, as far as that is noted.
    fn accepted(&self) -> Option<&Accepted<Self::Spec>> {
        self.status().and_then(Self::accepted_in)
    }

    /// The same object, saying something else.
    fn saying(&self, spec: Self::Spec) -> Self {
        let mut object = self.clone();
        *object.spec_mut() = spec;
        object
    }

    /// The same object, of which nothing was ever accepted.
    fn never_accepted(&self) -> Self {
        let mut object = self.clone();
        *object.status_mut() = None;
        object
    }

    /// How it is called.
    fn address(&self) -> ObjectRef {
        ObjectRef::of(Self::KIND, self.meta())
    }
}

/// What objects that contradict each other are ordered by: who is in force comes first, then the older one, then by name.
pub(in crate::cluster) fn rank<K: Judged>(object: &K) -> Rank<'_> {
    let ObjectMeta { creation_timestamp, namespace, name, .. } = object.meta();
    (!was_accepted(object), creation_timestamp.as_ref(), namespace.as_deref(), name.as_deref())
}

/// Never in force, since when it is there, its namespace, its name.
pub(in crate::cluster) type Rank<'k> = (bool, Option<&'k Time>, Option<&'k str>, Option<&'k str>);

/// Whether something of `object` was ever in force.
fn was_accepted(object: &impl Judged) -> bool {
    object.accepted().is_some() || has_begun(object)
}

fn has_begun<K: Judged>(object: &K) -> bool {
    object.status().is_some_and(K::has_begun)
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
        None => (!has_begun(&*said)).then_some(Newcomer { said, in_force: None }),
    }
}

impl Judged for GrayRelease {
    const KIND: Kind = Kind::GrayRelease;

    fn accepted_in(status: &GrayReleaseStatus) -> Option<&Accepted<GrayReleaseSpec>> {
        status.accepted.as_ref()
    }

    fn has_begun(status: &GrayReleaseStatus) -> bool {
        status.phase != Phase::Idle
    }
}

impl Judged for Lane {
    const KIND: Kind = Kind::Lane;

    fn accepted_in(status: &LaneStatus) -> Option<&Accepted<LaneSpec>> {
        status.accepted.as_ref()
    }

    fn has_begun(status: &LaneStatus) -> bool {
        !status.services.is_empty()
    }
}

impl Judged for MeshPolicy {
    const KIND: Kind = Kind::MeshPolicy;

    fn accepted_in(status: &MeshPolicyStatus) -> Option<&Accepted<MeshPolicySpec>> {
        status.accepted.as_ref()
    }

    fn has_begun(_: &MeshPolicyStatus) -> bool {
        false
    }
}

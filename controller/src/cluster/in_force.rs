//! What of the objects is in force: what they say, or, while that is refused, what they said when it was accepted last.
//!
//! ```text
//! World as it says -> InForce { world as it is followed, what is refused } -> Pass
//! ```
//!
//! What was accepted is kept in the status of each object, so nothing is lost with the controller. Only what an object
//! says anew is judged, beside what is in force: whoever is in force stays, and contradicting it is the newcomer's fault.

mod newcomer;
mod trial;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Objects, World};
use crate::api::{Accepted, MeshPolicy, ObjectRef};
use crate::release::{Objection, RefusedEdit};
pub(super) use newcomer::{Judged, rank};
use newcomer::{Newcomer, Newcomers};

/// A world in which every object says what is in force of it.
#[derive(Debug)]
pub struct InForce {
    pub(super) world: World,
    /// The policy of the mesh, whether it is in force or not.
    pub(super) policy: Option<Arc<MeshPolicy>>,
    refused: BTreeMap<ObjectRef, Refused>,
}

/// What was refused of an object.
#[derive(Debug)]
pub(super) struct Refused {
    objection: Objection,
    /// The generation that stays in force; `None`: the object was never accepted, and nothing is done for it.
    in_force: Option<i64>,
}

impl InForce {
    /// Judges what the objects of `world` say anew.
    #[must_use]
    pub fn of(mut world: World) -> Self {
        let newcomers = Newcomers::take(&mut world);
        let mut refused = trial::judge(&world, &newcomers);
        let Newcomers { releases, lanes, policy } = newcomers;
        let refused = [
            settle(&mut world.releases, releases, &mut refused),
            settle(&mut world.lanes, lanes, &mut refused),
            policy.into_iter().filter_map(|policy| settle_policy(&mut world, policy, &mut refused)).collect(),
        ];
        let policy = world.policy.clone();
        let mut in_force = Self { world, policy, refused: refused.into_iter().flatten().collect() };
        in_force.leave_out_policy();
        in_force
    }

    /// What is refused of an object, if anything is.
    pub(super) fn refused(&self, object: &ObjectRef) -> Option<&Refused> {
        self.refused.get(object)
    }

    /// Whether something of an object is followed.
    pub(super) fn is_followed(&self, object: &ObjectRef) -> bool {
        self.refused(object).is_none_or(|refused| refused.in_force.is_some())
    }

    /// A policy that was never accepted is followed by nobody, and yet told so.
    fn leave_out_policy(&mut self) {
        self.world.policy = self.policy.clone().filter(|policy| self.is_followed(&policy.address()));
    }
}

impl Refused {
    /// What the object was changed to, if something else of it is in force.
    pub(super) fn edit(&self) -> Option<RefusedEdit> {
        Some(RefusedEdit { objection: self.objection.clone(), in_force: self.in_force? })
    }

    /// What is said of it.
    pub(super) fn told(&self) -> Objection {
        self.edit().map_or_else(|| self.objection.clone(), |edit| edit.told())
    }

    /// What stands in the way of an object of which nothing is in force.
    pub(super) fn entirely(&self) -> Option<Objection> {
        self.in_force.is_none().then(|| self.objection.clone())
    }
}

/// Notes in the status of `object`, which is `known`, what is in force of it.
pub(super) fn note<K: Judged>(refused: Option<&Refused>, object: &K, known: &mut Option<Accepted<K::Spec>>) {
    if refused.is_none() {
        Accepted::note(known, object.meta().generation.unwrap_or_default(), object.spec());
    }
}

/// Puts what was accepted of `newcomers` in force.
fn settle<K: Judged>(
    objects: &mut Objects<K>,
    newcomers: Vec<Newcomer<K>>,
    refused: &mut BTreeMap<ObjectRef, Objection>,
) -> Vec<(ObjectRef, Refused)> {
    let mut all = Vec::new();
    for newcomer in newcomers {
        let address = newcomer.said.address();
        match refused.remove(&address) {
            Some(objection) => all.push((address, Refused { objection, in_force: newcomer.in_force })),
            None => objects.put(newcomer.said),
        }
    }
    all
}

fn settle_policy(
    world: &mut World,
    newcomer: Newcomer<MeshPolicy>,
    refused: &mut BTreeMap<ObjectRef, Objection>,
) -> Option<(ObjectRef, Refused)> {
    let address = newcomer.said.address();
    if let Some(objection) = refused.remove(&address) {
        return Some((address, Refused { objection, in_force: newcomer.in_force }));
    }
    world.policy = Some(newcomer.said);
    None
}

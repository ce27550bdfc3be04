//! Whether what objects say anew can be done beside what is in force.
//!
//! It is tried as a whole, as it would be with everybody in it: what is wrong is found out when it is said, not when the
//! step comes that would need it.

use std::collections::BTreeMap;

use graylane_core::Percentage;
use graylane_core::name::VersionName;
use graylane_core::slots::SLOTS;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::newcomer::{Judged, Newcomer, Newcomers, rank};
use crate::api::{GrayRelease, Lane, MeshPolicy, ObjectRef, Reason};
use crate::cluster::objections::{self, Precedence};
use crate::cluster::pass::{address, over_deployments};
use crate::cluster::planning::{self, Statuses};
use crate::cluster::seen::Seen;
use crate::cluster::{World, facts, gone, standing};
use crate::plan::{Observed, Readiness, Refusals, Service, ServiceFacts, plan};
use crate::release::{Facts, Objection};

/// What stands in the way of newcomers beside `world`, which says what is in force.
pub(super) fn judge(world: &World, newcomers: &Newcomers) -> BTreeMap<ObjectRef, Objection> {
    if newcomers.is_empty() {
        return BTreeMap::new();
    }
    let unknown = newcomers.unknown();
    let seen = Seen::of(world, |object| !unknown.contains(object));
    let candidates = Candidates::of(newcomers);
    let mut refused = candidates.objections(world, &seen);
    let observed = in_force(world, &seen, newcomers);
    loop {
        // Who is refused stands in nobody's way.
        let mut left_out = refused.clone();
        left_out.append(&mut candidates.contradictions(&refused));
        let observed = candidates.beside(observed.clone(), &left_out);
        if observed.newcomers.is_empty() {
            return left_out;
        }
        match plan(&observed, None) {
            Ok(_) => return left_out,
            Err(refusals) => refuse(&refusals, &observed.newcomers, &mut refused),
        }
    }
}

/// What newcomers say, the oldest first.
struct Candidates {
    releases: Vec<GrayRelease>,
    lanes: Vec<Lane>,
    policy: Option<MeshPolicy>,
    /// All of them.
    in_order: Vec<ObjectRef>,
}

/// What is in force, as far as it goes, also what nobody is sent to yet, without what can not be followed any more.
fn in_force(world: &World, seen: &Seen<'_>, newcomers: &Newcomers) -> Observed {
    let facts: BTreeMap<String, Facts> =
        over_deployments(world).map(|release| (address(release), facts::of(world, seen, release))).collect();
    let unknown = newcomers.unknown();
    let statuses = Statuses::stored(world, seen, &facts, |object| !unknown.contains(object));
    let mut observed = planning::observe(world, &statuses);
    if newcomers.policy.as_ref().is_some_and(|policy| policy.in_force.is_none()) {
        observed.policy = None;
    }
    let releases = statuses.releases.values().map(|(release, ..)| tried(release, &observed.services));
    observed.releases = releases.collect();
    for lane in &seen.lanes {
        make_known(lane, &mut observed.services);
    }
    observed.lanes = seen.lanes.iter().map(|lane| (*lane).clone()).collect();
    gone::forget(&mut observed);
    planning::settle(&mut observed, None);
    observed
}

/// What each of `newcomers` says, the oldest first.
fn oldest_first<K: Judged>(newcomers: &[Newcomer<K>]) -> Vec<K> {
    let mut all: Vec<K> = newcomers.iter().map(|newcomer| newcomer.said.never_accepted()).collect();
    all.sort_by(|one, other| rank(one).cmp(&rank(other)));
    all
}

impl Candidates {
    fn of(newcomers: &Newcomers) -> Self {
        fn aged<K: Judged>(object: &K) -> (Option<Time>, ObjectRef) {
            (object.meta().creation_timestamp.clone(), object.address())
        }
        let releases = oldest_first(&newcomers.releases);
        let lanes = oldest_first(&newcomers.lanes);
        let policy = newcomers.policy.as_ref().map(|newcomer| newcomer.said.never_accepted());
        let mut all: Vec<_> =
            releases.iter().map(aged).chain(lanes.iter().map(aged)).chain(policy.iter().map(aged)).collect();
        all.sort();
        let in_order = all.into_iter().map(|(_, object)| object).collect();
        Self { releases, lanes, policy, in_order }
    }

    /// What stands in the way of them beside what is in force, and the planner does not see.
    fn objections(&self, world: &World, seen: &Seen<'_>) -> BTreeMap<ObjectRef, Objection> {
        let releases = self.releases.iter().filter_map(|release| {
            let objection = objections::to_kind(release)
                .or_else(|| objections::to_release(world, &seen.precedence, release))
                .or_else(|| objections::to_deployments(world, release));
            Some((release.address(), objection?))
        });
        let objection = |lane: &Lane| Some((lane.address(), standing::objection(world, &seen.lanes, lane)?));
        releases.chain(self.lanes.iter().filter_map(objection)).collect()
    }

    /// What stands in the way of those that are not `refused` beside older ones of them.
    fn contradictions(&self, refused: &BTreeMap<ObjectRef, Objection>) -> BTreeMap<ObjectRef, Objection> {
        let mut found = BTreeMap::new();
        let mut precedence = Precedence::default();
        for release in self.releases.iter().filter(|release| !refused.contains_key(&release.address())) {
            match objections::to_second(&precedence, release) {
                Some(objection) => drop(found.insert(release.address(), objection)),
                None => precedence.add(release),
            }
        }
        let mut known = Vec::new();
        for lane in self.lanes.iter().filter(|lane| !refused.contains_key(&lane.address())) {
            match standing::contradiction(&known, lane) {
                Some(objection) => drop(found.insert(lane.address(), objection)),
                None => known.push(lane),
            }
        }
        found
    }

    /// What is `observed`, with those that are not `refused` in their places.
    fn beside(&self, mut observed: Observed, refused: &BTreeMap<ObjectRef, Objection>) -> Observed {
        for release in self.releases.iter().filter(|release| !refused.contains_key(&release.address())) {
            let address = release.address();
            if let Some(at) = observed.releases.iter().position(|known| known.address() == address) {
                let left =
                    observed.releases.swap_remove(at).lane().filter(|lane| Some(lane) != release.lane().as_ref());
                observed.left.extend(left.map(|lane| (lane, address)));
            }
            observed.releases.push(tried(release, &observed.services));
        }
        for lane in self.lanes.iter().filter(|lane| !refused.contains_key(&lane.address())) {
            let address = lane.address();
            observed.lanes.retain(|known| known.address() != address);
            make_known(lane, &mut observed.services);
            observed.lanes.push(lane.clone());
        }
        if let Some(policy) = self.policy.as_ref().filter(|policy| !refused.contains_key(&policy.address())) {
            observed.policy = Some(policy.clone());
        }
        let tried = self.in_order.iter().filter(|object| !refused.contains_key(object));
        observed.newcomers = tried.cloned().collect();
        observed
    }
}

/// A release in the middle of its way, with versions that there are, whatever they are.
fn tried(release: &GrayRelease, services: &BTreeMap<Service, ServiceFacts>) -> GrayRelease {
    let mut tried = release.clone();
    let namespace = tried.metadata.namespace.clone().unwrap_or_default();
    for workload in &mut tried.spec.workloads {
        let service = Service::resolve(&workload.service, &namespace).ok();
        let facts = service.and_then(|service| services.get(&service));
        let version = facts.and_then(|facts| facts.base.clone()).or_else(|| VersionName::new(ServiceFacts::BASE).ok());
        workload.stable.clone_from(&version);
        workload.gray = version;
    }
    tried.spec.weight = Percentage::from_slots(SLOTS / 2).unwrap_or_default();
    tried
}

/// Adds the versions of a lane that did not serve before.
fn make_known(lane: &Lane, services: &mut BTreeMap<Service, ServiceFacts>) {
    let namespace = lane.metadata.namespace.clone().unwrap_or_default();
    for member in &lane.spec.services {
        let service = Service::resolve(&member.service, &namespace).ok();
        if let Some(facts) = service.and_then(|service| services.get_mut(&service)) {
            facts.versions.entry(member.version.clone()).or_insert(Readiness::NotReady);
        }
    }
}

/// Notes whose fault it is. Where none of `newcomers` is named, they are refused together: without them all was well.
fn refuse(refusals: &Refusals, newcomers: &[ObjectRef], refused: &mut BTreeMap<ObjectRef, Objection>) {
    let mut named = refusals.by_object();
    named.retain(|object, _| newcomers.contains(object));
    let objection = |message| Objection { reason: Reason::Refused, message };
    if named.is_empty() {
        let why = refusals.iter().next().map(ToString::to_string).unwrap_or_default();
        let message = format!("with what this object says, something else could not be followed any more: {why}");
        refused.extend(newcomers.iter().map(|object| (object.clone(), objection(message.clone()))));
    } else {
        refused.extend(named.into_iter().map(|(object, message)| (object.clone(), objection(message))));
    }
}

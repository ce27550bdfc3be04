//! One pass over all releases and standing lanes.

use std::collections::BTreeMap;

use graylane_core::config::HeaderNames;
use jiff::Timestamp;
use kube::ResourceExt;

use super::in_force::{InForce, Judged, Refused, note};
use super::object::{self, publication};
use super::planning::{self, Planned, Statuses};
use super::released::Released;
use super::seen::Seen;
use super::stored_status::StoredStatus;
use super::supply::Exchange;
use super::way::{Way, Ways};
use super::{Change, Kind, LANE_FINALIZER, Settings, World, facts, finalizer, objections, policy, standing};
use crate::api::{GrayRelease, Lane, LaneStatus, MeshPolicy, MeshPolicyStatus, ObjectRef, Phase, Reason, Stage};
use crate::lane;
use crate::plan::Configs;
use crate::release::{self, Facts, Finalizer, Life, Objection};

/// A pass: what was seen, and what is to become of it.
#[derive(Debug)]
pub struct Pass<'w> {
    in_force: &'w InForce,
    world: &'w World,
    settings: &'w Settings,
    seen: Seen<'w>,
    previous: Option<Configs>,
    /// What is planned for the stored statuses.
    stored: Option<Configs>,
    /// The generation by which that is published everywhere; `None`: it is not.
    published: Option<u64>,
    exchange: Exchange,
    releases: Vec<Released<'w>>,
    lanes: Vec<Standing<'w>>,
    policy: Option<Followed<'w>>,
}

/// The policy of the mesh in a pass.
#[derive(Debug)]
struct Followed<'w> {
    object: &'w MeshPolicy,
    stored: MeshPolicyStatus,
    next: MeshPolicyStatus,
}

/// A standing lane in a pass.
#[derive(Debug)]
struct Standing<'w> {
    object: &'w Lane,
    facts: lane::Facts,
    stored: LaneStatus,
    next: LaneStatus,
}

impl<'w> Pass<'w> {
    /// Looks at what is in force and makes every transition that is due `now`.
    #[must_use]
    pub fn begin(in_force: &'w InForce, settings: &'w Settings, now: Timestamp) -> Self {
        let world = &in_force.world;
        let previous = planning::published(world);
        let seen = Seen::of(world, |object| in_force.is_followed(object));
        let exchange = Exchange::of(world, &seen, settings, previous.as_ref());
        let mut facts: BTreeMap<String, Facts> =
            over_deployments(world).map(|release| (address(release), facts::of(world, &seen, release))).collect();
        let statuses = Statuses::stored(world, &seen, &facts, |object| in_force.is_followed(object));
        let mut planned = planning::of(world, &statuses, previous.as_ref());
        let stored = planned.configs.take();
        let published = stored.as_ref().and_then(|configs| {
            let configs = configs.clone().at_least(floor(world, &statuses));
            publication::publication(world, settings, &exchange, &configs).is_empty().then(|| configs.generation())
        });
        let unheard = unheard(world, &statuses);
        let releases = over_deployments(world).filter_map(|release| {
            let mut facts = facts.remove(&address(release))?;
            let object = release.address();
            let refused = in_force.refused(&object);
            facts.filter = exchange.filter();
            facts.objection = objections::to_release(world, &seen.precedence, release)
                .or_else(|| refused.and_then(Refused::entirely))
                .or_else(|| planned.objection(&object));
            facts.edit = refused.and_then(Refused::edit);
            let stored = release.status.clone().unwrap_or_default();
            // What is wrong with an object does not keep it from going, nor anybody from returning to the stable version:
            // of what the planner leaves out nobody is on the new one.
            let ends = facts.life == Life::Deleted || stored.phase == Phase::Aborting;
            facts.published = published.filter(|_| facts.objection.is_none() || ends);
            let (desired, mut next) = release::step(&facts, &release.spec, &stored, now);
            note(refused, release, &mut next.accepted);
            Some(Released { object: release, facts, stored, next, desired })
        });
        let releases = releases.collect();
        let lanes = world.lanes.iter().map(|object| {
            let mut facts = standing::facts(world, &seen, object, unheard);
            let refused = in_force.refused(&object.address());
            let entirely = || refused.and_then(Refused::entirely).or_else(|| planned.objection(&object.address()));
            facts.objection = facts.objection.take().or_else(entirely);
            facts.edit = refused.and_then(Refused::edit);
            let stored = object.status.clone().unwrap_or_default();
            let mut next = lane::step(&facts, &stored, now);
            note(refused, object.as_ref(), &mut next.accepted);
            Standing { object, facts, stored, next }
        });
        let lanes = lanes.collect();
        let policy = in_force.policy.as_deref().map(|object| {
            let stored = object.status.clone().unwrap_or_default();
            let refused = in_force.refused(&object.address());
            let objection = refused.map(Refused::told).or_else(|| planned.objection(&object.address()));
            let mut next = policy::status(world, settings, object, objection, &stored, now);
            note(refused, object, &mut next.accepted);
            Followed { object, stored, next }
        });
        Self { in_force, world, settings, seen, previous, stored, published, exchange, releases, lanes, policy }
    }

    /// The statuses that change, to be stored first.
    pub fn statuses(&self) -> impl Iterator<Item = StoredStatus<'_>> {
        let releases = self.releases.iter().filter(|release| release.next != release.stored);
        let releases = releases.map(|Released { object, stored, next, .. }| StoredStatus::Release {
            release: object,
            before: stored,
            after: next,
        });
        let lanes = self.lanes.iter().filter(|lane| lane.next != lane.stored);
        let lanes = lanes.map(|Standing { object, stored, next, .. }| StoredStatus::Lane {
            lane: object,
            before: stored,
            after: next,
        });
        let policy = self.policy.iter().filter(|policy| policy.next != policy.stored);
        let policy = policy.map(|Followed { object, stored, next }| StoredStatus::Policy {
            policy: object,
            before: stored,
            after: next,
        });
        releases.chain(lanes).chain(policy)
    }

    /// What to write when they are stored, in order.
    #[must_use]
    pub fn writes(&self) -> Vec<Change> {
        let mut writes = Vec::new();
        for release in &self.releases {
            writes.extend(release.finalizer().filter(|_| !release.has_ended()));
            release.hold(self.world, &mut writes);
        }
        writes.extend(object::abandoned(self.world));
        writes.extend(self.routes());
        for release in &self.releases {
            release.scale(self.world, &self.seen.sets, &mut writes);
        }
        let lanes = self.lanes.iter().filter(|one| self.in_force.is_followed(&one.object.address()));
        let statuses = Statuses {
            releases: self.followed().filter_map(|one| Some((address(one.object), one.planned()?))).collect(),
            lanes: lanes.map(|one| (one.object, one.next.clone())).collect(),
            endpoints: &self.seen.endpoints,
        };
        writes.extend(self.publication(&statuses));
        // The last thing: whoever is killed before comes again.
        writes.extend(self.releases.iter().filter(|release| release.has_ended()).filter_map(Released::finalizer));
        writes.extend(self.lanes.iter().filter_map(Standing::finalizer));
        writes
    }

    fn followed(&self) -> impl Iterator<Item = &Released<'w>> {
        self.releases.iter().filter(|one| self.in_force.is_followed(&one.object.address()))
    }

    /// What is to be published for `statuses`, which are stored by now.
    fn publication(&self, statuses: &Statuses<'_>) -> Vec<Change> {
        let is_known = self.releases.iter().all(|release| release.next == release.stored)
            && self.lanes.iter().all(|lane| lane.next == lane.stored);
        if is_known && self.published.is_some() {
            return Vec::new();
        }
        let known = self.stored.as_ref().filter(|_| is_known).cloned();
        let planned = known.or_else(|| planning::of(self.world, statuses, self.previous.as_ref()).configs);
        let Some(planned) = planned else { return Vec::new() };
        let configs = self.exchange.configs(planned, self.previous.as_ref()).at_least(floor(self.world, statuses));
        publication::publication(self.world, self.settings, &self.exchange, &configs)
    }

    /// Subsets, then routes to them; away with routes before what they lead to.
    fn routes(&self) -> Vec<Change> {
        let ways = self.ways();
        let policy = self.world.policy.as_ref();
        let header = policy.map_or_else(HeaderNames::default, |policy| policy.spec.headers.clone()).version;
        let mut writes = Vec::new();
        for (service, way) in &ways {
            writes.extend(object::subsets(self.world, service, way));
            writes.extend(object::routes(self.world, service, &header, way));
        }
        writes.extend(object::fronted(self.world, &ways, &header));
        writes.extend(object::surplus_routes(self.world, &ways));
        writes.extend(object::surplus_subsets(self.world, &ways));
        writes
    }

    fn ways(&self) -> Ways {
        let mut ways = Ways::new();
        for release in &self.releases {
            release.join(&mut ways);
        }
        for Standing { object, next, .. } in &self.lanes {
            for known in &next.services {
                let namespace = object.namespace().unwrap_or_default();
                let Ok(service) = crate::plan::Service::resolve(&known.service, &namespace) else { continue };
                let way: &mut Way = ways.entry(service).or_default();
                way.owners.insert(object.uid().unwrap_or_default(), object::owner_of(*object));
                way.join(known);
            }
        }
        ways
    }

    /// Whether anything waits for proxies, so that they are asked more often.
    #[must_use]
    pub fn awaits_proxies(&self) -> bool {
        let waits = |lane: &Standing<'_>| lane.next.services.iter().any(|known| known.stage != Stage::Serving);
        self.releases.iter().any(|release| release.next.phase.is_under_way() || release.next.phase.awaits_proxies())
            || self.lanes.iter().any(waits)
    }
}

impl Standing<'_> {
    fn finalizer(&self) -> Option<Change> {
        if self.next != self.stored {
            return None;
        }
        let gone = lane::is_gone(&self.facts, &self.next);
        let finalizer = if gone { Finalizer::Dropped } else { Finalizer::Kept };
        finalizer::of(Kind::Lane, self.object, LANE_FINALIZER, self.facts.life, finalizer)
    }
}

impl Planned {
    fn objection(&self, object: &ObjectRef) -> Option<Objection> {
        let message = self.refused.get(object)?.clone();
        Some(Objection { reason: Reason::Refused, message })
    }
}

impl<'w> Statuses<'w> {
    /// The stored statuses of the objects that are followed.
    pub(super) fn stored(
        world: &'w World,
        seen: &'w Seen<'w>,
        facts: &'w BTreeMap<String, Facts>,
        is_followed: impl Fn(&ObjectRef) -> bool,
    ) -> Self {
        let firsts = over_deployments(world).filter(|release| !seen.precedence.is_second(release));
        let firsts = firsts.filter(|release| is_followed(&release.address()));
        let releases = firsts.filter_map(|release| {
            let facts = facts.get(&address(release))?;
            Some((address(release), (release, facts, release.status.clone().unwrap_or_default())))
        });
        let lanes = world.lanes.iter().filter(|lane| is_followed(&lane.address()));
        let lanes = lanes.map(|lane| (lane.as_ref(), lane.status.clone().unwrap_or_default()));
        Self { releases: releases.collect(), lanes: lanes.collect(), endpoints: &seen.endpoints }
    }
}

pub(super) fn over_deployments(world: &World) -> impl Iterator<Item = &GrayRelease> {
    let all = world.releases.iter().map(AsRef::as_ref);
    all.filter(|release: &&GrayRelease| release.spec.workloads.iter().all(|workload| workload.deployment.is_some()))
}

/// No generation is given twice, even if what was published is lost; and one that a lane asks for is reached.
fn floor(world: &World, statuses: &Statuses<'_>) -> u64 {
    let given = statuses.releases.values().filter_map(|(_, _, status)| status.publication.as_ref());
    let given = given.map(|publication| publication.generation);
    let asked = statuses.lanes.iter().flat_map(|(_, status)| &status.services).map(|known| known.generation);
    let given = given.chain(asked).max().unwrap_or_default();
    given.max(publication::highest_generation(world))
}

/// A generation that nobody was told yet, whatever the caches may have missed.
fn unheard(world: &World, statuses: &Statuses<'_>) -> u64 {
    let heard = world.reports.values().filter_map(|report| report.generation).max().unwrap_or_default();
    floor(world, statuses).max(heard) + 1
}

pub(super) fn address(release: &GrayRelease) -> String {
    format!("{}/{}", release.namespace().unwrap_or_default(), release.name_any())
}

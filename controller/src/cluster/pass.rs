//! One pass over all releases.

use std::collections::BTreeMap;

use graylane_core::config::HeaderNames;
use graylane_core::name::VersionName;
use jiff::Timestamp;
use kube::ResourceExt;

use super::object::{self, wasm_plugin};
use super::planning::{self, Statuses};
use super::{Change, Settings, World, facts, finalizer};
use crate::api::{BaseRoute, GrayRelease, GrayReleaseStatus, Kind, ObjectRef, Phase};
use crate::plan::{Configs, Service};
use crate::release::{self, Desired, DesiredWorkload, Facts};

/// A pass: what was seen, and what is to become of it.
#[derive(Debug)]
pub struct Pass<'w> {
    world: &'w World,
    settings: &'w Settings,
    previous: Option<Configs>,
    releases: Vec<Release<'w>>,
}

#[derive(Debug)]
struct Release<'w> {
    object: &'w GrayRelease,
    facts: Facts,
    stored: GrayReleaseStatus,
    next: GrayReleaseStatus,
    desired: Desired,
}

/// A status that is to be stored before anything is done about it.
#[derive(Debug, Clone, Copy)]
pub struct StoredStatus<'p> {
    /// The release, at the resource version that was read.
    pub release: &'p GrayRelease,
    /// Its status as it is.
    pub before: &'p GrayReleaseStatus,
    /// Its status as it becomes.
    pub after: &'p GrayReleaseStatus,
}

impl<'w> Pass<'w> {
    /// Looks at `world` and makes every transition that is due `now`.
    #[must_use]
    pub fn begin(world: &'w World, settings: &'w Settings, now: Timestamp) -> Self {
        let previous = planning::published(&world.wasm_plugins);
        let mut facts: BTreeMap<String, Facts> = BTreeMap::new();
        let over_deployments = || {
            let all = world.releases.iter().map(AsRef::as_ref);
            all.filter(|release: &&GrayRelease| {
                release.spec.workloads.iter().all(|workload| workload.deployment.is_some())
            })
        };
        for release in over_deployments() {
            facts.insert(address(release), facts::of(world, release));
        }
        let stored = |release: &GrayRelease| release.status.clone().unwrap_or_default();
        let statuses: Statuses<'_> = over_deployments()
            .filter_map(|release| Some((address(release), (release, facts.get(&address(release))?, stored(release)))))
            .collect();
        let planned = planning::of(world, &statuses, previous.as_ref());
        let published = planned.configs.as_ref().and_then(|configs| {
            let configs = configs.clone().at_least(floor(world, &statuses));
            wasm_plugin::publication(world, settings, &configs).is_empty().then(|| configs.generation())
        });
        let releases = over_deployments().map(|release| {
            let mut facts = facts::of(world, release);
            let object = ObjectRef::of(Kind::GrayRelease, &release.metadata);
            facts.refusal = planned.refused.get(&object).cloned().or_else(|| conflict(world, release));
            facts.published = published.filter(|_| facts.refusal.is_none());
            let stored = stored(release);
            let (desired, next) = release::step(&facts, &release.spec, &stored, now);
            Release { object: release, facts, stored, next, desired }
        });
        Self { world, settings, previous, releases: releases.collect() }
    }

    /// The statuses that change, to be stored first.
    pub fn statuses(&self) -> impl Iterator<Item = StoredStatus<'_>> {
        let changed = self.releases.iter().filter(|release| release.next != release.stored);
        changed.map(|Release { object, stored, next, .. }| StoredStatus {
            release: object,
            before: stored,
            after: next,
        })
    }

    /// What to write when they are stored, in order.
    #[must_use]
    pub fn writes(&self) -> Vec<Change> {
        let mut writes = Vec::new();
        for release in &self.releases {
            release.write(self.world, &mut writes);
        }
        let statuses: Statuses<'_> = self
            .releases
            .iter()
            .map(|Release { object, facts, next, .. }| (address(object), (*object, facts, next.clone())))
            .collect();
        let planned = planning::of(self.world, &statuses, self.previous.as_ref());
        if let Some(configs) = planned.configs {
            let configs = configs.at_least(floor(self.world, &statuses));
            writes.extend(wasm_plugin::publication(self.world, self.settings, &configs));
        }
        writes
    }

    /// Whether anything waits for proxies, so that they are asked more often.
    #[must_use]
    pub fn awaits_proxies(&self) -> bool {
        self.releases.iter().any(|release| release.next.phase.is_under_way() || release.next.phase == Phase::Aborting)
    }
}

/// No generation is given twice, even if what was published is lost.
fn floor(world: &World, statuses: &Statuses<'_>) -> u64 {
    let given = statuses.values().filter_map(|(_, _, status)| status.publication.as_ref());
    let given = given.map(|publication| publication.generation).max().unwrap_or_default();
    given.max(wasm_plugin::highest_generation(&world.wasm_plugins))
}

fn address(release: &GrayRelease) -> String {
    format!("{}/{}", release.namespace().unwrap_or_default(), release.name_any())
}

/// What stands in the way of a release outside of Graylane's own resources.
fn conflict(world: &World, release: &GrayRelease) -> Option<String> {
    release.spec.workloads.iter().enumerate().find_map(|(index, workload)| {
        let namespace = release.namespace().unwrap_or_default();
        let service = Service::resolve(&workload.service, &namespace).ok()?;
        let field = format!("spec.workloads[{index}].service");
        if service.namespace() != namespace {
            return Some(format!("{field}: {service} is in another namespace than its Deployment"));
        }
        let other = object::conflict(world, &service)?;
        Some(format!("{field}: {service} is routed by {other} already, which Istio does not merge with other routes"))
    })
}

impl Release<'_> {
    fn write(&self, world: &World, writes: &mut Vec<Change>) {
        let namespace = self.object.namespace().unwrap_or_default();
        // A status that was just stored has made another object of it.
        if self.next == self.stored {
            writes.extend(finalizer::of(self.object, self.facts.life, self.desired.finalizer));
        }
        let deployments = self.object.spec.workloads.iter().zip(&self.desired.workloads);
        for (workload, desired) in deployments {
            let Some(name) = &workload.deployment else { continue };
            let Some(deployment) = facts::deployment(world, &namespace, name) else { continue };
            let sets = || facts::sets(world, self.object, deployment);
            writes.extend(match self.next.phase {
                Phase::Withdrawn => object::let_go(self.object, deployment),
                _ => object::pausing(self.object, deployment, desired.pausing),
            });
            if let Ok(service) = Service::resolve(&workload.service, &namespace) {
                self.route(world, &service, desired, writes);
            }
            writes.extend(object::twins(&desired.twins, sets()));
            writes.extend(desired.gray.as_ref().and_then(|gray| object::gray(self.object, deployment, gray, sets())));
            writes.extend(object::removed(desired.gray.as_ref(), sets()));
        }
    }

    fn route(&self, world: &World, service: &Service, desired: &DesiredWorkload, writes: &mut Vec<Change>) {
        if self.facts.refusal.is_some() && !self.desired.is_routed() {
            return;
        }
        let gray: Option<&VersionName> = desired.gray.as_ref().map(|gray| &gray.version);
        if self.next.phase != Phase::Withdrawn {
            writes.extend(object::subsets(world, self.object, service, desired.stable.iter().chain(gray)));
        }
        let header =
            world.policy.as_ref().map_or_else(HeaderNames::default, |policy| policy.spec.headers.clone()).version;
        // The routes stay until the new pods are gone, also when those are not wanted any more.
        let released = gray.or_else(|| self.released(service));
        let base = match self.desired.traffic.base {
            BaseRoute::Service => None,
            BaseRoute::Stable => desired.stable.as_ref(),
            BaseRoute::Gray => released,
        };
        writes.extend(match (released, base) {
            (Some(gray), Some(base)) => object::routes(world, self.object, service, &header, gray, base),
            (None, _) | (_, None) => object::unrouted(world, service),
        });
    }

    /// The version of the service that is being released, by the status.
    fn released(&self, service: &Service) -> Option<&VersionName> {
        let workloads = self.object.spec.workloads.iter().zip(&self.next.workloads);
        let mut of_it = workloads
            .filter(|(workload, _)| Service::resolve(&workload.service, service.namespace()).as_ref() == Ok(service));
        of_it.find_map(|(_, known)| known.gray.as_ref())
    }
}

//! A release in a pass: what its Deployments, and the ways to its services, come to.

use graylane_core::name::VersionName;
use kube::ResourceExt;

use super::seen::Sets;
use super::way::{Rest, Ways};
use super::{Change, FINALIZER, HASH_LABEL, Kept, Kind, Rollout, World, facts, finalizer, object};
use crate::api::{BaseRoute, GrayRelease, GrayReleaseStatus, Phase, PodLabels, Reason};
use crate::plan::Service;
use crate::release::{Desired, DesiredWorkload, Facts};

/// A release: as it is, and as it becomes.
#[derive(Debug)]
pub(super) struct Released<'w> {
    pub(super) object: &'w GrayRelease,
    pub(super) facts: Facts,
    pub(super) stored: GrayReleaseStatus,
    pub(super) next: GrayReleaseStatus,
    pub(super) desired: Desired,
}

impl Released<'_> {
    /// As the planner is told; nothing of one that comes second.
    pub(super) fn planned(&self) -> Option<(&GrayRelease, &Facts, GrayReleaseStatus)> {
        (!self.is_second()).then(|| (self.object, &self.facts, self.next.clone()))
    }

    /// Keeps the object, or lets it go.
    pub(super) fn finalizer(&self) -> Option<Change> {
        // A status that was just stored has made another object of it.
        let is_stored = self.next == self.stored;
        let (life, finalizer) = (self.facts.life, self.desired.finalizer);
        is_stored.then(|| finalizer::of(Kind::GrayRelease, self.object, FINALIZER, life, finalizer))?
    }

    /// Pauses Deployments, or lets them go on.
    pub(super) fn hold(&self, world: &World, writes: &mut Vec<Change>) {
        if self.is_second() {
            return;
        }
        for (_, deployment, desired) in self.workloads(world) {
            writes.extend(match self.next.phase {
                Phase::Leaving | Phase::Withdrawn => object::let_go(self.object, deployment),
                _ => object::pausing(self.object, deployment, desired.pausing),
            });
        }
    }

    /// Makes and removes pods of new versions.
    pub(super) fn scale(&self, world: &World, sets: &Sets<'_>, writes: &mut Vec<Change>) {
        if self.is_second() {
            return;
        }
        for (_, deployment, desired) in self.workloads(world) {
            let sets = || sets.for_deployment(self.object, deployment);
            writes.extend(object::twins(&desired.twins, sets()));
            writes.extend(desired.gray.as_ref().and_then(|gray| object::gray(self.object, deployment, gray, sets())));
            writes.extend(object::removed(desired.gray.as_ref(), sets()));
        }
    }

    /// Whether the release has left everything, and the routes were taken away already: now what they led to may go.
    pub(super) fn has_ended(&self) -> bool {
        self.next.phase == Phase::Withdrawn && self.next == self.stored
    }

    /// Whether another release looks after the same Deployments: this one then touches none of them.
    fn is_second(&self) -> bool {
        self.facts.objection.as_ref().is_some_and(|objection| objection.reason == Reason::Conflict)
    }

    /// Adds what the release wants of the ways to its services.
    pub(super) fn join(&self, ways: &mut Ways) {
        if self.is_second() {
            return;
        }
        let namespace = self.object.namespace().unwrap_or_default();
        for (workload, desired) in self.object.spec.workloads.iter().zip(&self.desired.workloads) {
            let Ok(service) = Service::resolve(&workload.service, &namespace) else { continue };
            if service.namespace() != namespace {
                continue;
            }
            let way = ways.entry(service.clone()).or_default();
            way.owners.insert(self.object.uid().unwrap_or_default(), object::owner_of(self.object));
            way.named.extend(workload.virtual_services.iter().cloned());
            if self.has_ended() {
                way.rest = Rest::Removed;
                continue;
            }
            if self.facts.objection.is_some() && !self.desired.is_routed() {
                continue;
            }
            let gray: Option<&VersionName> = desired.gray.as_ref().map(|gray| &gray.version);
            // Subsets and routes stay until the new pods are gone, also when those are not wanted any more.
            let released = gray.or_else(|| self.released(&service));
            let versions = desired.stable.iter().chain(released).cloned();
            way.subsets.extend(versions.map(|version| (version.clone(), PodLabels::one(HASH_LABEL, &version))));
            let base = match self.desired.traffic.base {
                BaseRoute::Service => None,
                BaseRoute::Stable => desired.stable.as_ref(),
                BaseRoute::Gray => released,
            };
            if let (Some(gray), Some(base)) = (released, base) {
                way.versions.insert(gray.clone());
                way.base = Some(base.clone());
            }
        }
    }

    fn workloads<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = (&'a crate::api::Workload, &'a Kept<Rollout>, &'a DesiredWorkload)> {
        let namespace = self.object.namespace().unwrap_or_default();
        let workloads = self.object.spec.workloads.iter().zip(&self.desired.workloads);
        workloads.filter_map(move |(workload, desired)| {
            let deployment = facts::deployment(world, &namespace, workload.deployment.as_ref()?)?;
            Some((workload, deployment, desired))
        })
    }

    /// The version of the service that is being released, by the status.
    fn released(&self, service: &Service) -> Option<&VersionName> {
        let workloads = self.object.spec.workloads.iter().zip(&self.next.workloads);
        let mut of_it = workloads
            .filter(|(workload, _)| Service::resolve(&workload.service, service.namespace()).as_ref() == Ok(service));
        of_it.find_map(|(_, known)| known.gray.as_ref())
    }
}

//! A Deployment and its pods, as the controllers of a cluster leave them.

use std::collections::BTreeMap;

use super::world::BAD;
use crate::release::{Owner, PodSet, Template, WorkloadFacts};

/// A Deployment and its `ReplicaSet`s.
#[derive(Debug, Clone)]
pub(super) struct Workload {
    pub(super) replicas: u32,
    pub(super) paused: bool,
    pub(super) template: u8,
    pub(super) restarts: u8,
    pub(super) sets: BTreeMap<String, Set>,
}

#[derive(Debug, Clone)]
pub(super) struct Set {
    pub(super) template: u8,
    pub(super) restarts: u8,
    pub(super) owner: Owner,
    pub(super) replicas: u32,
    pub(super) available: u32,
}

impl Workload {
    pub(super) fn name(template: u8, restarts: u8) -> String {
        if restarts == 0 { format!("v{template}") } else { format!("v{template}r{restarts}") }
    }

    /// What the controllers of Deployments and `ReplicaSet`s do.
    pub(super) fn controlled(&mut self) {
        for set in self.sets.values_mut() {
            set.available = set.available.min(set.replicas);
        }
        let (template, restarts) = (self.template, self.restarts);
        let name = Self::name(template, restarts);
        let ours = |set: &Set| set.owner == Owner::Deployment && (set.template, set.restarts) == (template, restarts);
        if !self.paused {
            let replicas = self.replicas;
            let new = self.sets.entry(name.clone()).or_insert(Set {
                template,
                restarts,
                owner: Owner::Deployment,
                replicas,
                available: 0,
            });
            if new.owner == Owner::Deployment {
                new.replicas = self.replicas;
                new.available = if template == BAD { 0 } else { replicas };
            }
        }
        let saturated =
            self.sets.values().any(|set| ours(set) && set.available >= self.replicas && set.replicas == self.replicas);
        let active = self.sets.values().filter(|set| set.owner == Owner::Deployment && set.replicas > 0).count();
        for set in self.sets.values_mut().filter(|set| set.owner == Owner::Deployment) {
            if ours(set) || active == 1 && set.replicas > 0 {
                set.replicas = self.replicas;
            } else if saturated {
                (set.replicas, set.available) = (0, 0);
            }
        }
    }

    pub(super) fn facts(&self) -> WorkloadFacts {
        let template = |template, restarts| Template {
            version: Self::name(template, restarts).parse().unwrap(),
            content: template.to_string(),
        };
        let set = |(name, set): (&String, &Set)| {
            let facts = PodSet {
                template: template(set.template, set.restarts),
                owner: set.owner,
                replicas: set.replicas,
                pods: set.replicas,
                available: set.available,
                failure: None,
            };
            (name.parse().unwrap(), facts)
        };
        WorkloadFacts {
            replicas: self.replicas,
            paused: self.paused,
            labelled: true,
            template: template(self.template, self.restarts),
            sets: self.sets.iter().map(set).collect(),
        }
    }

    /// The templates that have pods.
    pub(super) fn serving(&self) -> Vec<u8> {
        self.sets.values().filter(|set| set.replicas > 0).map(|set| set.template).collect()
    }
}

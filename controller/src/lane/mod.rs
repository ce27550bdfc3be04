//! The pure state machine of a standing lane over Deployments that users made themselves.
//!
//! ```text
//! Facts, stored status, now -> step -> next status
//! ```
//!
//! It does no IO and reads no clock. As with releases the status is an intention, stored before anything is done about it:
//! endpoints, routes and configuration follow from the stored status alone. Every version goes through its stages by
//! itself, so that a service that joins a lane disturbs nobody who is in it.
//!
//! Invariants, each with a test: nothing is sent by a route before every proxy has confirmed the stage that laid it, and
//! nothing that a proxy may still use is taken away; nothing changes while the facts do not.

mod conditions;

use std::collections::BTreeMap;
use std::sync::Arc;

use graylane_core::name::VersionName;
use jiff::Timestamp;

use crate::api::{LaneService, LaneStatus, PodLabels, Proxies, Stage, VirtualServiceName};
use crate::plan::Service;
use crate::release::{Life, Objection, RefusedEdit, lagging};

/// What a lane needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The versions that the object names, in its order; what it names wrongly is in `objection`.
    pub members: Vec<Member>,
    /// How many endpoints of a version are ready.
    pub ready: BTreeMap<(Service, VersionName), u32>,
    /// The live proxies in scope, as `NAMESPACE/POD`, and the generation each reported last; `None`: none so far.
    pub proxies: Arc<BTreeMap<String, Option<u64>>>,
    /// The number of a configuration that was never published.
    pub next: u64,
    /// The generation of the object.
    pub generation: i64,
    /// Whether the object is being deleted.
    pub life: Life,
    /// What stands in the way of what the object says.
    pub objection: Option<Objection>,
    /// What the object was changed to, if that is refused: the members are then those that were accepted last.
    pub edit: Option<RefusedEdit>,
}

/// A version that the object names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its service.
    pub service: Service,
    /// Its name.
    pub version: VersionName,
    /// The labels of its pods.
    pub labels: PodLabels,
    /// The labels of the pods that serve base.
    pub base: PodLabels,
    /// The objects `VirtualService` of others that routes are put in front of.
    pub virtual_services: Vec<VirtualServiceName>,
}

/// The next status of a lane. At most one stage is left by each version.
#[must_use]
pub fn step(facts: &Facts, status: &LaneStatus, now: Timestamp) -> LaneStatus {
    let wanted: &[Member] = match facts.life {
        Life::Kept => &facts.members,
        Life::Deleted => &[],
    };
    // What is wrong with an object changes nothing of what it was before.
    let stands = facts.objection.is_some() && facts.life == Life::Kept;
    let mut services: Vec<LaneService> = Vec::new();
    for known in &status.services {
        let member = wanted.iter().find(|member| member.is(known));
        match next(facts, known, member) {
            _ if stands => services.push(known.clone()),
            Some(stage) => services.push(moved(known, member, stage, facts)),
            None => {}
        }
    }
    for member in wanted.iter().filter(|_| !stands) {
        if !status.services.iter().any(|known| member.is(known)) {
            services.push(member.joined(facts.next));
        }
    }
    for known in &mut services {
        known.ready = facts.ready_of(known);
    }
    let wanted = services.iter().map(|known| known.generation).max().unwrap_or_default();
    let mut next = LaneStatus {
        observed_generation: facts.generation,
        accepted: status.accepted.clone(),
        proxies: counted(facts, wanted),
        conditions: status.conditions.clone(),
        message: String::new(),
        services,
    };
    conditions::tell(&mut next, facts, now);
    next
}

/// Whether nothing is left of a lane that is being deleted.
#[must_use]
pub fn is_gone(facts: &Facts, status: &LaneStatus) -> bool {
    facts.life == Life::Deleted && status.services.is_empty()
}

/// The stage that comes next, which may be the same; `None`: the version has left.
fn next(facts: &Facts, known: &LaneService, wanted: Option<&Member>) -> Option<Stage> {
    let confirmed = facts.proxies.values().all(|has| has.is_some_and(|has| has >= known.generation));
    let stage = known.stage;
    Some(match (wanted, stage) {
        (Some(_), Stage::Preparing) if confirmed => Stage::Routing,
        (Some(_), Stage::Routing) if confirmed => Stage::Serving,
        // The routes are still there.
        (Some(_), Stage::Leaving) => Stage::Serving,
        (Some(_), Stage::Unrouting) => Stage::Routing,
        (None, Stage::Preparing | Stage::Routing) => Stage::Unrouting,
        (None, Stage::Serving) => Stage::Leaving,
        (None, Stage::Leaving) if confirmed => Stage::Unrouting,
        (None, Stage::Unrouting) if confirmed => return None,
        (Some(_), Stage::Preparing | Stage::Routing | Stage::Serving) | (None, Stage::Leaving | Stage::Unrouting) => {
            stage
        }
    })
}

fn moved(known: &LaneService, wanted: Option<&Member>, stage: Stage, facts: &Facts) -> LaneService {
    let mut moved = known.clone();
    if stage != known.stage {
        moved.stage = stage;
        moved.generation = facts.next;
    }
    if let Some(member) = wanted {
        moved.labels.clone_from(&member.labels);
        moved.base.clone_from(&member.base);
        moved.virtual_services.clone_from(&member.virtual_services);
    }
    moved
}

fn counted(facts: &Facts, wanted: u64) -> Proxies {
    let total = u32::try_from(facts.proxies.len()).unwrap_or(u32::MAX);
    let (late, named) = lagging(&facts.proxies, Some(wanted));
    Proxies { total, acknowledged: total.saturating_sub(late), lagging: named }
}

impl Facts {
    fn ready_of(&self, known: &LaneService) -> u32 {
        let of = |((service, version), ready): (&(Service, VersionName), &u32)| {
            (*service.full_name() == known.service && *version == known.version).then_some(*ready)
        };
        self.ready.iter().find_map(of).unwrap_or_default()
    }
}

impl Member {
    fn is(&self, known: &LaneService) -> bool {
        *self.service.full_name() == known.service && self.version == known.version
    }

    fn joined(&self, generation: u64) -> LaneService {
        LaneService {
            service: self.service.full_name().clone(),
            version: self.version.clone(),
            labels: self.labels.clone(),
            base: self.base.clone(),
            virtual_services: self.virtual_services.clone(),
            stage: Stage::Preparing,
            generation,
            ready: 0,
        }
    }
}

impl Stage {
    /// Whether routes to the version are laid.
    #[must_use]
    pub fn is_routed(self) -> bool {
        match self {
            Self::Routing | Self::Serving | Self::Leaving => true,
            Self::Preparing | Self::Unrouting => false,
        }
    }
}

#[cfg(test)]
mod tests;

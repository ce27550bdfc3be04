//! The call graph: services in layers, each of which calls some of the next layers.

use oorandom::Rand64;

use crate::{Apps, Forwarding};

/// Which service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub(crate) usize);

/// The layers, gateway's callees first: how long chains can be.
const LAYERS: usize = 8;
/// The most calls that one app makes for a request.
const MOST_CALLS: u64 = 3;

/// Who calls whom, who has a gray version, and what each app forwards.
#[derive(Debug, Clone)]
pub struct Graph {
    services: Vec<Service>,
}

#[derive(Debug, Clone)]
pub(crate) struct Service {
    /// In the order of the calls.
    pub(crate) callees: Vec<ServiceId>,
    /// Two services of five have a version for the lane.
    pub(crate) has_gray: bool,
    pub(crate) forwarding: Forwarding,
}

impl Graph {
    /// A graph of `services` services.
    #[must_use]
    pub fn generate(services: usize, apps: Apps, chance: &mut Rand64) -> Self {
        let width = services.div_ceil(LAYERS).max(1);
        let generate = |id: usize| {
            let below = (id / width + 1) * width;
            let candidates = below.min(services)..(below + 2 * width).min(services);
            let calls = if candidates.is_empty() { 0 } else { chance.rand_range(0..MOST_CALLS + 1) };
            let bounds = candidates.start as u64..candidates.end as u64;
            let mut callee = || ServiceId(usize::try_from(chance.rand_range(bounds.clone())).unwrap_or_default());
            let callees = (0..calls).map(|_| callee()).collect();
            Service { callees, has_gray: chance.rand_range(0..5) < 2, forwarding: apps.draw(chance) }
        };
        Self { services: (0..services).map(generate).collect() }
    }

    /// The services that the gateway calls.
    pub(crate) fn entrances(&self) -> usize {
        self.services.len().div_ceil(LAYERS)
    }

    pub(crate) fn services(&self) -> &[Service] {
        &self.services
    }

    pub(crate) fn get(&self, id: ServiceId) -> Option<&Service> {
        self.services.get(id.0)
    }
}

impl ServiceId {
    /// What requests for it are addressed to.
    pub(crate) fn host(self) -> String {
        format!("s{}.mesh", self.0)
    }
}

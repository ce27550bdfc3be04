//! How accurate lanes are in a large mesh whose apps forward more or less of what they are given.
//!
//! ```text
//! seed -> Graph of services -> Walks, many at once -> Tally
//!                              gateway -> [outbound -> inbound -> app]* , each decided by its own Router
//! ```
//!
//! Only the apps are simulated. Whatever a proxy does is done by the core that the filter runs: its routers, its
//! correlation table, one for each pod. Reproducible: the same [`Plan`] gives the same [`Tally`] on every machine.

mod app;
mod graph;
mod mesh;
mod pod;
mod tally;
mod walk;

use graylane_core::config::LostMark;
use mesh::Mesh;
use oorandom::Rand64;
use walk::Walk;

pub use app::{Apps, Forwarding};
pub use graph::{Graph, ServiceId};
pub use tally::{Tally, Truth, percent};

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What chance starts from.
    pub seed: u128,
    /// How many services there are.
    pub services: usize,
    /// How many requests come from outside.
    pub requests: u64,
    /// How many of them are under way at a time.
    pub concurrency: usize,
    /// What the apps forward.
    pub apps: Apps,
    /// What becomes of calls whose mark is lost.
    pub lost_mark: LostMark,
}

impl Default for Plan {
    fn default() -> Self {
        let apps = Apps::All(Forwarding::Everything);
        Self { seed: 1, services: 200, requests: 1_000_000, concurrency: 200, apps, lost_mark: LostMark::Decide }
    }
}

/// The share of the users that is in the lane, in slots of 10,000.
pub const WEIGHT: u32 = 1_000;

/// Plays `plan`.
///
/// # Errors
/// When the core refuses the configuration that the simulation makes for it.
pub fn simulate(plan: &Plan) -> anyhow::Result<Tally> {
    let mut chance = Rand64::new(plan.seed);
    let graph = Graph::generate(plan.services, plan.apps, &mut chance);
    let mut mesh = Mesh::new(&graph, plan.lost_mark)?;
    let mut tally = Tally::default();
    let mut walks: Vec<Walk> = Vec::new();
    let mut started = 0;
    loop {
        while walks.len() < plan.concurrency && started < plan.requests {
            mesh.set_time(started);
            walks.extend(Walk::begin(&mut mesh, &mut chance, &mut tally));
            started += 1;
        }
        if walks.is_empty() {
            return Ok(tally);
        }
        let next = usize::try_from(chance.rand_range(0..walks.len() as u64))?;
        if let Some(walk) = walks.get_mut(next)
            && walk.step(&mut mesh, &mut tally).is_done()
        {
            tally.ended(&walks.swap_remove(next).truth());
        }
    }
}

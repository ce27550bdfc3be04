//! The pure planner: from resources and facts to what filters and routers are told.
//!
//! ```text
//! Observed { resources, facts of services } -> plan -> Plan { FilterConfig per role, routes }
//! ```
//!
//! It does no IO, knows no files and no cluster. Invariants: a plan that comes out compiles, so nothing is published
//! that a filter would refuse; equal observations give equal bytes; the generation changes exactly when the content does.

mod claims;
mod configs;
mod entry;
mod lanes;
mod observed;
mod origins;
mod published;
mod refusal;
mod rules;
mod service;
mod steering;

pub use observed::{Observed, Readiness, ServiceFacts};
pub use published::{Configs, Plan, ServiceRoutes};
pub(crate) use refusal::in_one_line;
pub use refusal::{Refusal, Refusals};
pub use service::{InvalidService, Service};

use std::collections::BTreeMap;

use crate::api::ObjectRef;
use entry::Entry;
use origins::Origins;

/// Plans what is published for `observed`, after `previous` was.
///
/// Every `Lane` and `GrayRelease` becomes one rule set called `NAME.NAMESPACE`. Where a request is in several lanes,
/// standing lanes come before releases, because a release replaces what serves base, and a request that a standing lane
/// pins is not on base; within a kind they come in the order of namespace and name. All splits of an object have one
/// salt, its uid or else its namespace and name, so that raising any of its weights only ever adds to the lane. The
/// slots of a service's own split move as little as possible from those of `previous`.
///
/// # Errors
/// Everything that is wrong, each with its object and field; then nothing is published. Whoever must go on without the
/// objects at fault leaves them out and plans again.
pub fn plan(observed: &Observed, previous: Option<&Configs>) -> Result<Plan, Refusals> {
    let mut refusals = Refusals::default();
    let mut origins = Origins::default();
    let mut entries: Vec<Entry<'_>> =
        observed.lanes.iter().filter_map(|lane| Entry::of_lane(lane, &mut refusals)).collect();
    entries.extend(observed.releases.iter().filter_map(|release| Entry::of_release(release, &mut refusals)));
    let newcomers: BTreeMap<&ObjectRef, usize> =
        observed.newcomers.iter().enumerate().map(|(place, object)| (object, place)).collect();
    let place = |entry: &Entry<'_>| newcomers.get(&entry.object).copied();
    entries.sort_by(|one, other| (place(one), &one.object).cmp(&(place(other), &other.object)));

    let lanes = lanes::merge(observed, &entries, &mut origins, &mut refusals);
    let entrance = rules::entrance(&entries, &mut origins, &mut refusals);
    let steering = steering::steer(observed, &entries, previous, &mut origins, &mut refusals);
    let configs = configs::compose(observed, previous, &lanes, &entrance, &steering, &mut origins);
    configs::check(&configs, &origins, &mut refusals);
    refusals.or_else(|| Plan { configs, routes: steering.routes })
}

//! The lanes that entries form, alone or together.

use std::collections::BTreeMap;

use graylane_core::config::{Isolation, Lane};
use graylane_core::name::LaneName;

use super::{Entry, Origins, Refusals};
use crate::api::ObjectRef;

/// The lanes of all `entries`. A lane of several objects is strict when one of them says so, and has the fallback of
/// the one that lists it.
pub(super) fn merge(entries: &[Entry<'_>], origins: &mut Origins, refusals: &mut Refusals) -> BTreeMap<LaneName, Lane> {
    let mut lanes: BTreeMap<LaneName, Lane> = BTreeMap::new();
    let mut fallback_of: BTreeMap<&LaneName, &ObjectRef> = BTreeMap::new();
    for entry in entries {
        let part = format!("lanes.{}", entry.lane);
        origins.note(part.clone(), &entry.object, entry.lane_field);
        let lane = lanes.entry(entry.lane.clone()).or_default();
        if entry.isolation == Isolation::Strict {
            lane.isolation = Isolation::Strict;
        }
        if entry.fallback.is_empty() {
            continue;
        }
        match fallback_of.get(&entry.lane) {
            Some(other) if lane.fallback != entry.fallback => refusals.add(
                &entry.object,
                "spec.fallback",
                format!("lane {:?} has another fallback by {other}", entry.lane.as_str()),
                format!("the same list as there, [{}], or none", listed(&lane.fallback)),
            ),
            Some(_) => {}
            None => {
                lane.fallback = entry.fallback.to_vec();
                fallback_of.insert(&entry.lane, &entry.object);
                origins.note(format!("{part}.fallback"), &entry.object, "spec.fallback");
            }
        }
    }
    lanes
}

fn listed(lanes: &[LaneName]) -> String {
    lanes.iter().map(LaneName::as_str).collect::<Vec<_>>().join(", ")
}

//! The lanes that entries form, alone or together.

use std::collections::BTreeMap;

use graylane_core::config::{Isolation, Lane};
use graylane_core::name::LaneName;

use super::{Entry, Observed, Origins, Refusals};
use crate::api::ObjectRef;

/// What was said of a lane first, and by whom.
#[derive(Debug, Default)]
struct Said<'o> {
    fallback: Option<&'o ObjectRef>,
    strict: Option<&'o ObjectRef>,
}

/// The lanes of all `entries`. A lane of several objects is strict when one of them says so, and has the fallback of
/// the one that lists it; what contradicts an earlier entry is refused.
pub(super) fn merge(
    observed: &Observed,
    entries: &[Entry<'_>],
    origins: &mut Origins,
    refusals: &mut Refusals,
) -> BTreeMap<LaneName, Lane> {
    let mut lanes: BTreeMap<LaneName, Lane> = BTreeMap::new();
    let mut said_of: BTreeMap<&LaneName, Said<'_>> = BTreeMap::new();
    for entry in entries {
        origins.note(format!("lanes.{}", entry.lane), &entry.object, entry.lane_field);
        let lane = lanes.entry(entry.lane.clone()).or_default();
        let said = said_of.entry(&entry.lane).or_default();
        if entry.isolation == Isolation::Strict {
            said.strict(entry, lane, refusals);
        }
        if !entry.fallback.is_empty() {
            said.fallback(entry, lane, origins, refusals);
        }
    }
    forsaken(observed, entries, &mut lanes, refusals);
    lanes
}

impl<'o> Said<'o> {
    /// Makes `lane` strict, unless an earlier entry gives it a fallback.
    fn strict(&mut self, entry: &'o Entry<'_>, lane: &mut Lane, refusals: &mut Refusals) {
        if let Some(other) = self.fallback {
            let found = format!("lane {:?} has a fallback by {other}", entry.lane.as_str());
            refusals.add(&entry.object, "spec.isolation", found, "permissive, or another lane");
            return;
        }
        lane.isolation = Isolation::Strict;
        self.strict.get_or_insert(&entry.object);
    }

    /// Gives `lane` the fallback of `entry`, unless an earlier one says otherwise.
    fn fallback(&mut self, entry: &'o Entry<'_>, lane: &mut Lane, origins: &mut Origins, refusals: &mut Refusals) {
        let name = entry.lane.as_str();
        let mut refuse = |found, allowed| refusals.add(&entry.object, "spec.fallback", found, allowed);
        // An entry that contradicts itself is the judge's to refuse.
        match (self.strict.filter(|other| **other != entry.object), self.fallback) {
            (Some(other), _) => {
                refuse(format!("lane {name:?} is strict by {other}"), "none, or another lane".to_owned());
            }
            (None, Some(other)) if lane.fallback != entry.fallback => refuse(
                format!("lane {name:?} has another fallback by {other}"),
                format!("the same list as there, [{}], or none", listed(&lane.fallback)),
            ),
            (None, Some(_)) => {}
            (None, None) => {
                lane.fallback = entry.fallback.to_vec();
                self.fallback = Some(&entry.object);
                origins.note(format!("lanes.{name}.fallback"), &entry.object, "spec.fallback");
            }
        }
    }
}

/// Refuses that an entry falls back to a lane which another one would leave: the later one of both is at fault. Such
/// lanes are there for everybody else.
fn forsaken(observed: &Observed, entries: &[Entry<'_>], lanes: &mut BTreeMap<LaneName, Lane>, refusals: &mut Refusals) {
    for (lane, leaver) in observed.left.iter().filter(|(lane, _)| entries.iter().all(|entry| entry.lane != **lane)) {
        let place = entries.iter().position(|entry| entry.object == *leaver);
        for (index, entry) in entries.iter().enumerate() {
            let Some(at) = entry.fallback.iter().position(|named| named == lane) else { continue };
            lanes.entry(lane.clone()).or_default();
            if place > Some(index) {
                let found = format!("{} falls back to lane {:?}, which nobody else forms", entry.object, lane.as_str());
                refusals.add(leaver, "spec.lane", found, "the lane as it was, or first another fallback there");
            } else {
                let found = format!("{leaver} forms lane {:?} no more", lane.as_str());
                refusals.add(&entry.object, format!("spec.fallback[{at}]"), found, "another lane, or none");
            }
        }
    }
}

fn listed(lanes: &[LaneName]) -> String {
    lanes.iter().map(LaneName::as_str).collect::<Vec<_>>().join(", ")
}

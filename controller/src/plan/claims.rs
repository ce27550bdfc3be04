//! What the entries say of each service, held against what is known of it.

use std::collections::BTreeMap;

use graylane_core::name::{LaneName, ServiceName, VersionName};
use graylane_core::slots::SLOTS;

use super::entry::{Entry, Member, Version};
use super::{Observed, Refusals, Service, ServiceFacts};
use crate::api::{ObjectRef, ServiceSplit, VersionWeight};

/// What all entries together say of one service.
#[derive(Debug, Default)]
pub(super) struct Claim<'o> {
    /// The first field that names the service, and whose it is.
    pub(super) named: Option<(&'o ObjectRef, String)>,
    /// The version that serves base.
    pub(super) base: Option<Claimed<'o>>,
    /// The version that serves each lane.
    pub(super) lanes: BTreeMap<&'o LaneName, Claimed<'o>>,
    /// The service's own split.
    pub(super) split: Option<SplitClaim<'o>>,
}

/// A version, and who says so.
#[derive(Debug)]
pub(super) struct Claimed<'o> {
    pub(super) version: &'o VersionName,
    pub(super) by: &'o ObjectRef,
    /// The field that names the version.
    pub(super) field: String,
}

/// A split of one service, and who says so.
#[derive(Debug)]
pub(super) struct SplitClaim<'o> {
    pub(super) weights: &'o [VersionWeight],
    pub(super) by: &'o Entry<'o>,
}

/// What `entries` say of every service; what contradicts an earlier entry or the facts is refused.
pub(super) fn gather<'o>(
    observed: &'o Observed,
    entries: &'o [Entry<'o>],
    refusals: &mut Refusals,
) -> BTreeMap<Service, Claim<'o>> {
    let mut claims: BTreeMap<Service, Claim<'o>> = BTreeMap::new();
    for entry in entries {
        for member in &entry.members {
            let path = format!("{}.service", member.path);
            if let Some((service, facts)) = known(observed, entry, member.service, path, refusals) {
                claims.entry(service.clone()).or_default().member(entry, member, &service, facts, refusals);
            }
        }
        for (index, split) in entry.service_splits.iter().enumerate() {
            let path = format!("spec.serviceSplits[{index}]");
            let service_path = format!("{path}.service");
            if let Some((service, facts)) = known(observed, entry, &split.service, service_path, refusals) {
                claims.entry(service.clone()).or_default().split(entry, split, &path, &service, facts, refusals);
            }
        }
    }
    claims
}

fn known<'o>(
    observed: &'o Observed,
    entry: &Entry<'_>,
    written: &ServiceName,
    path: String,
    refusals: &mut Refusals,
) -> Option<(Service, &'o ServiceFacts)> {
    let service = match Service::resolve(written, entry.namespace()) {
        Ok(service) => service,
        Err(error) => {
            refusals.add(&entry.object, path, error.to_string(), "");
            return None;
        }
    };
    let facts = observed.services.get(&service);
    if facts.is_none() {
        let found = format!("there is no service \"{service}\"");
        refusals.add(&entry.object, path, found, listed(observed.services.keys()));
    }
    facts.map(|facts| (service, facts))
}

impl<'o> Claim<'o> {
    fn member(
        &mut self,
        entry: &'o Entry<'o>,
        member: &Member<'o>,
        service: &Service,
        facts: &ServiceFacts,
        refusals: &mut Refusals,
    ) {
        let mut claimed = |version: Version<'o>| {
            let field = format!("{}.{}", member.path, version.field);
            check_version(entry, version.name, &field, service, facts, refusals);
            Claimed { version: version.name, by: &entry.object, field }
        };
        let lane = claimed(member.version);
        self.named.get_or_insert_with(|| (&entry.object, format!("{}.service", member.path)));
        let base = member.stable.map(claimed);
        match self.lanes.get(&entry.lane) {
            Some(other) if other.by == lane.by => {
                let found = format!("\"{service}\" is named twice");
                refusals.add(lane.by, format!("{}.service", member.path), found, "each service once");
            }
            Some(other) if other.version != lane.version => refusals.add(
                lane.by,
                lane.field,
                format!("lane {:?} has another version of {service} by {}", entry.lane.as_str(), other.by),
                format!("{} as there, or another lane", other.version),
            ),
            Some(_) => {}
            // Refused for its name already.
            None if entry.lane.is_base() => {}
            None => {
                self.lanes.insert(&entry.lane, lane);
            }
        }
        match (&self.base, base) {
            (Some(other), Some(base)) if other.version != base.version && other.by != base.by => refusals.add(
                base.by,
                base.field,
                format!("{service} has another stable version by {}", other.by),
                format!("{} as there", other.version),
            ),
            (None, Some(base)) => self.base = Some(base),
            (_, _) => {}
        }
    }

    fn split(
        &mut self,
        entry: &'o Entry<'o>,
        split: &'o ServiceSplit,
        path: &str,
        service: &Service,
        facts: &ServiceFacts,
        refusals: &mut Refusals,
    ) {
        self.named.get_or_insert_with(|| (&entry.object, format!("{path}.service")));
        if let Some(other) = &self.split {
            let found = format!("{service} is already split by {}", other.by.object);
            refusals.add(&entry.object, format!("{path}.service"), found, "one split for each service");
            return;
        }
        for (index, VersionWeight { version, .. }) in split.weights.iter().enumerate() {
            let field = format!("{path}.weights[{index}].version");
            check_version(entry, version, &field, service, facts, refusals);
            if split.weights.iter().take(index).any(|earlier| earlier.version == *version) {
                refusals.add(&entry.object, field, format!("{version} is named twice"), "each version once");
            }
        }
        let sum: u32 = split.weights.iter().map(|weight| u32::from(weight.weight.slots())).sum();
        if sum != u32::from(SLOTS) {
            let found = format!("the weights add up to {}.{:02}%", sum / 100, sum % 100);
            refusals.add(&entry.object, format!("{path}.weights"), found, "exactly 100%");
        }
        self.split = Some(SplitClaim { weights: &split.weights, by: entry });
    }
}

fn check_version(
    entry: &Entry<'_>,
    version: &VersionName,
    field: &str,
    service: &Service,
    facts: &ServiceFacts,
    refusals: &mut Refusals,
) {
    if !facts.versions.contains_key(version) {
        let found = format!("{service} has no version {:?}", version.as_str());
        refusals.add(&entry.object, field, found, listed(facts.versions.keys()));
    }
}

/// The first 20 of `names`, which is what a person still reads.
fn listed(names: impl ExactSizeIterator<Item = impl ToString>) -> String {
    let more = if names.len() > 20 { ", ..." } else { "" };
    let first: Vec<String> = names.take(20).map(|name| name.to_string()).collect();
    if first.is_empty() { "none is known".to_owned() } else { format!("{}{more}", first.join(", ")) }
}

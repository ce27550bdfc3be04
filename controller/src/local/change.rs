//! What is different between two publications, in the words of those who edit resources.

use std::collections::BTreeMap;
use std::fmt;

use graylane_core::Percentage;
use graylane_core::name::VersionName;

use crate::api::{GrayRelease, Kind, Lane, ObjectRef};
use crate::plan::{Observed, Readiness, Service, ServiceFacts};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An object is new.
    Added(ObjectRef),
    /// An object is gone.
    Removed(ObjectRef),
    /// Only the weight of an object is another.
    Weight {
        /// The object.
        object: ObjectRef,
        /// What it was.
        from: Percentage,
        /// What it is.
        to: Percentage,
    },
    /// An object says something else.
    Edited(ObjectRef),
    /// A version has got its first ready replica, or lost its last one.
    Readiness {
        /// The service.
        service: Service,
        /// The version.
        version: VersionName,
        /// What it is now.
        now: Readiness,
    },
    /// Another version serves base where no release says which one is stable.
    Base {
        /// The service.
        service: Service,
        /// The version.
        version: VersionName,
    },
    /// The gateway takes other hosts for a service.
    Hosts(Service),
    /// A version is new.
    VersionAdded {
        /// The service.
        service: Service,
        /// The version.
        version: VersionName,
    },
    /// A version is gone.
    VersionRemoved {
        /// The service.
        service: Service,
        /// The version.
        version: VersionName,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(object) => write!(f, "{object} added"),
            Self::Removed(object) => write!(f, "{object} removed"),
            Self::Weight { object, from, to } => write!(f, "{object} weight {from} -> {to}"),
            Self::Edited(object) => write!(f, "{object} edited"),
            Self::Readiness { service, version, now: Readiness::Ready } => write!(f, "{service} {version} is ready"),
            Self::Readiness { service, version, now: Readiness::NotReady } => {
                write!(f, "{service} {version} has no ready replica")
            }
            Self::Base { service, version } => write!(f, "{service} base is {version}"),
            Self::Hosts(service) => write!(f, "{service} has other hosts at the gateway"),
            Self::VersionAdded { service, version } => write!(f, "{service} {version} added"),
            Self::VersionRemoved { service, version } => write!(f, "{service} {version} removed"),
        }
    }
}

/// What is different in `newer`; nothing, where there was no older one.
pub(super) fn between(older: &Observed, newer: &Observed) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&entries(older), &entries(newer), &mut changes);
    let policy = ObjectRef { kind: Kind::MeshPolicy, namespace: None, name: "default".to_owned() };
    match (&older.policy, &newer.policy) {
        (None, Some(_)) => changes.push(Change::Added(policy)),
        (Some(_), None) => changes.push(Change::Removed(policy)),
        (Some(one), Some(other)) if one.spec != other.spec => changes.push(Change::Edited(policy)),
        (Some(_), Some(_)) | (None, None) => {}
    }
    compare_services(&older.services, &newer.services, &mut changes);
    compare_versions(&versions(older), &versions(newer), &mut changes);
    changes
}

/// A release or a lane.
#[derive(PartialEq)]
enum Entry<'o> {
    Release(&'o GrayRelease),
    Lane(&'o Lane),
}

impl Entry<'_> {
    fn weight(&self) -> Percentage {
        match self {
            Self::Release(release) => release.spec.weight,
            Self::Lane(lane) => lane.spec.weight,
        }
    }

    /// Whether it says the same as `other`, except for its weight.
    fn differs_only_in_weight(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Release(one), Self::Release(other)) => {
                let mut spec = one.spec.clone();
                spec.weight = other.spec.weight;
                spec == other.spec
            }
            (Self::Lane(one), Self::Lane(other)) => {
                let mut spec = one.spec.clone();
                spec.weight = other.spec.weight;
                spec == other.spec
            }
            (Self::Release(_), Self::Lane(_)) | (Self::Lane(_), Self::Release(_)) => false,
        }
    }
}

fn entries(observed: &Observed) -> BTreeMap<ObjectRef, Entry<'_>> {
    let releases = observed.releases.iter();
    let releases =
        releases.map(|release| (ObjectRef::of(Kind::GrayRelease, &release.metadata), Entry::Release(release)));
    let lanes = observed.lanes.iter().map(|lane| (ObjectRef::of(Kind::Lane, &lane.metadata), Entry::Lane(lane)));
    releases.chain(lanes).collect()
}

fn compare(older: &BTreeMap<ObjectRef, Entry<'_>>, newer: &BTreeMap<ObjectRef, Entry<'_>>, changes: &mut Vec<Change>) {
    for (object, entry) in newer {
        let object = object.clone();
        match older.get(&object) {
            None => changes.push(Change::Added(object)),
            Some(before) if before == entry => {}
            Some(before) if before.differs_only_in_weight(entry) => {
                changes.push(Change::Weight { object, from: before.weight(), to: entry.weight() });
            }
            Some(_) => changes.push(Change::Edited(object)),
        }
    }
    let gone = older.keys().filter(|object| !newer.contains_key(object));
    changes.extend(gone.cloned().map(Change::Removed));
}

fn compare_services(
    older: &BTreeMap<Service, ServiceFacts>,
    newer: &BTreeMap<Service, ServiceFacts>,
    changes: &mut Vec<Change>,
) {
    for (service, facts) in newer {
        let Some(before) = older.get(service) else { continue };
        if let Some(version) = facts.base.as_ref().filter(|base| before.base.as_ref() != Some(base)) {
            changes.push(Change::Base { service: service.clone(), version: version.clone() });
        }
        if facts.gateway_hosts != before.gateway_hosts {
            changes.push(Change::Hosts(service.clone()));
        }
    }
}

type Versions<'o> = BTreeMap<(&'o Service, &'o VersionName), Readiness>;

fn versions(observed: &Observed) -> Versions<'_> {
    let services = observed.services.iter();
    services
        .flat_map(|(service, facts)| facts.versions.iter().map(move |(name, now)| ((service, name), *now)))
        .collect()
}

fn compare_versions(older: &Versions<'_>, newer: &Versions<'_>, changes: &mut Vec<Change>) {
    for (&(service, version), &now) in newer {
        let (service, version) = (service.clone(), version.clone());
        match older.get(&(&service, &version)) {
            None => changes.push(Change::VersionAdded { service, version }),
            Some(before) if *before == now => {}
            Some(_) => changes.push(Change::Readiness { service, version, now }),
        }
    }
    for &(service, version) in older.keys().filter(|version| !newer.contains_key(version)) {
        changes.push(Change::VersionRemoved { service: service.clone(), version: version.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELEASE: &str = "apiVersion: graylane.io/v1alpha1\nkind: GrayRelease\nmetadata: {name: checkout, namespace: shop}\n\
        spec:\n  lane: gray\n  weight: 10\n  workloads:\n  - {service: cart, stable: v1, gray: v2}\n";

    /// What is told of an edit of a release of `cart`, whose versions are `v1` and `v2`.
    fn told(edit: impl Fn(&mut String), facts: impl Fn(&mut Observed)) -> Vec<String> {
        let older = observed(RELEASE);
        let mut text = RELEASE.to_owned();
        edit(&mut text);
        let mut newer = observed(&text);
        facts(&mut newer);
        between(&older, &newer).iter().map(ToString::to_string).collect()
    }

    fn observed(release: &str) -> Observed {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("release.yaml"), release).unwrap();
        let mut observed = crate::resources::read(&[folder.path()]).unwrap().observe();
        for facts in observed.services.values_mut() {
            facts.base = Some("v1".parse().unwrap());
        }
        observed
    }

    fn replaced(old: &'static str, new: &'static str) -> impl Fn(&mut String) {
        move |text| *text = text.replace(old, new)
    }

    #[test]
    fn each_edit_is_told_in_the_words_of_the_file() {
        let nothing = |_: &mut Observed| {};
        assert_eq!(told(|_| {}, nothing), Vec::<String>::new());
        let weight = told(replaced("weight: 10", "weight: 50"), nothing);
        assert_eq!(weight, ["GrayRelease shop/checkout weight 10% -> 50%"]);
        assert_eq!(told(replaced("lane: gray", "lane: blue"), nothing), ["GrayRelease shop/checkout edited"]);
        let renamed = told(replaced("name: checkout", "name: basket"), nothing);
        assert_eq!(renamed, ["GrayRelease shop/basket added", "GrayRelease shop/checkout removed"]);
        let version = told(replaced("gray: v2", "gray: v3"), nothing);
        assert_eq!(version, ["GrayRelease shop/checkout edited", "cart.shop v3 added", "cart.shop v2 removed"]);
    }

    #[test]
    fn what_becomes_of_services_is_told_too() {
        let facts = |edit: fn(&mut ServiceFacts)| told(|_| {}, move |newer| newer.services.values_mut().for_each(edit));
        let down = facts(|facts| {
            facts.versions.insert("v2".parse().unwrap(), Readiness::NotReady);
        });
        assert_eq!(down, ["cart.shop v2 has no ready replica"]);
        assert_eq!(facts(|facts| facts.base = Some("v2".parse().unwrap())), ["cart.shop base is v2"]);
        assert_eq!(facts(|facts| facts.gateway_hosts.clear()), ["cart.shop has other hosts at the gateway"]);
    }
}

//! From configuration to router, with every problem reported.
//!
//! Each part is compiled even when an earlier one has a problem, so that one run shows all of them. Names that could not
//! be resolved are reported where they stand.

use std::collections::BTreeMap;

use super::entry::{Keyless, Rule, RuleSet, Split, Then};
use super::hosts::HostTable;
use super::id::Id;
use super::service::{Service, ServiceSplit, Version};
use super::{Lane, LaneId, Router, ServiceId, SplitId, VersionId};
use crate::config::{self, Action, FilterConfig, IdentitySource, Isolation};
use crate::matcher;
use crate::name::{LaneName, SplitName, VersionName};
use crate::problem::{Path, Problems};
use crate::slots::{Run, SLOTS, SlotTable};

/// The names that other parts of a configuration refer to.
struct Names<'c> {
    lanes: BTreeMap<&'c LaneName, LaneId>,
    splits: BTreeMap<&'c SplitName, SplitId>,
}

/// What a lane name refers to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LaneRef {
    Base,
    Lane(LaneId),
}

impl LaneRef {
    fn lane(self) -> Option<LaneId> {
        match self {
            Self::Base => None,
            Self::Lane(lane) => Some(lane),
        }
    }
}

pub(super) fn compile(config: &FilterConfig) -> Result<Router, Problems> {
    let FilterConfig {
        version: config::ConfigVersion::V1,
        generation,
        phase,
        mode,
        headers,
        identity,
        lanes,
        rule_sets,
        splits,
        services,
        explain,
    } = config;
    let mut problems = Problems::default();
    let names = Names { lanes: places(lanes.keys()), splits: places(splits.keys()) };
    check_headers(headers, &mut problems);
    let mut hosts = HostTable::default();
    let router = Router {
        phase: *phase,
        mode: *mode,
        generation: *generation,
        digest: config.digest(),
        headers: headers.clone(),
        identity: identity.clone(),
        lanes: names.lanes(lanes, &mut problems),
        splits: names.splits(splits, &mut problems),
        rule_sets: names.rule_sets(rule_sets, &mut problems),
        services: names.services(services, &mut hosts, &mut problems),
        hosts,
        explain: explain.as_ref().and_then(|explain| {
            let path = Path::Root.field("explain");
            matcher::compile(&explain.allow, &path.field("allow"), &mut problems)
        }),
    };
    problems.or(router)
}

fn places<'c, N: Ord, I: Id>(names: impl Iterator<Item = &'c N>) -> BTreeMap<&'c N, I> {
    names.enumerate().map(|(index, name)| (name, I::at(index))).collect()
}

fn check_headers(headers: &config::HeaderNames, problems: &mut Problems) {
    let config::HeaderNames { lane, identity, version, explain, explanation, reason } = headers;
    let named = [
        ("lane", lane),
        ("identity", identity),
        ("version", version),
        ("explain", explain),
        ("explanation", explanation),
        ("reason", reason),
    ];
    let path = Path::Root.field("headers");
    for (index, (field, name)) in named.iter().enumerate() {
        if let Some((other, _)) = named.iter().take(index).find(|(_, other)| other == name) {
            problems.add(
                &path.field(field),
                format!("{:?} is already headers.{other}", name.as_str()),
                "six different names",
            );
        }
    }
}

impl Names<'_> {
    /// What `name` refers to; `None` is a problem, which then stands in `problems`.
    fn lane(&self, name: &LaneName, path: &Path<'_>, problems: &mut Problems) -> Option<LaneRef> {
        if name.is_base() {
            return Some(LaneRef::Base);
        }
        let lane = self.lanes.get(name).copied();
        if lane.is_none() {
            let known: Vec<&str> = self.lanes.keys().map(|lane| lane.as_str()).collect();
            problems.add(path, format!("no lane is called {:?}", name.as_str()), listed("base", &known));
        }
        lane.map(LaneRef::Lane)
    }

    fn lanes(&self, lanes: &BTreeMap<LaneName, config::Lane>, problems: &mut Problems) -> Vec<Lane> {
        let root = Path::Root.field("lanes");
        lanes
            .iter()
            .map(|(name, lane)| {
                let path = root.field(name.as_str());
                if name.is_base() {
                    problems.add(&path, "\"base\" is reserved for no lane", "any other lane name");
                }
                if lane.isolation == Isolation::Strict && !lane.fallback.is_empty() {
                    problems.add(
                        &path.field("fallback"),
                        "a strict lane never falls back",
                        "no fallback, or isolation: permissive",
                    );
                }
                Lane {
                    name: name.clone(),
                    fallback: self.fallback(name, &lane.fallback, &path.field("fallback"), problems),
                    isolation: lane.isolation,
                }
            })
            .collect()
    }

    fn fallback(&self, of: &LaneName, lanes: &[LaneName], path: &Path<'_>, problems: &mut Problems) -> Box<[LaneId]> {
        let mut chain = Vec::new();
        for (index, name) in lanes.iter().enumerate() {
            let path = path.index(index);
            let last = index + 1 == lanes.len();
            match self.lane(name, &path, problems) {
                Some(LaneRef::Base) if last => {}
                Some(LaneRef::Base) => {
                    problems.add(&path, "base is always the last resort", "base at the end, or not at all");
                }
                Some(LaneRef::Lane(_)) if name == of => {
                    problems.add(&path, "a lane can not fall back to itself", "another lane");
                }
                Some(LaneRef::Lane(lane)) if chain.contains(&lane) => {
                    problems.add(&path, format!("{:?} is named twice", name.as_str()), "each lane once");
                }
                Some(LaneRef::Lane(lane)) => chain.push(lane),
                None => {}
            }
        }
        chain.into()
    }

    fn splits(&self, splits: &BTreeMap<SplitName, config::Split>, problems: &mut Problems) -> Vec<Split> {
        let root = Path::Root.field("splits");
        let mut compiled = Vec::with_capacity(splits.len());
        for (name, split) in splits {
            let path = root.field(name.as_str());
            let slots = path.field("slots");
            let owner = |run: &Run<LaneName>, path: &Path<'_>, problems: &mut Problems| {
                self.lane(&run.to, path, problems).map(LaneRef::lane)
            };
            if let Some(sources) = &split.identity {
                check_sources(sources, &path.field("identity"), problems);
            }
            let Some(table) = table(&split.slots, owner, &slots, problems) else {
                continue;
            };
            compiled.push(Split {
                name: name.clone(),
                salt: split.salt.as_str().into(),
                table,
                identity: split.identity.as_ref().map(|sources| sources.as_slice().into()),
                keyless: match &split.keyless {
                    config::Keyless::Base(_) => Keyless::Base,
                    config::Keyless::Sequence(_) => Keyless::Sequence,
                    config::Keyless::Cookie(cookie) => Keyless::Cookie(cookie.clone()),
                },
            });
        }
        compiled
    }

    fn rule_sets(&self, sets: &[config::RuleSet], problems: &mut Problems) -> Vec<RuleSet> {
        let root = Path::Root.field("ruleSets");
        let mut compiled: Vec<RuleSet> = Vec::with_capacity(sets.len());
        for (index, set) in sets.iter().enumerate() {
            let path = root.index(index);
            if compiled.iter().any(|other| other.name == set.name) {
                problems.add(&path.field("name"), format!("{:?} is taken", set.name.as_str()), "each set its own name");
            }
            let mut rules: Vec<(u16, Rule)> = Vec::with_capacity(set.rules.len());
            for (index, rule) in set.rules.iter().enumerate() {
                let rules_path = path.field("rules");
                let path = rules_path.index(index);
                if rules.iter().any(|(_, other)| other.name == rule.name) {
                    problems.add(
                        &path.field("name"),
                        format!("{:?} is taken", rule.name.as_str()),
                        "each rule of a set its own name",
                    );
                }
                rules.extend(self.rule(rule, &path, problems).map(|compiled| (rule.priority, compiled)));
            }
            // Stable: rules of one priority keep their order.
            rules.sort_by_key(|(priority, _)| *priority);
            let rules = rules.into_iter().map(|(_, rule)| rule).collect();
            compiled.push(RuleSet { name: set.name.clone(), rules });
        }
        compiled
    }

    fn rule(&self, rule: &config::Rule, path: &Path<'_>, problems: &mut Problems) -> Option<Rule> {
        let when = rule.when.as_ref().map(|when| matcher::compile(when, &path.field("when"), problems));
        let then_path = path.field("then");
        let then = match &rule.then {
            Action::Lane(lane) => self.lane(lane, &then_path.field("lane"), problems).map(|lane| match lane {
                LaneRef::Base => Then::Base,
                LaneRef::Lane(lane) => Then::Lane(lane),
            }),
            Action::Split(name) => {
                let split = self.splits.get(name).copied();
                if split.is_none() {
                    let known: Vec<&str> = self.splits.keys().map(|split| split.as_str()).collect();
                    problems.add(
                        &then_path.field("split"),
                        format!("no split is called {:?}", name.as_str()),
                        listed("", &known),
                    );
                }
                split.map(Then::Split)
            }
        };
        // A condition that did not compile must not turn into "every request".
        let when = match when {
            Some(None) => return None,
            Some(matcher) => matcher,
            None => None,
        };
        Some(Rule { name: rule.name.clone(), when, then: then? })
    }

    fn services(
        &self,
        services: &BTreeMap<crate::name::ServiceName, config::Service>,
        hosts: &mut HostTable,
        problems: &mut Problems,
    ) -> Vec<Service> {
        let root = Path::Root.field("services");
        let mut compiled: Vec<Service> = Vec::with_capacity(services.len());
        for (name, service) in services {
            let path = root.field(name.as_str());
            let id = ServiceId::at(compiled.len());
            for (index, pattern) in service.hosts.iter().enumerate() {
                if let Err(owner) = hosts.add(pattern, id) {
                    let owner = super::id::get(&compiled, owner).map_or(name, |owner| &owner.name);
                    let hosts = path.field("hosts");
                    problems.add(
                        &hosts.index(index),
                        format!("\"{pattern}\" already leads to {owner}"),
                        "each pattern once",
                    );
                }
            }
            compiled.push(self.service(name.clone(), service, &path, problems));
        }
        compiled
    }

    fn service(
        &self,
        name: crate::name::ServiceName,
        service: &config::Service,
        path: &Path<'_>,
        problems: &mut Problems,
    ) -> Service {
        if service.hosts.is_empty() {
            problems.add(&path.field("hosts"), "is empty", "at least one host, so that requests can be recognised");
        }
        let mut versions = Versions(vec![Version { name: service.base.clone(), ready: true }]);
        let base = VersionId::at(0);
        let mut lanes = Vec::with_capacity(service.lanes.len());
        for (lane, version) in &service.lanes {
            let lanes_path = path.field("lanes");
            let path = lanes_path.field(lane.as_str());
            match self.lane(lane, &path, problems) {
                Some(LaneRef::Lane(lane)) => lanes.push((lane, versions.place(version))),
                Some(LaneRef::Base) => problems.add(&path, "base is not a lane", "the member \"base\" of the service"),
                None => {}
            }
        }
        let split = service.split.as_ref().and_then(|split| {
            let split_path = path.field("split");
            let owner = |run: &Run<VersionName>, _: &Path<'_>, _: &mut Problems| Some(versions.place(&run.to));
            let table = table(&split.slots, owner, &split_path.field("slots"), problems)?;
            Some(ServiceSplit { salt: split.salt.as_str().into(), table })
        });
        for version in &service.not_ready {
            if let Some(known) = versions.0.iter_mut().find(|known| known.name == *version) {
                known.ready = false;
            } else {
                let names: Vec<&str> = versions.0.iter().map(|version| version.name.as_str()).collect();
                problems.add(
                    &path.field("notReady"),
                    format!("no version is called {:?}", version.as_str()),
                    listed("", &names),
                );
            }
        }
        Service { name, base, versions: versions.0.into(), lanes: lanes.into(), split }
    }
}

/// The versions of a service in the order in which they were first named.
struct Versions(Vec<Version>);

impl Versions {
    fn place(&mut self, name: &VersionName) -> VersionId {
        let at = self.0.iter().position(|version| version.name == *name).unwrap_or_else(|| {
            self.0.push(Version { name: name.clone(), ready: true });
            self.0.len() - 1
        });
        VersionId::at(at)
    }
}

fn table<T, O: Clone + PartialEq>(
    runs: &[Run<T>],
    mut owner: impl FnMut(&Run<T>, &Path<'_>, &mut Problems) -> Option<O>,
    path: &Path<'_>,
    problems: &mut Problems,
) -> Option<SlotTable<O>> {
    let owners: Vec<Option<(O, u16)>> = runs
        .iter()
        .enumerate()
        .map(|(index, run)| {
            let path = path.index(index);
            owner(run, &path.field("to"), problems).map(|owner| (owner, run.slots))
        })
        .collect();
    let sum: u32 = runs.iter().map(|run| u32::from(run.slots)).sum();
    if sum != u32::from(SLOTS) {
        problems.add(path, format!("the slots add up to {sum}"), format!("exactly {SLOTS}"));
    }
    let owners: Option<Vec<(O, u16)>> = owners.into_iter().collect();
    SlotTable::new(owners?).ok()
}

fn check_sources(sources: &[IdentitySource], path: &Path<'_>, problems: &mut Problems) {
    if sources.is_empty() {
        problems.add(path, "is empty", "at least one source, or no such member to use the common identity");
    }
}

fn listed(first: &str, names: &[&str]) -> String {
    let mut all: Vec<&str> = [first].into_iter().filter(|name| !name.is_empty()).collect();
    all.extend(names.iter().take(20));
    if all.is_empty() {
        return "none is defined".to_owned();
    }
    let more = if names.len() > 20 { ", ..." } else { "" };
    format!("{}{more}", all.join(", "))
}

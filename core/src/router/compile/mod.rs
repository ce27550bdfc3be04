//! From configuration to router, with every problem reported.
//!
//! Each part is compiled even when an earlier one has a problem, so that one run shows all of them. Names that could not
//! be resolved are reported where they stand.

mod carriers;
mod correlation;
mod lanes;
mod rules;
mod services;

use super::hosts::HostTable;
use super::id::Id;
use super::{LaneId, Router, Watch};
use crate::config::{self, FilterConfig, HostPattern, OverrideKey, Phase};
use crate::matcher::{self, Subjects};
use crate::name::{LaneName, SplitName};
use crate::problem::{Path, Problems, Quoted};
use crate::slots::{Run, SLOTS, SlotTable};

/// The names that other parts of a configuration refer to, ascending: a name's place is the place of what it names.
struct Names<'c> {
    lanes: Vec<&'c LaneName>,
    splits: Vec<&'c SplitName>,
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
        carriers,
        trust,
        identity,
        lanes,
        rule_sets,
        splits,
        services,
        explain,
        correlation,
        lost_mark,
        overrides,
    } = config;
    let mut problems = Problems::default();
    let names = Names { lanes: lanes.keys().collect(), splits: splits.keys().collect() };
    carriers::check_headers(headers, &mut problems);
    let mut hosts = HostTable::default();
    let mut subjects = Subjects::default();
    let router = Router {
        phase: *phase,
        mode: *mode,
        generation: *generation,
        digest: config.digest(),
        headers: headers.clone(),
        carriers: carriers::carriers(carriers, headers, &mut problems),
        peers: trust.peers.clone(),
        mesh_hosts: mesh_hosts(&trust.mesh_hosts, &mut problems),
        identity: identity.clone(),
        lanes: names.lanes(lanes, &mut problems),
        splits: names.splits(splits, &mut problems),
        rule_sets: names.rule_sets(rule_sets, &mut subjects, &mut problems),
        services: names.services(services, &mut hosts, &mut problems),
        hosts,
        watch: Watch::of(config),
        explain: explain.as_ref().and_then(|explain| {
            let path = Path::Root.field("explain");
            matcher::compile(&explain.allow, &path.field("allow"), &mut subjects, &mut problems)
        }),
        subjects,
        correlation: correlation.as_ref().inspect(|it| correlation::check(it, &mut problems)).cloned(),
        lost_mark: *lost_mark,
        self_lane: None,
        overrides: overrides.as_ref().filter(|_| *phase == Phase::Gateway).map(|overrides| {
            check_keys(&overrides.keys, &mut problems);
            overrides.clone()
        }),
    };
    problems.or(router)
}

fn check_keys(keys: &[OverrideKey], problems: &mut Problems) {
    let root = Path::Root.field("overrides");
    let path = root.field("keys");
    for (index, key) in keys.iter().enumerate() {
        if keys.iter().take(index).any(|other| other.id == key.id) {
            let place = path.index(index);
            problems.add(&place.field("id"), format!("{} is taken", Quoted(key.id.as_str())), "each key its own name");
        }
    }
}

fn mesh_hosts(patterns: &[HostPattern], problems: &mut Problems) -> HostTable {
    let root = Path::Root.field("trust");
    let path = root.field("meshHosts");
    let mut hosts = HostTable::default();
    for (index, pattern) in patterns.iter().enumerate() {
        if hosts.add(pattern, index).is_err() {
            problems.add(&path.index(index), format!("\"{pattern}\" is named twice"), "each pattern once");
        }
    }
    hosts
}

/// The place of `name` among ascending `names`.
fn place<N: Ord, I: Id>(names: &[&N], name: &N) -> Option<I> {
    names.binary_search(&name).ok().map(I::at)
}

impl Names<'_> {
    /// What `name` refers to; `None` is a problem, which then stands in `problems`.
    fn lane(&self, name: &LaneName, path: &Path<'_>, problems: &mut Problems) -> Option<LaneRef> {
        if name.is_base() {
            return Some(LaneRef::Base);
        }
        let lane = place(&self.lanes, name);
        if lane.is_none() {
            let known: Vec<&str> = self.lanes.iter().map(|lane| lane.as_str()).collect();
            problems.add(path, format!("no lane is called {}", Quoted(name.as_str())), listed("base", &known));
        }
        lane.map(LaneRef::Lane)
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

fn listed(first: &str, names: &[&str]) -> String {
    let mut all: Vec<&str> = [first].into_iter().filter(|name| !name.is_empty()).collect();
    all.extend(names.iter().take(20));
    if all.is_empty() {
        return "none is defined".to_owned();
    }
    let more = if names.len() > 20 { ", ..." } else { "" };
    format!("{}{more}", all.join(", "))
}

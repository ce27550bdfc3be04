//! Many requests at once: shares of versions and lanes, and who moves when something changes.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use graylane_core::Reason;
use serde::Deserialize;

use super::expect::Decided;
use super::mesh::Place;
use super::observation::Kind;
use super::request::Request;
use super::runner::Seen;

/// Many requests, numbered from 0.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Many {
    /// The request; `{n}` in it is its number.
    pub request: Request,
    /// How many are sent on what.
    pub count: PerKind<u32>,
    /// Whether each comes over a connection of its own.
    #[serde(default)]
    pub connections: Connections,
    /// What must become of them.
    pub expect: Population,
}

/// Connections, and with them workers: each of a proxy's workers has connections of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Connections {
    /// Each request has its own, so that all workers get some.
    #[default]
    Many,
    /// All requests share one, and so one worker.
    One,
}

/// A value for each of what scenarios are played on.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PerKind<T> {
    core: T,
    module: T,
    envoy: T,
}

impl<T: Copy> PerKind<T> {
    /// The value for `kind`.
    pub fn of(&self, kind: Kind) -> T {
        match kind {
            Kind::Core => self.core,
            Kind::Module => self.module,
            Kind::Envoy => self.envoy,
        }
    }
}

/// What must become of many requests. All numbers but counts are percent of the requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Population {
    /// The service.
    service: String,
    /// Why; the same for all.
    reason: Reason,
    /// The share of each version. One that is not named serves nobody.
    versions: BTreeMap<String, f64>,
    /// The share of each lane header, as in `a, b`; none: not looked at.
    lanes: Option<BTreeMap<String, f64>>,
    /// The share that has moved from one version to another since the many requests before, as in `v1 -> v2`. Nobody
    /// else may have moved. None: not looked at.
    moved: Option<BTreeMap<String, f64>>,
    /// By how many percentage points a share may differ. A share of 0 or 100 is exact.
    within: PerKind<f64>,
}

/// What was seen of one request among many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    version: String,
    lanes: String,
}

impl Member {
    pub(super) fn of(seen: &Seen) -> Result<Self> {
        let arrival = seen.arrival.as_ref().map(|arrival| (&arrival.place, &arrival.headers));
        let Some((Place::Version { version, .. }, headers)) = arrival else {
            anyhow::bail!("no version has served it, but {:?}", seen.arrival);
        };
        let lanes = headers.get("x-gray-lane").unwrap_or_default().into_owned();
        Ok(Self { version: version.clone(), lanes })
    }
}

impl Population {
    /// What must have been decided about `member`.
    pub(super) fn decided(&self, member: &Member) -> Decided {
        let lane = member.lanes.split(',').next().unwrap_or_default();
        Decided::Forward {
            service: self.service.clone(),
            version: member.version.clone(),
            lane: lane.to_owned(),
            reason: self.reason,
        }
    }

    /// Compares with what was seen of all, and of the same many before.
    pub(super) fn check(&self, kind: Kind, members: &[Member], before: &[Member]) -> Result<()> {
        let within = self.within.of(kind);
        let shares = |of: &dyn Fn(&Member) -> String| Shares::of(members.iter().map(of));
        shares(&|member| member.version.clone()).compare("versions", &self.versions, within)?;
        if let Some(lanes) = &self.lanes {
            shares(&|member| member.lanes.clone()).compare("lanes", lanes, within)?;
        }
        if let Some(moved) = &self.moved {
            ensure!(before.len() == members.len(), "{} requests before, {} now", before.len(), members.len());
            let pairs = before.iter().zip(members).map(|(before, now)| (&before.version, &now.version));
            let moves = pairs.map(|(from, to)| if from == to { String::new() } else { format!("{from} -> {to}") });
            let mut moves = Shares::of(moves);
            moves.counts.remove("");
            moves.compare("moved", moved, within)?;
        }
        Ok(())
    }
}

/// How often each of some texts occurs.
struct Shares {
    counts: BTreeMap<String, u32>,
    all: u32,
}

impl Shares {
    fn of(texts: impl Iterator<Item = String>) -> Self {
        let mut shares = Self { counts: BTreeMap::new(), all: 0 };
        for text in texts {
            *shares.counts.entry(text).or_default() += 1;
            shares.all += 1;
        }
        shares
    }

    fn compare(&self, what: &str, expected: &BTreeMap<String, f64>, within: f64) -> Result<()> {
        let unexpected = self.counts.keys().find(|text| !expected.contains_key(*text));
        ensure!(unexpected.is_none(), "{what}: {:?} of {}, expected {expected:?}", self.counts, self.all);
        for (text, percent) in expected {
            let share = 100.0 * f64::from(self.counts.get(text).copied().unwrap_or(0)) / f64::from(self.all);
            let within = if *percent <= 0.0 || *percent >= 100.0 { 0.0 } else { within };
            let fits = (share - percent).abs() <= within;
            ensure!(fits, "{what}: {text:?} has {share:.2} % of {}, expected {percent} +- {within}", self.all);
        }
        Ok(())
    }
}

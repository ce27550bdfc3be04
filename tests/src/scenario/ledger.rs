//! What the filter's counters must show once all is played: neither less nor more.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Result, ensure};
use graylane_core::Reason;
use graylane_core::metric::{Metric, ResponseClass};

use super::expect::Decided;
use super::runner::Events;

/// The counters that are compared. The others are of latencies, or sampled.
const COMPARED: [&str; 10] = [
    "graylane_decisions_total",
    "graylane_responses_total",
    "graylane_unconfigured_requests_total",
    "graylane_malformed_marks_total",
    "graylane_stripped_marks_total",
    "graylane_uncorrelated_requests_total",
    "graylane_mirrored_requests_total",
    "graylane_mirror_conflicts_total",
    "graylane_mirrors_left_out_total",
    "graylane_overrides_refused_total",
];

/// One statistic: its name and its labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sample {
    /// The name without labels.
    pub family: String,
    /// The labels.
    pub labels: BTreeMap<String, String>,
}

impl Sample {
    /// Reads the name that the filter gives to the proxy: `label=.=value;.;` for each label, then the family.
    #[must_use]
    pub fn of_stat_name(name: &str) -> Self {
        let (labels, family) = name.rsplit_once(";.;").unwrap_or(("", name));
        let labels = labels.split(";.;").filter_map(|label| label.split_once("=.="));
        Self {
            family: family.to_owned(),
            labels: labels.map(|(label, value)| (label.to_owned(), value.to_owned())).collect(),
        }
    }

    /// Reads a line of the Prometheus text format (no label of ours needs escaping): the statistic and its value.
    #[must_use]
    pub fn of_prometheus(line: &str) -> Option<(Self, u64)> {
        let (name, value) = line.rsplit_once(' ')?;
        let (family, labels) = name.split_once('{')?;
        let labels = labels.strip_suffix('}')?.split(',').filter_map(|label| label.split_once('='));
        let labels = labels.map(|(label, value)| (label.to_owned(), value.trim_matches('"').to_owned())).collect();
        Some((Self { family: family.to_owned(), labels }, value.parse().ok()?))
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{:?}", self.family, self.labels)
    }
}

/// What should have been counted.
#[derive(Clone, Debug, Default)]
pub struct Ledger(BTreeMap<Sample, u64>);

impl Ledger {
    /// A request that was decided, with the status of its response.
    pub(super) fn decided(&mut self, decided: &Decided, status: u16) {
        let (service, version, lane, reason) = match decided {
            Decided::Pass => return self.add(&Metric::Unconfigured, 1),
            Decided::Forward { service, version, lane, reason } => (service, version, lane, *reason),
            Decided::Refuse { service, version, lane } => (service, version, lane, Reason::Strict),
        };
        let class = ResponseClass::of_status(status.to_string().as_bytes());
        self.add(&Metric::Decisions { lane, service, version, reason }, 1);
        self.add(&Metric::Responses { service, version, class }, 1);
    }

    /// What was noticed on the way.
    pub(super) fn noticed(&mut self, events: Events) {
        self.add(&Metric::MalformedMarks, events.malformed.into());
        self.add(&Metric::StrippedMarks, events.stripped.into());
        self.add(&Metric::Uncorrelated, events.uncorrelated.into());
        self.add(&Metric::Mirrored, events.mirrored.into());
        self.add(&Metric::MirrorConflicts, events.conflicts.into());
        self.add(&Metric::MirrorsLeftOut, events.left_out.into());
        if let Some(reason) = events.refused_override {
            self.add(&Metric::OverridesRefused { reason }, 1);
        }
    }

    fn add(&mut self, metric: &Metric<'_>, count: u64) {
        if count > 0 {
            *self.0.entry(Sample::of_stat_name(&metric.stat_name())).or_default() += count;
        }
    }

    /// Compares with what was counted.
    ///
    /// # Errors
    /// Every counter that shows something else.
    pub fn compare(&self, counted: &BTreeMap<Sample, u64>) -> Result<()> {
        let compared = counted.iter().filter(|(sample, count)| COMPARED.contains(&&*sample.family) && **count > 0);
        let surplus = compared.filter(|(sample, _)| !self.0.contains_key(*sample));
        let mut wrong: Vec<String> =
            surplus.map(|(sample, count)| format!("{sample} is {count}, expected 0")).collect();
        for (sample, expected) in &self.0 {
            let count = counted.get(sample).copied().unwrap_or(0);
            if count != *expected {
                wrong.push(format!("{sample} is {count}, expected {expected}"));
            }
        }
        ensure!(wrong.is_empty(), "counters: {}", wrong.join("; "));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statistic_reads_the_same_in_both_forms() {
        let metric = Metric::Decisions { lane: "gray", service: "cart", version: "v2", reason: Reason::Rule };
        let line = r#"graylane_decisions_total{lane="gray",service="cart",version="v2",reason="rule"} 3"#;
        assert_eq!(Sample::of_prometheus(line), Some((Sample::of_stat_name(&metric.stat_name()), 3)));
        let bare = Sample::of_prometheus("graylane_malformed_marks_total{} 1");
        assert_eq!(bare, Some((Sample::of_stat_name("graylane_malformed_marks_total"), 1)));
    }

    #[test]
    fn both_less_and_more_than_owed_is_wrong() {
        let pass = |ledger: &mut Ledger| ledger.decided(&Decided::Pass, 200);
        let mut ledger = Ledger::default();
        pass(&mut ledger);
        let sample = Sample::of_stat_name("graylane_unconfigured_requests_total");
        assert!(ledger.compare(&BTreeMap::from([(sample.clone(), 1)])).is_ok());
        assert!(ledger.compare(&BTreeMap::from([(sample.clone(), 2)])).is_err());
        assert!(ledger.compare(&BTreeMap::new()).is_err());
        assert!(Ledger::default().compare(&BTreeMap::from([(sample, 1)])).is_err());
    }
}

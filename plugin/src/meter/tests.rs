use std::collections::BTreeMap;

use graylane_core::metric::Bound::{Infinite, Millis};
use graylane_core::metric::PhaseLabel;

use super::*;

/// Remembers what Envoy would show.
#[derive(Default)]
struct Shown {
    names: Vec<String>,
    values: BTreeMap<String, u64>,
}

impl Sink for Shown {
    fn define(&mut self, metric: &Metric<'_>) -> Option<MetricId> {
        assert!(!self.names.contains(&metric.stat_name()), "{} is defined twice", metric.stat_name());
        self.names.push(metric.stat_name());
        u32::try_from(self.names.len() - 1).ok().map(MetricId)
    }

    fn add(&mut self, id: MetricId, by: u64) {
        assert_ne!(by, 0);
        *self.values.entry(self.names[id.0 as usize].clone()).or_default() += by;
    }

    fn set(&mut self, id: MetricId, value: u64) {
        self.values.insert(self.names[id.0 as usize].clone(), value);
    }
}

impl Shown {
    fn of(&self, metric: Metric<'_>) -> Option<u64> {
        self.values.get(&metric.stat_name()).copied()
    }
}

fn cart() -> (ServiceName, VersionName) {
    ("cart".parse().unwrap(), "v2".parse().unwrap())
}

/// In nanoseconds.
const MILLISECOND: u64 = 1_000_000;

#[test]
fn counts_reach_envoy_when_flushed_and_only_once() {
    let (mut meter, mut shown) = (Meter::new(), Shown::default());
    let (service, version) = cart();
    let place = meter.place(&service, &version, "gray", Reason::Rule);
    meter.decided(place);
    meter.decided(place);
    meter.finished(place.row, ResponseClass::Success, MILLISECOND);
    meter.unconfigured();
    assert_eq!(shown.values.len(), 0);
    for _ in 0..2 {
        meter.flush(&mut shown);
        let decisions = Metric::Decisions { lane: "gray", service: "cart", version: "v2", reason: Reason::Rule };
        assert_eq!(shown.of(decisions), Some(2));
        let responses = Metric::Responses { service: "cart", version: "v2", class: ResponseClass::Success };
        assert_eq!(shown.of(responses), Some(1));
        assert_eq!(shown.of(Metric::Unconfigured), Some(1));
        assert_eq!(shown.of(Metric::HostErrors), None, "what never happened is not shown");
    }
}

#[test]
fn buckets_are_cumulative_and_bounds_belong_to_them() {
    let (mut meter, mut shown) = (Meter::new(), Shown::default());
    let (service, version) = cart();
    let place = meter.place(&service, &version, "base", Reason::NoMatch);
    for took in [0, 5 * MILLISECOND, 5 * MILLISECOND + 1, 20_000 * MILLISECOND] {
        meter.finished(place.row, ResponseClass::Success, took);
    }
    meter.flush(&mut shown);
    let bucket = |bound| shown.of(Metric::DurationBucket { service: "cart", version: "v2", bound });
    assert_eq!([1, 5, 10, 10_000].map(Millis).map(bucket), [Some(1), Some(2), Some(3), Some(3)]);
    assert_eq!(bucket(Infinite), Some(4));
    assert_eq!(shown.of(Metric::DurationCount { service: "cart", version: "v2" }), Some(4));
}

#[test]
fn the_sum_loses_no_fraction_of_a_millisecond() {
    let (mut meter, mut shown) = (Meter::new(), Shown::default());
    let (service, version) = cart();
    let place = meter.place(&service, &version, "base", Reason::NoMatch);
    for _ in 0..10 {
        meter.finished(place.row, ResponseClass::Success, 300_000);
        meter.flush(&mut shown);
    }
    assert_eq!(shown.of(Metric::DurationSum { service: "cart", version: "v2" }), Some(3));
}

#[test]
fn a_later_configuration_counts_where_an_earlier_one_did() {
    let mut meter = Meter::new();
    let (service, version) = cart();
    let first = meter.place(&service, &version, "gray", Reason::Rule);
    let other = meter.place(&service, &version, "gray", Reason::Split);
    assert_ne!(first, other);
    assert_eq!(first.row, other.row);
    assert_eq!(meter.place(&service, &version, "gray", Reason::Rule), first);
}

#[test]
fn a_mismatch_is_counted_beside_its_check() {
    let (mut meter, mut shown) = (Meter::new(), Shown::default());
    let (service, version) = cart();
    let row = meter.place(&service, &version, "gray", Reason::Rule).row;
    meter.steered(row, b"v2");
    meter.steered(row, b"v1");
    meter.flush(&mut shown);
    assert_eq!(shown.of(Metric::SteeringChecks { service: "cart", version: "v2" }), Some(2));
    assert_eq!(shown.of(Metric::SteeringMismatches { service: "cart", version: "v2" }), Some(1));
}

#[test]
fn a_gauge_is_defined_once_and_shows_its_last_value() {
    let (mut meter, mut shown) = (Meter::new(), Shown::default());
    let metric = || Metric::Generation { phase: PhaseLabel::Unknown };
    meter.set(metric(), 7, &mut shown);
    meter.set(metric(), 8, &mut shown);
    assert_eq!(shown.of(metric()), Some(8));
}

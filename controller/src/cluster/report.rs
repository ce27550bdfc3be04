//! What a proxy tells of itself: the generation that it goes by, and requests that it sent elsewhere than decided.

use std::collections::BTreeMap;

use graylane_core::Phase;
use graylane_core::metric::{Metric, PhaseLabel};
use graylane_core::name::VersionName;

use super::Role;
use crate::envoy::stats::{self, Sample};
use crate::plan::Service;

/// What a proxy told last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The oldest generation that a filter of it goes by; `None` while one of its filters reports none.
    pub generation: Option<u64>,
    /// How many compared requests it sent elsewhere, by the plain name of the metric, where it has.
    pub(super) mismatches: BTreeMap<String, u64>,
}

impl Report {
    /// What the text of `/stats/prometheus` of a proxy says.
    #[must_use]
    pub fn read(role: Role, text: &str) -> Self {
        let samples: Vec<Sample> = stats::samples(text).collect();
        let of = |phase: Phase| samples.iter().find(|sample| reports(sample, phase)).and_then(Sample::whole);
        let generation = match role {
            Role::Gateway => of(Phase::Gateway),
            Role::Sidecar => {
                of(Phase::SidecarInbound).and_then(|inbound| Some(inbound.min(of(Phase::SidecarOutbound)?)))
            }
        };
        let mismatch = |sample: &Sample| {
            let count = sample.whole().filter(|count| *count > 0)?;
            Some((mismatched(sample)?, count))
        };
        Self { generation, mismatches: samples.iter().filter_map(mismatch).collect() }
    }

    /// How many requests for `service` that were to go to `version` it sent elsewhere.
    #[must_use]
    pub fn mismatches(&self, service: &Service, version: &VersionName) -> u64 {
        if self.mismatches.is_empty() {
            return 0;
        }
        let (service, version) = (service.full_name().as_str(), version.as_str());
        let name = plain(&Metric::SteeringMismatches { service, version }.stat_name());
        self.mismatches.get(&name).copied().unwrap_or_default()
    }
}

/// The plain name of the sample, if it is a count of requests that went elsewhere.
fn mismatched(sample: &Sample) -> Option<String> {
    let (service, version) = (sample.label("service"), sample.label("version"));
    let metric = Metric::SteeringMismatches { service, version };
    if sample.family == metric.family() {
        return Some(plain(&metric.stat_name()));
    }
    sample.family.ends_with(metric.family()).then(|| sample.family.clone())
}

/// Whether `sample` is the generation of the filter of `phase`.
fn reports(sample: &Sample, phase: Phase) -> bool {
    let label = PhaseLabel::Known(phase);
    let metric = Metric::Generation { phase: label };
    sample.family == metric.family() && sample.label("phase") == label.as_str()
        || sample.family == plain(&metric.stat_name())
}

/// A name as a proxy shows it that was not told to take labels out of names: with everything that a name may not have as
/// `_`.
fn plain(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generation(role: Role, text: &str) -> Option<u64> {
        Report::read(role, text).generation
    }

    #[test]
    fn a_sidecar_goes_by_the_older_of_its_two_filters() {
        let text = "graylane_generation{phase=\"inbound\"} 4\ngraylane_generation{phase=\"outbound\"} 3\n";
        assert_eq!(generation(Role::Sidecar, text), Some(3));
        assert_eq!(generation(Role::Gateway, text), None);
    }

    #[test]
    fn a_filter_that_reports_nothing_has_acknowledged_nothing() {
        assert_eq!(generation(Role::Sidecar, "graylane_generation{phase=\"outbound\"} 3\n"), None);
        assert_eq!(generation(Role::Sidecar, ""), None);
    }

    #[test]
    fn labels_that_stayed_in_the_name_are_understood() {
        let text = "phase___inbound___graylane_generation{} 7\nphase___outbound___graylane_generation{} 8\n";
        assert_eq!(generation(Role::Sidecar, text), Some(7));
    }

    #[test]
    fn requests_that_went_elsewhere_are_counted_for_their_service_and_version_only() {
        let cart = Service::resolve(&"cart".parse().unwrap(), "shop").unwrap();
        for text in [
            "graylane_steering_mismatches_total{service=\"cart.shop\",version=\"v2\"} 5\n",
            "service___cart_shop___version___v2___graylane_steering_mismatches_total{} 5\n",
        ] {
            let report = Report::read(Role::Sidecar, text);
            assert_eq!(report.mismatches(&cart, &"v2".parse().unwrap()), 5, "{text}");
            assert_eq!(report.mismatches(&cart, &"v1".parse().unwrap()), 0);
        }
    }
}

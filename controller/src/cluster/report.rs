//! What a proxy tells of itself: the generation that it goes by.

use graylane_core::Phase;
use graylane_core::metric::{Metric, PhaseLabel};

use super::Role;
use crate::envoy::stats::{self, Sample};

/// The oldest generation that a filter of the proxy goes by, from the text of its `/stats/prometheus`; `None` while one
/// of its filters reports none.
#[must_use]
pub fn generation(role: Role, text: &str) -> Option<u64> {
    let samples: Vec<Sample> = stats::samples(text).collect();
    let of = |phase: Phase| samples.iter().find(|sample| reports(sample, phase)).and_then(Sample::whole);
    match role {
        Role::Gateway => of(Phase::Gateway),
        Role::Sidecar => Some(of(Phase::SidecarInbound)?.min(of(Phase::SidecarOutbound)?)),
    }
}

/// Whether `sample` is the generation of the filter of `phase`. A proxy that was not told to take labels out of names
/// writes them into it, with everything that a name may not have as `_`.
fn reports(sample: &Sample, phase: Phase) -> bool {
    let label = PhaseLabel::Known(phase);
    let metric = Metric::Generation { phase: label };
    let plain: String =
        metric.stat_name().chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    sample.family == metric.family() && sample.label("phase") == label.as_str() || sample.family == plain
}

#[cfg(test)]
mod tests {
    use super::*;

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
}

//! The filter's metrics: names, labels, and the form in which they reach Envoy.
//!
//! Shared by the filter, which writes them, and by the controller, which reads them back. Envoy's custom metrics have no
//! labels, so these stand in the name in Istio's form, `label=.=value;.;`, and are taken out again by a `stats_tags`
//! regular expression per label ([`tag_regex`]). Cardinality is bounded by the configuration: every label value is a
//! configured name or a member of a closed enum.

mod catalogue;
mod label;

use std::fmt::Write as _;

use arrayvec::ArrayVec;

use crate::correlation::Event;
use crate::decision::{OverrideRefusal, Reason};

pub use label::{Bound, ConfigState, PhaseLabel, ResponseClass};

/// The labels that occur, in the order in which they stand in a name.
pub const LABELS: [&str; 8] = ["phase", "lane", "service", "version", "reason", "class", "le", "event"];

/// The `stats_tags` regular expression that turns `label` in a metric's name into a label.
#[must_use]
pub fn tag_regex(label: &str) -> String {
    format!(r"({label}=\.=(.*?);\.;)")
}

/// Upper bounds of the latency buckets, in milliseconds; the last is unbounded.
///
/// They are the defaults of Prometheus' client libraries, with one more above.
pub const DURATION_BOUNDS_MS: [u32; 12] = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/// Whether a metric only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It is set.
    Gauge,
}

/// One metric with its labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric<'a> {
    /// Requests decided.
    Decisions {
        /// The first lane of the request; `base`, or `unknown` where the configuration knows none of its lanes.
        lane: &'a str,
        /// The service.
        service: &'a str,
        /// The version chosen; base's where a strict lane refuses.
        version: &'a str,
        /// Why.
        reason: Reason,
    },
    /// Responses.
    Responses {
        /// The service.
        service: &'a str,
        /// The version chosen.
        version: &'a str,
        /// The class of the status.
        class: ResponseClass,
    },
    /// Requests that took at most `bound`, cumulative as Prometheus' histograms are.
    DurationBucket {
        /// The service.
        service: &'a str,
        /// The version chosen.
        version: &'a str,
        /// The upper bound.
        bound: Bound,
    },
    /// The time that requests took, in milliseconds.
    DurationSum {
        /// The service.
        service: &'a str,
        /// The version chosen.
        version: &'a str,
    },
    /// Requests whose time was taken.
    DurationCount {
        /// The service.
        service: &'a str,
        /// The version chosen.
        version: &'a str,
    },
    /// Requests for hosts that the configuration does not know.
    Unconfigured,
    /// Internal headers that could not be used and were dropped.
    MalformedMarks,
    /// Internal headers that came from outside and were removed.
    StrippedMarks,
    /// Mirrors that said something else than the mark.
    MirrorConflicts,
    /// Mirrors that had no room for the mark.
    MirrorsLeftOut,
    /// Signed overrides that were not honoured.
    OverridesRefused {
        /// Why.
        reason: OverrideRefusal,
    },
    /// Calls of an app without a mark, and without a trace id of which one is remembered.
    Uncorrelated,
    /// Labels of pods that are no lane.
    SelfLaneIgnored,
    /// What happens in the table of requests that are remembered.
    Correlation {
        /// What.
        event: Event,
    },
    /// Requests that are remembered: an estimate.
    Remembered,
    /// Changes of what is remembered under an id.
    Revisions,
    /// Requests whose final cluster was compared with the decision: a sample.
    SteeringChecks {
        /// The service.
        service: &'a str,
        /// The version decided.
        version: &'a str,
    },
    /// Compared requests that Envoy sent to another version than decided.
    SteeringMismatches {
        /// The service.
        service: &'a str,
        /// The version decided.
        version: &'a str,
    },
    /// Copies of requests, made by proxies that mirror.
    Mirrored,
    /// Configurations that were refused.
    ConfigRejected {
        /// Where the filter stands; `unknown` where the configuration could not be read.
        phase: PhaseLabel,
    },
    /// Calls to the proxy that it refused; the request went on without them.
    HostErrors,
    /// The generation in use.
    Generation {
        /// Where the filter stands.
        phase: PhaseLabel,
    },
    /// What is in use, as a [`ConfigState`].
    State {
        /// Where the filter stands.
        phase: PhaseLabel,
    },
    /// The lower 53 bits of the digest in use, which survive a double.
    Digest {
        /// Where the filter stands.
        phase: PhaseLabel,
    },
}

type Labels<'a> = ArrayVec<(&'static str, &'a str), 4>;

impl<'a> Metric<'a> {
    /// The name without labels, as Prometheus shows it.
    #[must_use]
    pub fn family(&self) -> &'static str {
        match self {
            Self::Decisions { .. } => "graylane_decisions_total",
            Self::Responses { .. } => "graylane_responses_total",
            Self::DurationBucket { .. } => "graylane_request_duration_ms_bucket",
            Self::DurationSum { .. } => "graylane_request_duration_ms_sum",
            Self::DurationCount { .. } => "graylane_request_duration_ms_count",
            Self::Unconfigured => "graylane_unconfigured_requests_total",
            Self::MalformedMarks => "graylane_malformed_marks_total",
            Self::StrippedMarks => "graylane_stripped_marks_total",
            Self::MirrorConflicts => "graylane_mirror_conflicts_total",
            Self::MirrorsLeftOut => "graylane_mirrors_left_out_total",
            Self::OverridesRefused { .. } => "graylane_overrides_refused_total",
            Self::Uncorrelated => "graylane_uncorrelated_requests_total",
            Self::SelfLaneIgnored => "graylane_self_lane_ignored_total",
            Self::Correlation { .. } => "graylane_correlation_events_total",
            Self::Remembered => "graylane_correlation_requests",
            Self::Revisions => "graylane_correlation_revisions_total",
            Self::SteeringChecks { .. } => "graylane_steering_checks_total",
            Self::SteeringMismatches { .. } => "graylane_steering_mismatches_total",
            Self::Mirrored => "graylane_mirrored_requests_total",
            Self::ConfigRejected { .. } => "graylane_config_rejected_total",
            Self::HostErrors => "graylane_host_errors_total",
            Self::Generation { .. } => "graylane_generation",
            Self::State { .. } => "graylane_config_state",
            Self::Digest { .. } => "graylane_config_digest",
        }
    }

    /// Whether it only grows.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Generation { .. } | Self::State { .. } | Self::Digest { .. } | Self::Remembered => Kind::Gauge,
            Self::Decisions { .. }
            | Self::Responses { .. }
            | Self::DurationBucket { .. }
            | Self::DurationSum { .. }
            | Self::DurationCount { .. }
            | Self::Unconfigured
            | Self::MalformedMarks
            | Self::StrippedMarks
            | Self::MirrorConflicts
            | Self::MirrorsLeftOut
            | Self::OverridesRefused { .. }
            | Self::Uncorrelated
            | Self::SelfLaneIgnored
            | Self::Correlation { .. }
            | Self::Revisions
            | Self::SteeringChecks { .. }
            | Self::SteeringMismatches { .. }
            | Self::Mirrored
            | Self::ConfigRejected { .. }
            | Self::HostErrors => Kind::Counter,
        }
    }

    /// The name under which it is given to Envoy: labels first, then the family.
    #[must_use]
    pub fn stat_name(&self) -> String {
        let mut name = String::with_capacity(128);
        for (label, value) in self.labels() {
            // Writing to a string can not fail.
            let _ = write!(name, "{label}=.={value};.;");
        }
        if let Self::DurationBucket { bound, .. } = self {
            let _ = write!(name, "le=.={bound};.;");
        }
        name.push_str(self.family());
        name
    }

    fn labels(&self) -> Labels<'a> {
        match *self {
            Self::Decisions { lane, service, version, reason } => {
                Labels::from([("lane", lane), ("service", service), ("version", version), ("reason", reason.as_str())])
            }
            Self::Responses { service, version, class } => {
                [("service", service), ("version", version), ("class", class.as_str())].into_iter().collect()
            }
            Self::DurationBucket { service, version, .. }
            | Self::DurationSum { service, version }
            | Self::DurationCount { service, version }
            | Self::SteeringChecks { service, version }
            | Self::SteeringMismatches { service, version } => {
                [("service", service), ("version", version)].into_iter().collect()
            }
            Self::OverridesRefused { reason } => [("reason", reason.as_str())].into_iter().collect(),
            Self::ConfigRejected { phase }
            | Self::Generation { phase }
            | Self::State { phase }
            | Self::Digest { phase } => [("phase", phase.as_str())].into_iter().collect(),
            Self::Correlation { event } => [("event", event.as_str())].into_iter().collect(),
            Self::Unconfigured
            | Self::MalformedMarks
            | Self::StrippedMarks
            | Self::MirrorConflicts
            | Self::MirrorsLeftOut
            | Self::Uncorrelated
            | Self::SelfLaneIgnored
            | Self::Remembered
            | Self::Revisions
            | Self::Mirrored
            | Self::HostErrors => Labels::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_in_the_name_in_the_form_that_istio_takes_out_again() {
        let metric = Metric::Decisions { lane: "gray", service: "cart.shop", version: "v2", reason: Reason::Rule };
        assert_eq!(
            metric.stat_name(),
            "lane=.=gray;.;service=.=cart.shop;.;version=.=v2;.;reason=.=rule;.;graylane_decisions_total"
        );
        assert_eq!(tag_regex("lane"), r"(lane=\.=(.*?);\.;)");
    }

    #[test]
    fn the_catalogue_names_every_family_once() {
        let catalogue = Metric::catalogue();
        let families: std::collections::BTreeSet<&str> = catalogue.iter().map(Metric::family).collect();
        assert_eq!((families.len(), catalogue.len()), (24, 24));
    }

    #[test]
    fn every_label_that_is_written_is_listed_for_stats_tags() {
        let bucket = Metric::DurationBucket { service: "cart", version: "v1", bound: Bound::Infinite };
        assert_eq!(
            bucket.stat_name(),
            "service=.=cart;.;version=.=v1;.;le=.=+Inf;.;graylane_request_duration_ms_bucket"
        );
        for label in bucket.stat_name().split(";.;").filter_map(|part| part.split_once("=.=")) {
            assert!(LABELS.contains(&label.0), "{label:?}");
        }
    }
}

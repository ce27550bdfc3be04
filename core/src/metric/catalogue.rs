//! The metrics in words, for references.

use super::{Bound, Metric, PhaseLabel, ResponseClass};
use crate::config::Phase;
use crate::correlation::Event;
use crate::decision::{OverrideRefusal, Reason};

impl Metric<'_> {
    /// What it counts or shows, for people.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Decisions { .. } => {
                "Requests decided, by the first lane they are in, the service, the version chosen and why."
            }
            Self::Responses { .. } => {
                "Responses by the version decided and the class of their status; `none` is a reset."
            }
            Self::DurationBucket { .. } => "Requests that took at most `le` milliseconds, cumulative.",
            Self::DurationSum { .. } => {
                "Milliseconds that requests took, from their headers to the end of the response."
            }
            Self::DurationCount { .. } => "Requests whose time was taken.",
            Self::Unconfigured => "Requests for hosts that the configuration does not know; they are left alone.",
            Self::MalformedMarks => "Internal headers that were no mark and were dropped.",
            Self::StrippedMarks => "Internal headers that came from outside and were removed.",
            Self::MirrorConflicts => {
                "Mirrors of a mark (baggage, tracestate) that said something else, and were corrected."
            }
            Self::MirrorsLeftOut => "Mirrors that were not written because the list of others left no room.",
            Self::OverridesRefused { .. } => {
                "Signed overrides that were not honoured, by why not; the request went on without."
            }
            Self::Uncorrelated => {
                "Calls of the app without a mark, and without a trace id of which one is remembered: it drops trace headers."
            }
            Self::SelfLaneIgnored => {
                "Labels of pods that were ignored because no lane is called so; once for each label and proxy."
            }
            Self::Correlation { .. } => {
                "Events of the table of remembered requests: look-ups that hit, miss or are ambiguous, conflicts, evictions."
            }
            Self::Remembered => "Requests that are remembered by their trace id: an estimate.",
            Self::Revisions => {
                "Marks that were replaced, joined by another or forgotten early: what workers have in front of the table is read again."
            }
            Self::SteeringChecks { .. } => "Requests whose final cluster was compared with the decision: a sample.",
            Self::SteeringMismatches { .. } => "Compared requests that the proxy sent to another version than decided.",
            Self::Mirrored => "Copies of requests that a proxy has made to mirror them; they are counted nowhere else.",
            Self::ConfigRejected { .. } => "Configurations that were refused; the last good one stays in use.",
            Self::HostErrors => "Calls that the proxy refused; the request went on without them.",
            Self::Generation { .. } => "The generation in use; its appearance acknowledges it.",
            Self::State { .. } => {
                "What is in use: 0 nothing (requests pass), 1 the newest configuration, 2 the last good one."
            }
            Self::Digest { .. } => "The lower 53 bits of the digest of the configuration in use.",
        }
    }

    /// One metric of every family, with placeholders for labels: what there is to know, for references.
    #[must_use]
    pub fn catalogue() -> Vec<Metric<'static>> {
        let (lane, service, version, phase) = ("gray", "cart", "v2", PhaseLabel::Known(Phase::Gateway));
        vec![
            Metric::Decisions { lane, service, version, reason: Reason::Rule },
            Metric::Responses { service, version, class: ResponseClass::Success },
            Metric::DurationBucket { service, version, bound: Bound::Millis(1) },
            Metric::DurationSum { service, version },
            Metric::DurationCount { service, version },
            Metric::Unconfigured,
            Metric::MalformedMarks,
            Metric::StrippedMarks,
            Metric::MirrorConflicts,
            Metric::MirrorsLeftOut,
            Metric::OverridesRefused { reason: OverrideRefusal::Expired },
            Metric::Uncorrelated,
            Metric::SelfLaneIgnored,
            Metric::Correlation { event: Event::Hit },
            Metric::Remembered,
            Metric::Revisions,
            Metric::SteeringChecks { service, version },
            Metric::SteeringMismatches { service, version },
            Metric::Mirrored,
            Metric::ConfigRejected { phase },
            Metric::HostErrors,
            Metric::Generation { phase },
            Metric::State { phase },
            Metric::Digest { phase },
        ]
    }
}

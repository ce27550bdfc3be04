//! A decision told step by step.

use std::fmt;

use serde::Serialize;

use crate::decision::OverrideRefusal;
use crate::mark::MalformedMark;
use crate::problem::Quoted;

/// What others have sent, with `?` for everything but visible ASCII and spaces.
#[must_use]
pub fn ascii(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '?' }).collect()
}

/// One step of a decision, in the order in which it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "step")]
pub enum Step {
    /// The service that the request is addressed to.
    Service {
        /// Its name.
        service: String,
    },
    /// The configuration does not know what the request is addressed to.
    NoService {
        /// The host as it was sent, in [`ascii`].
        host: String,
    },
    /// The request is a copy that a proxy has made: nothing is decided about it.
    Mirrored,
    /// An internal header of a caller that may not set it was removed.
    Stripped {
        /// The header.
        header: String,
    },
    /// An internal header could not be used and was dropped.
    Malformed {
        /// The header.
        header: String,
        /// What is wrong with it.
        why: MalformedMark,
    },
    /// The request carried this mark.
    Mark {
        /// The lanes as they were carried; `base` for none.
        lanes: String,
        /// The header that carried them; absent: the lane header.
        from: Option<String>,
    },
    /// A list said something else than the mark.
    Conflict {
        /// The header.
        header: String,
    },
    /// A signed override chose.
    Override {
        /// The lanes; `base` for none.
        lanes: String,
        /// The key that signed it.
        key: String,
    },
    /// A signed override was not honoured.
    OverrideRefused {
        /// Why not.
        why: OverrideRefusal,
    },
    /// The request had lost its mark, which is this one.
    Recalled {
        /// The lanes as they are carried; `base` for none.
        lanes: String,
    },
    /// The request has no mark, and its trace id is that of requests with different ones.
    Ambiguous,
    /// The request has no mark, and nothing is remembered of it.
    Uncorrelated,
    /// The request has no mark, and was begun by a workload of this lane.
    Begun {
        /// The lane; `base` for none.
        lane: String,
    },
    /// The rule that decided for its set.
    Rule {
        /// The set.
        set: String,
        /// The rule.
        rule: String,
        /// The lane it puts the request in; absent where a split chose.
        lane: Option<String>,
    },
    /// No rule of this set matched.
    NoRule {
        /// The set.
        set: String,
    },
    /// A split chose.
    Split {
        /// The split.
        split: String,
        /// What it went by.
        by: SplitKey,
        /// The slot, 0 to 9,999; absent where the split leaves requests without identity on base.
        slot: Option<u16>,
        /// The lane it puts the request in.
        lane: String,
    },
    /// The service's own split chose.
    ServiceSplit {
        /// The slot, 0 to 9,999.
        slot: u16,
        /// The version.
        version: String,
    },
    /// A lane has no ready version of this service.
    Skipped {
        /// The lane.
        lane: String,
        /// Why not.
        why: Skipped,
    },
    /// The version that serves the request.
    Version {
        /// The version.
        version: String,
        /// The lane that chose it; absent: base or a split of the service.
        lane: Option<String>,
        /// The reason as it is counted.
        reason: crate::Reason,
    },
    /// A strict lane refused.
    Refused {
        /// The lane.
        lane: String,
    },
}

/// Why a lane was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Skipped {
    /// The service has no version for it.
    Missing,
    /// The version has no ready endpoints.
    Unready,
    /// The configuration does not know the lane.
    Unknown,
}

/// What a split went by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SplitKey {
    /// An identity that the request has.
    Identity,
    /// A sticky cookie that the caller sent.
    Cookie,
    /// A sticky cookie that is being given out.
    NewCookie,
    /// The low-discrepancy sequence.
    Sequence,
    /// Nothing: the request has no identity.
    Nothing,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { service } => write!(f, "service {service}"),
            Self::NoService { host } => write!(f, "host {} is not configured", Quoted(host)),
            Self::Mirrored => f.write_str("a copy, made to mirror a request"),
            Self::Stripped { header } => write!(f, "{header} from outside removed"),
            Self::Malformed { header, why } => write!(f, "{header} dropped: {why}"),
            Self::Mark { lanes, from: None } => write!(f, "mark {lanes}"),
            Self::Mark { lanes, from: Some(header) } => write!(f, "mark {lanes} from {header}"),
            Self::Conflict { header } => write!(f, "{header} says otherwise: corrected"),
            Self::Override { lanes, key } => write!(f, "override signed by {key} -> {lanes}"),
            Self::OverrideRefused { why } => write!(f, "override ignored: {why}"),
            Self::Recalled { lanes } => write!(f, "mark {lanes} recalled by trace id"),
            Self::Ambiguous => f.write_str("trace id of different marks"),
            Self::Uncorrelated => f.write_str("no mark recalled"),
            Self::Begun { lane } => write!(f, "begun by a workload of {lane}"),
            Self::Rule { set, rule, lane: Some(lane) } => write!(f, "rule {set}/{rule} -> {lane}"),
            Self::Rule { set, rule, lane: None } => write!(f, "rule {set}/{rule}"),
            Self::NoRule { set } => write!(f, "no rule of {set} matches"),
            Self::Split { split, by, slot: Some(slot), lane } => {
                write!(f, "split {split} by {by}: slot {slot} -> {lane}")
            }
            Self::Split { split, by, slot: None, lane } => write!(f, "split {split} by {by} -> {lane}"),
            Self::ServiceSplit { slot, version } => write!(f, "split of the service: slot {slot} -> {version}"),
            Self::Skipped { lane, why } => write!(f, "{lane} {why}"),
            Self::Version { version, lane: Some(lane), reason } => write!(f, "{version} of {lane} ({reason})"),
            Self::Version { version, lane: None, reason } => write!(f, "{version} ({reason})"),
            Self::Refused { lane } => write!(f, "refused: {lane} is strict"),
        }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "has no version here",
            Self::Unready => "has no ready version here",
            Self::Unknown => "is not configured",
        })
    }
}

impl fmt::Display for SplitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity",
            Self::Cookie => "cookie",
            Self::NewCookie => "new cookie",
            Self::Sequence => "sequence",
            Self::Nothing => "nothing",
        })
    }
}

/// Where steps go while deciding: nowhere, at no cost, unless somebody asked.
pub(crate) enum Trace<'t> {
    /// Nobody asked.
    Off,
    /// The caller may ask; until that is granted, nothing is told.
    Asked(&'t mut Vec<Step>),
    /// Every step is told.
    On(&'t mut Vec<Step>),
}

impl Trace<'_> {
    /// What follows is told, if anybody listens.
    pub(crate) fn grant(&mut self) {
        *self = match std::mem::replace(self, Self::Off) {
            Self::Off => Self::Off,
            Self::Asked(steps) | Self::On(steps) => Self::On(steps),
        };
    }

    /// Whether steps are told now.
    pub(crate) fn is_on(&self) -> bool {
        matches!(self, Self::On(_))
    }

    /// What was told too early, when nobody had been granted an explanation.
    #[cold]
    pub(crate) fn belated(&mut self, step: Step) {
        if let Self::On(steps) = self {
            steps.insert(0, step);
        }
    }

    pub(crate) fn step(&mut self, step: impl FnOnce() -> Step) {
        if let Self::On(steps) = self {
            tell(steps, step);
        }
    }
}

/// Kept out of the decision's own code, which so stays short: hardly ever is anybody told anything.
#[cold]
#[inline(never)]
fn tell(steps: &mut Vec<Step>, step: impl FnOnce() -> Step) {
    steps.push(step());
}

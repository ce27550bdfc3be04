//! What is decided about one request, as data for whoever carries it out.

use std::fmt;

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

use crate::config::StickyCookie;
use crate::correlation::Ticket;
use crate::hash::IdentityHash;
use crate::name::{HeaderName, VersionName};
use crate::request::OpaqueId;
use crate::router::{LaneId, ServiceId, VersionId};
use crate::trace_id::TraceId;

/// The decision on one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<'r> {
    /// What becomes of the request.
    pub outcome: Outcome,
    /// The service it is for; `None` where the configuration does not know it, and in front of an app.
    pub target: Option<Target>,
    /// The version that serves it; `None` without target and where a strict lane refuses.
    pub version: Option<&'r VersionName>,
    /// The lane it is counted under: the first it is in.
    pub lane: LaneLabel,
    /// The lanes it is in that the configuration knows, in order of precedence.
    pub lanes: ArrayVec<LaneId, { crate::MAX_LANES }>,
    /// The identity that it carries on.
    pub identity: Option<IdentityHash>,
    /// Why.
    pub reason: Reason,
    /// The changes to its headers, to be applied in order; empty: touch nothing.
    pub edits: Edits<'r>,
    /// The cookie to be given out with the response.
    pub cookie: Option<SetCookie<'r>>,
    /// Whether the caller asked for an explanation and may have it.
    pub explain: bool,
    /// Where the request is remembered until it ends, in front of an app.
    pub ticket: Option<Ticket>,
    /// The trace id under which its way is told to whoever is in front of the app, behind it.
    pub way: Option<TraceId>,
    /// What was noticed on the way, to be counted.
    pub events: Events,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Its version is not chosen here, and it is not counted by service.
    Pass,
    /// It goes on, steered.
    Forward,
    /// It is answered with 503 and the reason header: a strict lane has no ready version here.
    Refuse,
}

/// The service and version that a request is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target {
    /// The service.
    pub service: ServiceId,
    /// The version chosen; base's where a strict lane refuses.
    pub version: VersionId,
}

/// The lane that a request is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LaneLabel {
    /// No lane.
    Base,
    /// A lane of the configuration.
    Lane(LaneId),
    /// Lanes were carried, none of which the configuration knows.
    Unknown,
}

macro_rules! closed_labels {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $label:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $label)] $variant),+ }

        impl $name {
            /// Every variant.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The label in metrics, headers and explanations.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use closed_labels;

closed_labels!(
    /// Why a request goes where it goes. The last step counts: a fallback, wherever the lane came from.
    Reason {
        /// The service is not in the configuration, or the filter does not route where it stands.
        Unconfigured = "unconfigured",
        /// No rule matched here, so it stays on base.
        NoMatch = "no_match",
        /// A rule put it in its lane here.
        Rule = "rule",
        /// A split chose here, base included.
        Split = "split",
        /// A signed override put it in its lane here.
        Override = "override",
        /// It came with a mark, base included.
        Propagated = "propagated",
        /// It came without a mark, and its trace id is that of a request which had one, base included.
        Correlated = "correlated",
        /// It came without a mark, and its trace id is that of requests with different marks: base.
        Ambiguous = "ambiguous",
        /// It came without a mark, nothing is remembered of it, and no rule matched or none may decide: base.
        Uncorrelated = "uncorrelated",
        /// It came without a mark, nothing is remembered of it, and the workload that began it has a lane, or base.
        SelfLane = "self_lane",
        /// It came with lanes of which none is known.
        UnknownLane = "unknown_lane",
        /// The service's own split chose.
        ServiceSplit = "service_split",
        /// Its lane has no ready version here; a lane of the fallback chain has.
        FallbackLane = "fallback_lane",
        /// Neither its lane nor the fallback chain has a version here: base.
        FallbackMissing = "fallback_missing",
        /// Its lane or the fallback chain has a version here, which is not ready: base.
        FallbackUnready = "fallback_unready",
        /// A strict lane has no ready version here: refused.
        Strict = "strict",
    }
);

closed_labels!(
    /// Why a signed override is not honoured.
    OverrideRefusal {
        /// It is no override, or the request has several.
        Malformed = "malformed",
        /// No key here has the name that it says.
        UnknownKey = "unknown_key",
        /// It was not signed by the key that it says, or changed since.
        Tampered = "tampered",
        /// It is meant for somebody else.
        Audience = "audience",
        /// It has ended.
        Expired = "expired",
        /// It would be good for longer than is allowed.
        TooLong = "too_long",
        /// None of its lanes is known.
        UnknownLane = "unknown_lane",
    }
);

/// The changes to a request's headers.
pub type Edits<'r> = Vec<HeaderEdit<'r>>;

/// One change to the request's headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderEdit<'r> {
    /// Replaces every field of this name by one.
    Set(&'r HeaderName, HeaderText<'r>),
    /// Removes every field of this name.
    Remove(&'r HeaderName),
}

/// The value of a header to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderText<'r> {
    /// Text that the router holds.
    Static(&'r str),
    /// The hash of an identity.
    Identity(IdentityHash),
    /// Text made for this request.
    Made(String),
    /// A list whose members are partly the sender's, and may be any bytes.
    List(Vec<u8>),
}

impl HeaderText<'_> {
    /// The value.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Static(text) => text.as_bytes(),
            Self::Identity(hash) => hash.as_str().as_bytes(),
            Self::Made(text) => text.as_bytes(),
            Self::List(list) => list,
        }
    }
}

/// A sticky cookie to be given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCookie<'r> {
    /// The cookie's name and attributes.
    pub cookie: &'r StickyCookie,
    /// The id that the caller is given.
    pub id: OpaqueId,
}

impl fmt::Display for SetCookie<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cookie.set_cookie(&self.id.to_string()))
    }
}

/// What was noticed while deciding, to be counted. Each is at most one per request and header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Events {
    /// Internal headers that could not be used.
    pub malformed_marks: u8,
    /// Internal headers of a caller that may not set them.
    pub stripped_marks: u8,
    /// Calls behind an app without a mark, and without a trace id of which one is remembered.
    pub uncorrelated: u8,
    /// Whether it is a copy that a proxy has made of a request.
    pub mirrored: u8,
    /// Mirrors that said something else than the mark.
    pub conflicts: u8,
    /// Mirrors that had no room for the mark.
    pub left_out: u8,
    /// A signed override that was not honoured.
    pub refused_override: Option<OverrideRefusal>,
}

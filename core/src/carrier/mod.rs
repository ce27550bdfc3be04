//! Carriers of a mark besides its headers: members of lists that apps with OpenTelemetry hand on by themselves.
//!
//! A carrier reads what its members say, and writes a list with its own members changed and all others byte by byte as
//! they were, in their order. It knows no router and no lane; what the mark is when carriers disagree is not its business.

mod baggage;
mod list;
mod tracestate;

use std::borrow::Cow;

use crate::config::{BaggageMembers, HeaderCarrier};
use crate::hash::IdentityHash;
use crate::mark::{self, LaneList, MalformedMark};
use crate::name::{HeaderName, TraceStateKey};

/// The header of W3C Baggage.
pub(crate) const BAGGAGE: &str = "baggage";
/// The headers of W3C Trace Context; the second means nothing without the first.
pub(crate) const TRACEPARENT: &str = "traceparent";
pub(crate) const TRACESTATE: &str = "tracestate";

/// The carriers that a router uses.
#[derive(Debug)]
pub(crate) struct Carriers {
    pub(crate) headers: HeaderCarrier,
    /// In the order in which they are asked.
    pub(crate) mirrors: Vec<Mirror>,
    pub(crate) aliases: Vec<HeaderName>,
}

/// A list of which some members mirror the mark.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(crate) header: HeaderName,
    pub(crate) format: Format,
}

/// How members of ours are told from others, and what they look like.
#[derive(Debug)]
pub(crate) enum Format {
    Baggage(BaggageMembers),
    TraceState(TraceStateKey),
}

/// What the members of one list say; `None`: nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    /// The lanes as a lane header has them.
    pub(crate) lanes: Option<Result<Cow<'a, [u8]>, MalformedMark>>,
    pub(crate) identity: Option<Result<IdentityHash, MalformedMark>>,
}

/// How what a list says stands to the mark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Stance {
    /// It says nothing.
    #[default]
    Silent,
    /// It says the same.
    Same,
    /// It says part of it, and nothing else.
    Part,
    /// It says something else.
    Other,
    /// What it says means nothing.
    Nonsense,
}

impl Stance {
    /// Whether it would mislead whoever reads it.
    pub(crate) fn misleads(self) -> bool {
        match self {
            Self::Other | Self::Nonsense => true,
            Self::Silent | Self::Same | Self::Part => false,
        }
    }
}

impl Format {
    pub(crate) fn read<'a>(&self, members: impl Iterator<Item = &'a [u8]>) -> Said<'a> {
        match self {
            Self::Baggage(keys) => baggage::read(keys, members),
            Self::TraceState(key) => tracestate::read(key, members),
        }
    }

    /// The list without members of ours.
    pub(crate) fn without<'a>(&self, members: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
        list::joined(members.filter(|member| !self.owns(member)))
    }

    /// The list with the mark in it; `None` if there is no room for it.
    pub(crate) fn with<'a>(
        &self,
        members: impl Iterator<Item = &'a [u8]>,
        lanes: &LaneList<'_>,
        identity: Option<IdentityHash>,
    ) -> Option<Vec<u8>> {
        match self {
            Self::Baggage(keys) => baggage::with(keys, members, lanes, identity),
            Self::TraceState(key) => tracestate::with(key, members, lanes, identity),
        }
    }

    pub(crate) fn owns(&self, member: &[u8]) -> bool {
        let key = list::key(member);
        match self {
            Self::Baggage(keys) => [&keys.lane, &keys.identity].iter().any(|own| own.as_str().as_bytes() == key),
            Self::TraceState(own) => own.as_str().as_bytes() == key,
        }
    }
}

impl Said<'_> {
    pub(crate) fn stance(&self, lanes: Option<&LaneList<'_>>, identity: Option<IdentityHash>) -> Stance {
        let said = match (&self.lanes, &self.identity) {
            (None, None) => return Stance::Silent,
            (Some(Err(_)), _) | (_, Some(Err(_))) => return Stance::Nonsense,
            (lanes, identity) => (lanes.as_ref(), identity.as_ref().and_then(|identity| identity.as_ref().ok())),
        };
        let said_lanes = said.0.and_then(|text| mark::decode_lanes(text.as_ref().ok()?).ok());
        let other =
            said_lanes.is_some() && said_lanes.as_ref() != lanes || said.1.is_some() && said.1 != identity.as_ref();
        if other {
            Stance::Other
        } else if said_lanes.as_ref() == lanes && said.1 == identity.as_ref() {
            Stance::Same
        } else {
            Stance::Part
        }
    }
}

#[cfg(test)]
mod tests;

//! An entry of a set: a mark under an id, and how many requests with it are under way.
//!
//! ```text
//! id 8 | lanes 4 | identity 4 | seen 4 | under way 2 | flags 1 | 0
//! ```
//!
//! Numbers are little-endian.

use crate::correlation::Question;
use crate::hash::IdentityHash;

/// Bytes of an entry.
pub(super) const ENTRY: usize = 24;

/// By how many seconds the worker that has written may be ahead of the one that reads: both go by their last ticks.
const AHEAD: u32 = 2;

const MARKED: u8 = 1;
const IDENTITY: u8 = 2;
const EXPLAIN: u8 = 4;

/// A mark in few bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    lanes: u32,
    identity: u32,
    flags: u8,
}

impl Mark {
    /// `lanes` is the name of the list of lanes, zero for base; `None` where the request had no mark.
    pub(super) fn new(lanes: Option<u32>, identity: Option<IdentityHash>, question: Question) -> Self {
        let explain = if question == Question::Explain { EXPLAIN } else { 0 };
        Self {
            lanes: lanes.unwrap_or_default(),
            identity: identity.map(IdentityHash::bits).unwrap_or_default(),
            flags: lanes.map_or(0, |_| MARKED) | identity.map_or(0, |_| IDENTITY) | explain,
        }
    }

    pub(super) fn lanes(self) -> Option<u32> {
        (self.flags & MARKED != 0).then_some(self.lanes)
    }

    pub(super) fn identity(self) -> Option<IdentityHash> {
        (self.flags & IDENTITY != 0).then(|| IdentityHash::from_bits(self.identity))
    }

    pub(super) fn question(self) -> Question {
        if self.flags & EXPLAIN != 0 { Question::Explain } else { Question::None }
    }

    /// Whether it leads to the same versions.
    pub(super) fn agrees(self, other: Self) -> bool {
        let versions = |mark: Self| (mark.lanes, mark.identity, mark.flags & !EXPLAIN);
        versions(self) == versions(other)
    }
}

/// A mark under an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Zero: vacant.
    pub(super) id: u64,
    pub(super) mark: Mark,
    /// When a request with it was last known to be under way, in seconds since the Unix epoch.
    pub(super) seen: u32,
    /// Requests under way.
    pub(super) open: u16,
}

/// When something is done to a set, and how long what is written then counts; in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    pub(super) now: u32,
    pub(super) ttl: u32,
}

/// An entry as it lies in a value.
pub(super) type Place = [[u8; 4]; ENTRY / 4];

/// An entry without a request.
pub(super) const VACANT: Place = [[0; 4]; ENTRY / 4];

impl Entry {
    /// Seconds since it was seen, and [`AHEAD`].
    fn age(&self, now: u32) -> u32 {
        now.wrapping_add(AHEAD).wrapping_sub(self.seen)
    }

    pub(super) fn is_live(&self, time: Time) -> bool {
        self.id != 0 && self.age(time.now) < time.ttl + AHEAD
    }

    /// Whether it is live for half of its time to come, as all are that are under way.
    pub(super) fn is_fresh(&self, time: Time) -> bool {
        self.age(time.now) < time.ttl / 2
    }

    pub(super) fn is_open(&self, time: Time) -> bool {
        self.open > 0 && self.is_live(time)
    }

    pub(super) fn decode(place: &Place) -> Self {
        let [lower, upper, lanes, identity, seen, [open, more, flags, _]] = *place;
        let [lanes, identity, seen] = [lanes, identity, seen].map(u32::from_le_bytes);
        let (id, open) = (wide(lower, upper), u16::from_le_bytes([open, more]));
        Self { id, mark: Mark { lanes, identity, flags }, seen, open }
    }

    pub(super) fn encode(&self) -> Place {
        let Self { id, mark: Mark { lanes, identity, flags }, seen, open } = *self;
        let ([a, b, c, d, rest @ ..], [open, more]) = (id.to_le_bytes(), open.to_le_bytes());
        let [lanes, identity, seen] = [lanes, identity, seen].map(u32::to_le_bytes);
        [[a, b, c, d], rest, lanes, identity, seen, [open, more, flags, 0]]
    }
}

fn wide(lower: [u8; 4], upper: [u8; 4]) -> u64 {
    u64::from(u32::from_le_bytes(lower)) | u64::from(u32::from_le_bytes(upper)) << 32
}

/// Whether an entry has this id.
pub(super) fn is_of([lower, upper, ..]: &Place, id: u64) -> bool {
    wide(*lower, *upper) == id
}

/// Whether an entry has this id and this mark.
pub(super) fn is_own(place: &Place, id: u64, mark: Mark) -> bool {
    is_of(place, id) && Entry::decode(place).mark.agrees(mark)
}

/// Whether an entry has this id and another mark.
pub(super) fn is_other(place: &Place, id: u64, mark: Mark) -> bool {
    is_of(place, id) && !Entry::decode(place).mark.agrees(mark)
}

//! A set: the entries that share one value of the store, packed.
//!
//! ```text
//! checksum: 8 | 8 times: id 8 | lanes 4 | identity 4 | seen 4 | under way 2 | flags 1 | 0
//! ```
//!
//! Numbers are little-endian. The checksum begins with the number of this format, so that what another version or another
//! filter has written counts as empty.

use std::array;

use super::Question;
use crate::hash::IdentityHash;

/// The number of this format, where checksums begin.
const FORMAT: u64 = 0x6772_6179_6c61_6e03;
/// Entries in a set.
pub(super) const WAYS: usize = 8;
const CHECKSUM: usize = 8;
const ENTRY: usize = 24;
/// Bytes of a set.
pub(super) const SIZE: usize = CHECKSUM + WAYS * ENTRY;

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
    fn agrees(self, other: Self) -> bool {
        let versions = |mark: Self| (mark.lanes, mark.identity, mark.flags & !EXPLAIN);
        versions(self) == versions(other)
    }
}

/// A mark under an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    /// Zero: vacant.
    id: u64,
    mark: Mark,
    /// When a request with it was last known to be under way, in seconds since the Unix epoch.
    seen: u32,
    /// Requests under way.
    open: u16,
}

/// When something is done to a set, and how long what is written then counts; in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    pub(super) now: u32,
    pub(super) ttl: u32,
}

/// What a set knows of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Several,
    One(Mark),
}

/// What came of opening a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Opened {
    /// Others that are still remembered had to make room.
    pub(super) evicted: bool,
    /// Another request with the same id and a different mark is under way.
    pub(super) conflict: bool,
}

/// The entries of one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set([Entry; WAYS]);

impl Entry {
    const VACANT: Self = Self { id: 0, mark: Mark { lanes: 0, identity: 0, flags: 0 }, seen: 0, open: 0 };

    /// Seconds since it was seen, and [`AHEAD`].
    fn age(&self, now: u32) -> u32 {
        now.wrapping_add(AHEAD).wrapping_sub(self.seen)
    }

    fn is_live(&self, time: Time) -> bool {
        self.id != 0 && self.age(time.now) < time.ttl + AHEAD
    }

    fn is_open(&self, time: Time) -> bool {
        self.open > 0 && self.is_live(time)
    }
}

impl Set {
    pub(super) const EMPTY: Self = Self([Entry::VACANT; WAYS]);

    /// Remembers a request that begins.
    pub(super) fn open(&mut self, id: u64, mark: Mark, time: Time) -> Opened {
        let (mut alike, mut conflict) = (false, false);
        for entry in self.0.iter().filter(|entry| entry.id == id && entry.is_open(time)) {
            let seen = if entry.mark.agrees(mark) { &mut alike } else { &mut conflict };
            *seen = true;
        }
        if !(alike || conflict) {
            // What was remembered of this id is over.
            let others = self.0.iter_mut().filter(|entry| entry.id == id && !entry.mark.agrees(mark));
            others.for_each(|entry| *entry = Entry::VACANT);
        }
        Opened { evicted: self.put(id, mark, time), conflict }
    }

    /// Remembers a request that is still under way for as long again, and puts it back if it was forgotten.
    pub(super) fn keep(&mut self, id: u64, mark: Mark, time: Time) {
        self.close(id, mark);
        self.put(id, mark, time);
    }

    /// Remembers that a request has ended; says whether that changes anything.
    pub(super) fn close(&mut self, id: u64, mark: Mark) -> bool {
        // As many as can be counted are not counted any more: the entry expires.
        let mut own = self.0.iter_mut().filter(|entry| entry.id == id && entry.mark.agrees(mark));
        let open = own.find(|entry| (1..u16::MAX).contains(&entry.open));
        open.map(|entry| entry.open -= 1).is_some()
    }

    /// What an id stands for: the marks of its requests under way, or of all if none is.
    pub(super) fn find(&self, id: u64, time: Time) -> Found {
        let (mut found, mut is_open) = (Found::Nothing, false);
        for entry in self.0.iter().filter(|entry| entry.id == id && entry.is_live(time)) {
            let counts = entry.is_open(time);
            if found == Found::Nothing || counts && !is_open {
                (found, is_open) = (Found::One(entry.mark), counts);
            } else if counts == is_open {
                found = Found::Several;
            }
        }
        found
    }

    /// How many entries count.
    pub(super) fn live(&self, time: Time) -> usize {
        self.0.iter().filter(|entry| entry.is_live(time)).count()
    }

    /// Puts a request in the entry of its id and mark, or in another's place; says whether that one still counted.
    fn put(&mut self, id: u64, mark: Mark, time: Time) -> bool {
        // Its own first, then the vacant and expired, then those that have ended, then the oldest.
        let rank = |entry: &Entry| {
            let own = entry.id == id && entry.mark.agrees(mark);
            (!own, entry.is_live(time), entry.is_open(time), entry.seen)
        };
        let Some(entry) = self.0.iter_mut().min_by_key(|entry| rank(entry)) else { return false };
        let (own, live) = (entry.id == id && entry.mark.agrees(mark), entry.is_live(time));
        if !(own && live) {
            *entry = Entry { id, ..Entry::VACANT };
        }
        if entry.open == 0 || mark.question() == Question::Explain {
            entry.mark = mark;
        }
        entry.seen = time.now;
        entry.open = entry.open.saturating_add(1);
        live && !own
    }

    /// Reads what [`encode`](Self::encode) has written; nothing else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (checksum, entries) = bytes.split_first_chunk::<CHECKSUM>()?;
        let sound = entries.len() == SIZE - CHECKSUM && checksum_of(entries) == u64::from_le_bytes(*checksum);
        let mut places = sound.then(|| entries.chunks_exact(ENTRY))?;
        Some(Self(array::from_fn(|_| places.next().and_then(Entry::decode).unwrap_or(Entry::VACANT))))
    }

    pub(super) fn encode(&self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        if let Some((checksum, entries)) = bytes.split_first_chunk_mut::<CHECKSUM>() {
            for (place, entry) in entries.chunks_exact_mut(ENTRY).zip(&self.0) {
                place.copy_from_slice(&entry.encode());
            }
            *checksum = checksum_of(entries).to_le_bytes();
        }
        bytes
    }
}

/// Any change of one word changes it, and nearly any other change. Whoever wants to forge entries can: other filters of
/// the proxy are not enemies, but may be careless.
fn checksum_of(entries: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let words = entries.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    words.fold(FORMAT, |sum, word| (sum ^ word).wrapping_mul(ODD).rotate_left(29))
}

impl Entry {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let ([lower, upper, lanes, identity, seen, state], []) = bytes.as_chunks() else { return None };
        let words = [lower, upper, lanes, identity, seen];
        let [lower, upper, lanes, identity, seen] = words.map(|word| u32::from_le_bytes(*word));
        let [open, more, flags, _] = *state;
        Some(Self {
            id: u64::from(lower) | u64::from(upper) << 32,
            mark: Mark { lanes, identity, flags },
            seen,
            open: u16::from_le_bytes([open, more]),
        })
    }

    fn encode(&self) -> [u8; ENTRY] {
        let Self { id, mark: Mark { lanes, identity, flags }, seen, open } = *self;
        let state = u32::from(open) | u32::from(flags) << 16;
        let pair = |first: u32, second: u32| u64::from(first) | u64::from(second) << 32;
        let mut bytes = [0; ENTRY];
        for (place, number) in bytes.as_chunks_mut().0.iter_mut().zip([id, pair(lanes, identity), pair(seen, state)]) {
            *place = number.to_le_bytes();
        }
        bytes
    }
}

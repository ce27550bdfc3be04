//! A set: the entries that share one value of the store, packed.
//!
//! ```text
//! checksum: 8 | 8 times: id 8 | lanes 4 | identity 4 | expires 4 | open 2 | flags 1 | 0
//! ```
//!
//! Numbers are little-endian. The checksum is salted with the number of this format, so that what another version or
//! another filter has written counts as empty.

use std::array;

use super::Question;
use crate::hash;

const FORMAT: &str = "graylane.correlation/1";
/// Entries in a set.
pub(super) const WAYS: usize = 8;
const CHECKSUM: usize = 8;
const ENTRY: usize = 24;
/// Bytes of a set.
pub(super) const SIZE: usize = CHECKSUM + WAYS * ENTRY;

/// How far ahead an entry's end may be: more is another clock's.
const FARTHEST: u32 = crate::config::Correlation::LONGEST_TTL as u32 + 60;

const MARKED: u8 = 1;
const IDENTITY: u8 = 2;
const EXPLAIN: u8 = 4;

/// A mark in few bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    /// The name of the list of lanes, zero for base; `None` where the request had no mark.
    pub(super) lanes: Option<u32>,
    pub(super) identity: Option<u32>,
    pub(super) question: Question,
}

impl Mark {
    /// Whether it leads to the same versions.
    fn agrees(self, other: Self) -> bool {
        (self.lanes, self.identity) == (other.lanes, other.identity)
    }
}

/// A mark under an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Entry {
    /// Zero: vacant.
    id: u64,
    mark: Mark,
    /// Seconds since the Unix epoch.
    expires: u32,
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Set([Entry; WAYS]);

impl Entry {
    fn is_live(&self, now: u32) -> bool {
        self.id != 0 && (1..=FARTHEST).contains(&self.expires.wrapping_sub(now))
    }

    fn is_open(&self, now: u32) -> bool {
        self.open > 0 && self.is_live(now)
    }
}

impl Set {
    /// Remembers a request that begins.
    pub(super) fn open(&mut self, id: u64, mark: Mark, time: Time) -> Opened {
        let now = time.now;
        let others = |entry: &Entry| entry.id == id && !entry.mark.agrees(mark);
        let conflict = self.0.iter().any(|entry| others(entry) && entry.is_open(now));
        let under_way = self.0.iter().any(|entry| entry.id == id && entry.is_open(now));
        if !under_way {
            // What was remembered of this id is over.
            self.0.iter_mut().filter(|entry| others(entry)).for_each(|entry| *entry = Entry::default());
        }
        let expires = now.saturating_add(time.ttl);
        if let Some(known) = self.0.iter_mut().find(|entry| entry.id == id && entry.mark.agrees(mark)) {
            let (open, question) =
                if known.is_open(now) { (known.open, known.mark.question) } else { Default::default() };
            let question = if question == Question::Explain { question } else { mark.question };
            *known = Entry { id, mark: Mark { question, ..mark }, expires, open: open.saturating_add(1) };
            return Opened { evicted: false, conflict };
        }
        // The vacant and expired first, then those that have ended, then the oldest.
        let rank = |entry: &Entry| (entry.is_live(now), entry.is_open(now), entry.expires);
        let evicted = self.0.iter_mut().min_by_key(|entry| rank(entry)).is_some_and(|victim| {
            let evicted = victim.is_live(now);
            *victim = Entry { id, mark, expires, open: 1 };
            evicted
        });
        Opened { evicted, conflict }
    }

    /// Remembers that a request has ended; says whether that changes anything.
    pub(super) fn close(&mut self, id: u64, mark: Mark) -> bool {
        // As many as can be counted are not counted any more: the entry expires.
        let counted = |entry: &&mut Entry| (1..u16::MAX).contains(&entry.open);
        let mut own = self.0.iter_mut().filter(|entry| entry.id == id && entry.mark.agrees(mark));
        own.find(counted).map(|entry| entry.open -= 1).is_some()
    }

    /// Remembers a request that is under way for as long again; says whether that changes anything.
    pub(super) fn refresh(&mut self, id: u64, mark: Mark, time: Time) -> bool {
        let mut own = self.0.iter_mut().filter(|entry| entry.id == id && entry.mark.agrees(mark) && entry.open > 0);
        own.next().map(|entry| entry.expires = time.now.saturating_add(time.ttl)).is_some()
    }

    /// What an id stands for.
    pub(super) fn find(&self, id: u64, now: u32) -> Found {
        let all = || self.0.iter().filter(|entry| entry.id == id && entry.is_live(now));
        let mut open = all().filter(|entry| entry.is_open(now)).peekable();
        let (first, second) = if open.peek().is_some() {
            (open.next(), open.next())
        } else {
            let mut ended = all();
            (ended.next(), ended.next())
        };
        match (first, second) {
            (None, _) => Found::Nothing,
            (Some(only), None) => Found::One(only.mark),
            (Some(_), Some(_)) => Found::Several,
        }
    }

    /// How many entries count.
    pub(super) fn live(&self, now: u32) -> usize {
        self.0.iter().filter(|entry| entry.is_live(now)).count()
    }

    /// Reads what [`encode`](Self::encode) has written; nothing else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (checksum, entries) = bytes.split_first_chunk::<CHECKSUM>()?;
        let sound = entries.len() == SIZE - CHECKSUM && checksum_of(entries) == u64::from_le_bytes(*checksum);
        let mut places = sound.then(|| entries.chunks_exact(ENTRY))?;
        Some(Self(array::from_fn(|_| places.next().and_then(Entry::decode).unwrap_or_default())))
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

fn checksum_of(entries: &[u8]) -> u64 {
    hash::salted(FORMAT, entries)
}

impl Entry {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (lanes, rest) = rest.split_first_chunk()?;
        let (identity, rest) = rest.split_first_chunk()?;
        let (expires, rest) = rest.split_first_chunk()?;
        let (open, rest) = rest.split_first_chunk()?;
        let flags = *rest.first()?;
        let flagged = |flag: u8, number: &[u8; 4]| (flags & flag != 0).then(|| u32::from_le_bytes(*number));
        Some(Self {
            id: u64::from_le_bytes(*id),
            mark: Mark {
                lanes: flagged(MARKED, lanes),
                identity: flagged(IDENTITY, identity),
                question: if flags & EXPLAIN != 0 { Question::Explain } else { Question::None },
            },
            expires: u32::from_le_bytes(*expires),
            open: u16::from_le_bytes(*open),
        })
    }

    fn encode(&self) -> [u8; ENTRY] {
        let Self { id, mark: Mark { lanes, identity, question }, expires, open } = *self;
        let explain = if question == Question::Explain { EXPLAIN } else { 0 };
        let flags = lanes.map_or(0, |_| MARKED) | identity.map_or(0, |_| IDENTITY) | explain;
        let [open, more] = open.to_le_bytes();
        let upper = u64::from(lanes.unwrap_or_default()) | u64::from(identity.unwrap_or_default()) << 32;
        let lower = u64::from(expires) | u64::from(u32::from_le_bytes([open, more, flags, 0])) << 32;
        let mut bytes = [0; ENTRY];
        for (place, number) in bytes.as_chunks_mut().0.iter_mut().zip([id, upper, lower]) {
            *place = number.to_le_bytes();
        }
        bytes
    }
}

//! The table: sets of a store, and what is done to them.

mod sets;

use super::entry::{Mark, Time};
use super::lanes::Lists;
use super::recent::Recent;
use super::set::{Found, Opened, Set, WAYS};
use super::written::Written;
use super::{Counts, Key, Question, Recall, Remembered, RememberedLanes, Store};
use crate::config::Correlation;
use crate::hash::IdentityHash;
use crate::mark::{self, LaneList};
use crate::request::Memory;
use crate::trace_id::TraceId;

/// For how long copies of sets are kept, in seconds: in less time than it takes until tokens come again.
const COPIED: u32 = 4_096;
/// How many sets are looked at to estimate how full the table is.
const SAMPLE: u32 = 32;

/// What a sidecar remembers, in a store that its workers share.
pub struct Table {
    pub(super) store: Box<dyn Store>,
    /// A power of two.
    sets: u32,
    pub(super) time: Time,
    lists: Lists,
    recent: Recent,
    written: Written,
    /// Room for a value.
    room: Vec<u8>,
    /// The set that is sampled next.
    next: u32,
    counts: Counts,
}

/// A request that is remembered, and under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    pub(super) id: u64,
    mark: Mark,
    /// When it was last said to be under way.
    since: u32,
}

impl Table {
    /// A table as configured, in a store that has one of that size or none. Its time is zero.
    pub fn new(store: impl Store + 'static, config: &Correlation) -> Self {
        let store = Box::new(store);
        let time = Time { now: 0, ttl: config.ttl_seconds.into() };
        Self {
            store,
            sets: sets_of(config),
            time,
            lists: Lists::default(),
            recent: Recent::default(),
            written: Written::default(),
            room: Vec::new(),
            next: 0,
            counts: Counts::default(),
        }
    }

    /// Whether it is as configured.
    #[must_use]
    pub fn is_of(&self, config: &Correlation) -> bool {
        self.sets == sets_of(config) && self.time.ttl == u32::from(config.ttl_seconds)
    }

    /// Tells the time, in seconds since the Unix epoch. Workers may differ by a few.
    pub fn set_time(&mut self, now: u32) {
        if self.time.now != now {
            self.recent.forget();
        }
        if self.time.now / COPIED != now / COPIED {
            self.written.forget();
        }
        self.time.now = now;
    }

    /// Makes all values that there will ever be, unless they are there.
    pub fn create(&self) {
        let missing = |key| self.store.get(key).filter(|(value, _)| value.is_empty());
        // The last is made last.
        if missing(Key::Set(self.sets - 1)).is_none() {
            return;
        }
        let mut empty = Set::empty();
        let empty = empty.seal();
        for key in (0..self.sets).map(Key::Set) {
            if let Some((_, token)) = missing(key) {
                // Overtaken: it is there now.
                let _ = self.store.put(key, empty, token);
            }
        }
    }

    /// Remembers that a request has ended.
    pub fn end(&mut self, ticket: &Ticket) {
        let Ticket { id, mark, .. } = *ticket;
        self.change(id, &mut |set| set.close(id, mark));
    }

    /// Remembers a request that is still under way: to be called for all of them with every tick.
    pub fn keep(&mut self, ticket: &mut Ticket) {
        let (Ticket { id, mark, since }, time) = (*ticket, self.time);
        if time.now.saturating_sub(since) < time.ttl / 2 {
            return;
        }
        if let Some(name) = mark.lanes().filter(|name| *name != BASE) {
            self.lists.refresh(name, &*self.store, time);
        }
        let kept = self.change(id, &mut |set| set.keep(id, mark, time));
        // What was given up is tried again with the next tick.
        if kept.is_some() {
            ticket.since = time.now;
        }
    }

    fn remembered(&mut self, mark: Mark) -> Option<Remembered> {
        let lanes = match mark.lanes() {
            None => RememberedLanes::Unmarked,
            Some(BASE) => RememberedLanes::Base,
            Some(name) => RememberedLanes::Lanes(self.lists.text(name, &*self.store)?),
        };
        Some(Remembered { lanes, identity: mark.identity(), question: mark.question() })
    }

    /// How many requests are remembered: an estimate from the next few sets.
    pub fn occupancy(&mut self) -> u64 {
        let sample = SAMPLE.min(self.sets);
        let mut live = 0;
        for _ in 0..sample {
            self.next = (self.next + 1) & (self.sets - 1);
            if let Some((set, _)) = self.read(Key::Set(self.next)) {
                live += u64::try_from(set.live(self.time)).unwrap_or_default();
                self.room = set.into_room();
            }
        }
        live * u64::from((self.sets / SAMPLE).max(1))
    }

    /// How many sets are kept as they were left.
    #[cfg(test)]
    pub(super) fn copies(&self) -> usize {
        self.written.count()
    }

    /// What has happened since this was last asked.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }
}

impl Memory for Table {
    fn remember(
        &mut self,
        id: TraceId,
        lanes: Option<&LaneList<'_>>,
        identity: Option<IdentityHash>,
        question: Question,
    ) -> Option<Ticket> {
        let lanes = match lanes {
            None => None,
            Some(lanes) if lanes.is_empty() => Some(BASE),
            Some(lanes) => {
                let name = self.lists.publish(&mark::told(lanes), &*self.store, self.time);
                self.counts.failures += u64::from(name.is_none());
                Some(name?)
            }
        };
        let mark = Mark::new(lanes, identity, question);
        let (id, time) = (id.hash(), self.time);
        let mut opened = Opened::default();
        self.change(id, &mut |set| {
            opened = set.open(id, mark, time);
            opened.change
        })?;
        self.counts.evictions += u64::from(opened.evicted);
        self.counts.conflicts += u64::from(opened.conflict);
        Some(Ticket { id, mark, since: time.now })
    }

    fn recall(&mut self, id: TraceId) -> Recall {
        let id = id.hash();
        let known = match self.find(id) {
            Found::Nothing => None,
            Found::Several => {
                self.counts.ambiguous += 1;
                return Recall::Ambiguous;
            }
            Found::One(mark) => self.remembered(mark),
        };
        let count = if known.is_some() { &mut self.counts.hits } else { &mut self.counts.misses };
        *count += 1;
        known.map_or(Recall::Unknown, Recall::Known)
    }
}

/// How many sets a table has: configurations that compile have a power of two of requests, of which a set holds a power of two.
fn sets_of(config: &Correlation) -> u32 {
    (config.requests / u32::try_from(WAYS).unwrap_or(1)).max(1)
}

/// The name of the list without lanes.
const BASE: u32 = 0;

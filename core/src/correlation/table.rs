//! The table: sets of a store, and what is done to them.

use super::entry::{Mark, Time};
use super::lanes::Lists;
use super::recent::Recent;
use super::set::{Change, Found, Opened, Set, WAYS};
use super::written::Written;
use super::{Event, Key, Overtaken, Question, Recall, Remembered, RememberedLanes, Store, Token};
use crate::config::Correlation;
use crate::hash::IdentityHash;
use crate::mark::{self, LaneList};
use crate::request::Memory;
use crate::trace_id::TraceId;

/// How often a set is tried to be written.
const TRIES: u32 = 3;
/// How many sets are looked at to estimate how full the table is.
const SAMPLE: u32 = 32;

/// What a sidecar remembers, in a store that its workers share.
pub struct Table {
    pub(super) store: Box<dyn Store>,
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

/// What has happened since it was last asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Ids that stand for one mark.
    pub hits: u64,
    /// Ids of which nothing is remembered.
    pub misses: u64,
    /// Requests that began while another with the same id and a different mark was under way.
    pub conflicts: u64,
    /// Ids that stood for different marks when they were looked up.
    pub ambiguous: u64,
    /// Requests that were forgotten early, to make room.
    pub evictions: u64,
    /// Changes that were given up, because other workers were faster or the store refused.
    pub failures: u64,
    /// Sets that were not of this version of the table and count as empty.
    pub damaged: u64,
}

impl Counts {
    /// Every count with what it counts.
    #[must_use]
    pub fn each(&self) -> [(Event, u64); 7] {
        let Self { hits, misses, conflicts, ambiguous, evictions, failures, damaged } = *self;
        [
            (Event::Hit, hits),
            (Event::Miss, misses),
            (Event::Conflict, conflicts),
            (Event::Ambiguous, ambiguous),
            (Event::Eviction, evictions),
            (Event::Failure, failures),
            (Event::Damaged, damaged),
        ]
    }
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
        // Configurations that compile have a power of two of requests, of which a set holds a power of two.
        let sets = config.requests / u32::try_from(WAYS).unwrap_or(1);
        let time = Time { now: 0, ttl: config.ttl_seconds.into() };
        Self {
            store,
            sets: sets.max(1),
            time,
            lists: Lists::default(),
            recent: Recent::default(),
            written: Written::default(),
            room: Vec::new(),
            next: 0,
            counts: Counts::default(),
        }
    }

    /// Tells the time, in seconds since the Unix epoch. Workers may differ by a few.
    pub fn set_time(&mut self, now: u32) {
        if self.time.now != now {
            self.recent.forget();
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
            self.next = (self.next + 1) % self.sets;
            if let Some((set, _)) = self.read(Key::Set(self.next)) {
                live += u64::try_from(set.live(self.time)).unwrap_or_default();
                self.room = set.into_room();
            }
        }
        live * u64::from(self.sets / sample)
    }

    /// What has happened since this was last asked.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// What an id stands for: by what was read a moment ago, or else by the store.
    fn find(&mut self, id: u64) -> Found {
        if let Some(mark) = self.recent.find(id, &*self.store) {
            return Found::One(mark);
        }
        let Some((set, _)) = self.read(Key::Set(self.number(id))) else { return Found::Nothing };
        let (time, found) = (self.time, set.find(id, self.time));
        if let Found::One(mark) = found
            && set.is_settled(id, time)
        {
            self.recent.keep(id, mark);
        }
        self.room = set.into_room();
        found
    }

    /// The number of an id's set: the lower bits choose the set, all of them the entry.
    fn number(&self, id: u64) -> u32 {
        u32::try_from(id % u64::from(self.sets)).unwrap_or_default()
    }

    /// A set, in the room for it; `None` where it can not be read.
    fn read(&mut self, key: Key) -> Option<(Set, Token)> {
        let mut value = std::mem::take(&mut self.room);
        let token = self.store.read(key, &mut value)?;
        let written = !value.is_empty();
        let set = Set::of(value).unwrap_or_else(|| {
            if written {
                self.counts.damaged += 1;
                // What was there before is not seen by whoever writes now.
                self.store.revise();
            }
            Set::empty()
        });
        Some((set, token))
    }

    /// Changes the set of an id; `None` if that was given up.
    fn change(&mut self, id: u64, change: &mut dyn FnMut(&mut Set) -> Change) -> Option<()> {
        let number = self.number(id);
        if let Some((set, token)) = self.written.take(number) {
            match self.write(number, set, token, change) {
                // That is to be seen in the store.
                Some(Change::None) => {}
                Some(_) => return Some(()),
                None => {
                    self.written.refused();
                    self.store.catch_up();
                }
            }
        }
        for _ in 0..TRIES {
            let Some((set, token)) = self.read(Key::Set(number)) else { break };
            if self.write(number, set, token, change).is_some() {
                return Some(());
            }
        }
        self.counts.failures += 1;
        None
    }

    /// Changes a set that had this token; says how, `None` if another worker was faster.
    fn write(
        &mut self,
        number: u32,
        mut set: Set,
        token: Token,
        change: &mut dyn FnMut(&mut Set) -> Change,
    ) -> Option<Change> {
        let change = change(&mut set);
        if change == Change::None {
            self.room = set.into_room();
            return Some(change);
        }
        let put = self.store.put(Key::Set(number), set.seal(), token);
        let room = match put {
            Ok(token) => self.written.keep(number, set, token),
            Err(Overtaken) => Some(set),
        };
        self.room = room.map(Set::into_room).unwrap_or_default();
        put.ok()?;
        if change == Change::Revision {
            self.store.revise();
        }
        Some(change)
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

/// The name of the list without lanes.
const BASE: u32 = 0;

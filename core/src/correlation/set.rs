//! A set: the entries that share one value of the store, packed.
//!
//! ```text
//! checksum 8 | 8 times an entry: 24
//! ```
//!
//! The checksum begins with the number of this format, so that what another version or another
//! filter has written counts as empty.

use super::Question;
use super::entry::{ENTRY, Entry, Mark, Place, Time, VACANT, is_of, is_other, is_own};

/// The number of this format, where checksums begin.
const FORMAT: u64 = 0x6772_6179_6c61_6e03;
/// Entries in a set.
pub(super) const WAYS: usize = 8;
const CHECKSUM: usize = 8;
/// Bytes of a set.
pub(super) const SIZE: usize = CHECKSUM + WAYS * ENTRY;

/// What a set knows of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Several,
    One(Mark),
}

/// What a change did to the marks that are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Change {
    /// Nothing at all was changed.
    #[default]
    None,
    /// Every mark that was settled still is.
    Addition,
    /// A mark that was settled is another one, one of several, or forgotten.
    Revision,
}

/// What came of opening a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Opened {
    /// Others that are still remembered had to make room.
    pub(super) evicted: bool,
    /// Another request with the same id and a different mark is under way.
    pub(super) conflict: bool,
    pub(super) change: Change,
}

/// The entries of one set, as they lie in a value: only those that are asked for are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set(Vec<u8>);

impl Set {
    /// A set without entries.
    pub(super) fn empty() -> Self {
        Self(vec![0; SIZE])
    }

    /// A value that [`seal`](Self::seal) has left; nothing else.
    pub(super) fn of(value: Vec<u8>) -> Option<Self> {
        let (checksum, entries) = value.split_first_chunk::<CHECKSUM>()?;
        let sound = value.len() == SIZE && checksum_of(entries) == u64::from_le_bytes(*checksum);
        sound.then_some(Self(value))
    }

    /// Room for another set.
    pub(super) fn into_room(self) -> Vec<u8> {
        self.0
    }

    /// The value to be written after a change.
    pub(super) fn seal(&mut self) -> &[u8] {
        if let Some((checksum, entries)) = self.0.split_first_chunk_mut::<CHECKSUM>() {
            *checksum = checksum_of(entries).to_le_bytes();
        }
        &self.0
    }

    /// Remembers a request that begins.
    pub(super) fn open(&mut self, id: u64, mark: Mark, time: Time) -> Opened {
        let (mut alike, mut conflict) = (false, false);
        for entry in self.all_of(id).filter(|entry| entry.is_open(time)) {
            let seen = if entry.mark.agrees(mark) { &mut alike } else { &mut conflict };
            *seen = true;
        }
        let mut replaced = false;
        if !(alike || conflict) {
            // What was remembered of this id is over.
            for place in self.places_mut().iter_mut().filter(|place| is_other(place, id, mark)) {
                *place = VACANT;
                replaced = true;
            }
        }
        let put = self.put(id, mark, time);
        Opened { conflict, change: if replaced { Change::Revision } else { put.change }, ..put }
    }

    /// Remembers a request that is still under way for as long again, and puts it back if it was forgotten.
    pub(super) fn keep(&mut self, id: u64, mark: Mark, time: Time) -> Change {
        self.close(id, mark);
        self.put(id, mark, time).change
    }

    /// Remembers that a request has ended.
    pub(super) fn close(&mut self, id: u64, mark: Mark) -> Change {
        let Some(place) = self.places_mut().iter_mut().find(|place| is_own(place, id, mark)) else {
            return Change::None;
        };
        let entry = Entry::decode(place);
        // As many as can be counted are not counted any more: the entry expires.
        if !(1..u16::MAX).contains(&entry.open) {
            return Change::None;
        }
        *place = Entry { open: entry.open - 1, ..entry }.encode();
        Change::Addition
    }

    /// What an id stands for: the marks of its requests under way, or of all if none is.
    pub(super) fn find(&self, id: u64, time: Time) -> Found {
        let (mut found, mut is_open) = (Found::Nothing, false);
        for entry in self.all_of(id).filter(|entry| entry.is_live(time)) {
            let counts = entry.is_open(time);
            if found == Found::Nothing || counts && !is_open {
                (found, is_open) = (Found::One(entry.mark), counts);
            } else if counts == is_open {
                found = Found::Several;
            }
        }
        found
    }

    /// Whether the mark of an id stays what it is until there is a [`Change::Revision`], for a good while: it has no
    /// other, and was seen so lately that no worker's clock, if they differ, takes it for one that may be replaced.
    pub(super) fn is_settled(&self, id: u64, time: Time) -> bool {
        let mut own = self.all_of(id);
        own.next().is_some_and(|entry| entry.is_fresh(time)) && own.next().is_none()
    }

    /// How many entries count.
    pub(super) fn live(&self, time: Time) -> usize {
        self.places().iter().filter(|place| Entry::decode(place).is_live(time)).count()
    }

    /// Puts a request in the entry of its id and mark, or in another's place.
    fn put(&mut self, id: u64, mark: Mark, time: Time) -> Opened {
        // The vacant and expired first, then those that have ended, then the oldest.
        let rank = |place: &Place| {
            let entry = Entry::decode(place);
            (entry.is_live(time), entry.is_open(time), entry.seen)
        };
        let own = self.places().iter().position(|place| is_own(place, id, mark));
        let joins = own.is_none() && self.all_of(id).next().is_some();
        let places = self.places_mut();
        let place = match own {
            Some(own) => places.get_mut(own),
            None => places.iter_mut().min_by_key(|place| rank(place)),
        };
        let Some(place) = place else { return Opened::default() };
        let before = Entry::decode(place);
        let live = before.is_live(time);
        let open = if own.is_some() && live { before.open } else { 0 };
        let mark = if open == 0 || mark.question() == Question::Explain { mark } else { before.mark };
        *place = Entry { id, mark, seen: time.now, open: open.saturating_add(1) }.encode();
        let evicted = live && own.is_none();
        let revised = joins || evicted || own.is_some() && mark != before.mark;
        let change = if revised { Change::Revision } else { Change::Addition };
        Opened { evicted, conflict: false, change }
    }

    fn places(&self) -> &[Place] {
        self.0.get(CHECKSUM..).map_or(&[], |entries| entries.as_chunks().0.as_chunks().0)
    }

    fn places_mut(&mut self) -> &mut [Place] {
        self.0.get_mut(CHECKSUM..).map_or(&mut [], |entries| entries.as_chunks_mut().0.as_chunks_mut().0)
    }

    /// The entries of an id.
    fn all_of(&self, id: u64) -> impl Iterator<Item = Entry> {
        self.places().iter().filter(move |place| is_of(place, id)).map(Entry::decode)
    }
}

/// Any change of one word changes it, and nearly any other change. Whoever wants to forge entries can: other filters of
/// the proxy are not enemies, but may be careless.
fn checksum_of(entries: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |sum: u64, word: &[u8; 8]| (sum ^ u64::from_le_bytes(*word)).wrapping_mul(ODD).rotate_left(29);
    // As many words at once as an entry has.
    let entries = entries.as_chunks().0.as_chunks().0.iter();
    entries.fold(FORMAT, |sum, [first, second, third]| mix(mix(mix(sum, first), second), third))
}

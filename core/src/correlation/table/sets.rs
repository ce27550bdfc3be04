//! How sets are read and changed: by what this worker knows of them, or else by the store.

use super::Table;
use crate::correlation::set::{Change, Found, Set};
use crate::correlation::{Key, Overtaken, Token};

/// How often a set is tried to be written.
const TRIES: u32 = 3;

impl Table {
    /// What an id stands for: by what was read a moment ago, or else by the store.
    pub(super) fn find(&mut self, id: u64) -> Found {
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
        u32::try_from(id & u64::from(self.sets - 1)).unwrap_or_default()
    }

    /// A set, in the room for it; `None` where it can not be read.
    pub(super) fn read(&mut self, key: Key) -> Option<(Set, Token)> {
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
    pub(super) fn change(&mut self, id: u64, change: &mut dyn FnMut(&mut Set) -> Change) -> Option<()> {
        let number = self.number(id);
        if let Some((set, token)) = self.written.take(number) {
            match self.write(number, set, token, change) {
                // That is to be seen in the store.
                Some(Change::None) => {}
                Some(_) => {
                    self.written.confirm();
                    return Some(());
                }
                None => {
                    self.written.doubt();
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

//! The log: a stand-in for one partition of a broker, with the offsets that its consumer groups have committed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Lane, Mark, Roster, Version};

/// A place in the log: so many entries stand before it.
pub type Offset = usize;

/// What is in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The mark of the request that caused it.
    pub mark: Mark,
    /// What is to be done.
    pub body: String,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Something to be done.
    Message(Message),
    /// From here on, the lane has a consumer of its own.
    Joined(Lane),
    /// From here on, it has none. Of what stood before, it has handled what was its part up to `done`.
    Left {
        /// The lane.
        lane: Lane,
        /// The offset that its consumer had committed.
        done: Offset,
    },
}

/// The consumer was taken for dead, and base has its messages: what it does now would be done twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the consumer has left the log; it must join again")]
pub struct Expelled;

/// A log that may be read and written from several threads.
#[derive(Debug, Default)]
pub struct Log(Mutex<Written>);

#[derive(Debug, Default)]
struct Written {
    entries: Vec<Entry>,
    roster: Roster,
    committed: BTreeMap<Version, Offset>,
}

impl Log {
    /// Appends a message.
    pub fn send(&self, mark: Mark, body: impl Into<String>) {
        self.written().append(Entry::Message(Message { mark, body: body.into() }));
    }

    /// Gives `lane` a consumer of its own, which starts behind everything that is there.
    pub fn join(&self, lane: Lane) -> Offset {
        let mut written = self.written();
        if !written.roster.has(&lane) {
            written.append(Entry::Joined(lane.clone()));
            let start = written.entries.len();
            written.committed.insert(Version::Gray(lane.clone()), start);
        }
        written.committed(&Version::Gray(lane))
    }

    /// Ends that: the consumer has stopped, or was not heard of for too long. Base does what it has left undone.
    pub fn leave(&self, lane: &Lane) {
        let mut written = self.written();
        if written.roster.has(lane) {
            let done = written.committed(&Version::Gray(lane.clone()));
            written.append(Entry::Left { lane: lane.clone(), done });
        }
    }

    /// The entry at `offset`, once there is one.
    #[must_use]
    pub fn read(&self, offset: Offset) -> Option<Entry> {
        self.written().entries.get(offset).cloned()
    }

    /// How far `version` has come.
    #[must_use]
    pub fn committed(&self, version: &Version) -> Offset {
        self.written().committed(version)
    }

    /// Notes that `version` is done with everything before `offset`.
    ///
    /// # Errors
    /// [`Expelled`] when its lane has left meanwhile.
    pub fn commit(&self, version: &Version, offset: Offset) -> Result<(), Expelled> {
        let mut written = self.written();
        if matches!(version, Version::Gray(lane) if !written.roster.has(lane)) {
            return Err(Expelled);
        }
        written.committed.insert(version.clone(), offset);
        Ok(())
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        // Nothing is ever left half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    fn append(&mut self, entry: Entry) {
        self.roster.pass(&entry);
        self.entries.push(entry);
    }

    fn committed(&self, version: &Version) -> Offset {
        self.committed.get(version).copied().unwrap_or_default()
    }
}

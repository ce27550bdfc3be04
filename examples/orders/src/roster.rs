//! Who handles what, at one place of the log.
//!
//! Pure. Invariant: it follows from the entries before that place and from nothing else, so every reader that has come
//! there has the same one.

use std::collections::BTreeSet;

use crate::{Entry, Lane, Mark};

/// A version of the consumer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// The one that is always there.
    Base,
    /// The one of a lane.
    Gray(Lane),
}

/// The lanes that have a consumer of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster(BTreeSet<Lane>);

impl Roster {
    /// Goes past one entry.
    pub fn pass(&mut self, entry: &Entry) {
        match entry {
            Entry::Joined(lane) => {
                self.0.insert(lane.clone());
            }
            Entry::Left { lane, .. } => {
                self.0.remove(lane);
            }
            Entry::Message(_) => {}
        }
    }

    /// Whether `lane` has a consumer of its own.
    #[must_use]
    pub fn has(&self, lane: &Lane) -> bool {
        self.0.contains(lane)
    }

    /// The version that handles a message: that of the first of its lanes that has one, else base. The mark stays as it
    /// is, so the calls that follow may be back in their lane.
    #[must_use]
    pub fn handler(&self, mark: &Mark) -> Version {
        mark.lanes().find(|lane| self.has(lane)).map_or(Version::Base, Version::Gray)
    }
}

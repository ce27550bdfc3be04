//! What this worker has looked up last, in front of the table: the calls that an app makes for one request mostly come
//! right after each other.
//!
//! A copy must never say what the table does not. Writers tell of every change that could make one wrong by the store's
//! revision ([`Change::Revision`](super::set::Change)), which costs nobody anything else: a request that begins under an id
//! of its own, and one that ends, make no copy wrong. What is kept holds until the revision or the time has changed.

use super::Store;
use super::entry::Mark;

/// More requests than a worker mostly serves at once.
const PLACES: usize = 64;

/// Marks by id.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// As many as there are places, or none; each has the place that follows from its id, which is never zero.
    kept: Vec<(u64, Mark)>,
    /// Not later than what is kept was read.
    revision: Option<u64>,
}

impl Recent {
    /// What is kept of an id, if it still holds.
    pub(super) fn find(&mut self, id: u64, store: &dyn Store) -> Option<Mark> {
        let (_, mark) = *self.kept.get(place(id)).filter(|(kept, _)| *kept == id)?;
        let revision = store.revision();
        if revision.is_none() || revision != self.revision {
            self.revision = revision;
            self.forget();
            return None;
        }
        Some(mark)
    }

    pub(super) fn keep(&mut self, id: u64, mark: Mark) {
        self.kept.resize(PLACES, (0, mark));
        if let Some(kept) = self.kept.get_mut(place(id)) {
            *kept = (id, mark);
        }
    }

    pub(super) fn forget(&mut self) {
        self.kept.clear();
    }
}

fn place(id: u64) -> usize {
    usize::try_from(id % PLACES as u64).unwrap_or_default()
}

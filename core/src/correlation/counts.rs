//! What happens to requests that are remembered, counted.

use super::Event;

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

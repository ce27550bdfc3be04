//! What this worker has written last, in front of the table: a request mostly ends on the heels of its beginning, and its set is
//! then mostly as the beginning has left it.
//!
//! Such a set is changed without reading it first. The store tells what it takes for the token of a write, and refuses
//! that token if somebody has written since, or if it was wrong; so a copy that is out of date costs a call, and writes
//! nothing.

use super::Token;
use super::set::Set;

/// More requests than a worker mostly serves at once.
const PLACES: u32 = 64;
/// How many sets are read after a copy was refused: where others write as well, most would be.
const PATIENCE: u32 = 32;

/// Sets by number.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// As many as there are places, or none.
    kept: Vec<Option<(u32, Set, Token)>>,
    /// How many sets are still to be read.
    patience: u32,
}

impl Written {
    /// The copy of a set, if it is likely to be what the store has.
    pub(super) fn take(&mut self, number: u32) -> Option<(Set, Token)> {
        let kept = self.kept.get_mut(place(number))?.take_if(|(own, ..)| *own == number)?;
        if self.patience > 0 {
            self.patience -= 1;
            return None;
        }
        let (_, set, token) = kept;
        Some((set, token))
    }

    /// Keeps a set that was just written. What it returns had to make room for it.
    pub(super) fn keep(&mut self, number: u32, set: Set, token: Token) -> Option<Set> {
        if self.kept.is_empty() {
            self.kept.resize_with(place(PLACES - 1) + 1, || None);
        }
        let older = self.kept.get_mut(place(number))?.replace((number, set, token));
        older.map(|(_, set, _)| set)
    }

    /// A copy was refused.
    pub(super) fn refused(&mut self) {
        self.patience = PATIENCE;
    }

    pub(super) fn forget(&mut self) {
        self.kept.clear();
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number % PLACES).unwrap_or_default()
}

//! The sets as this worker has left them, in front of the table: where nobody else writes, a set still is what its last change
//! has made of it.
//!
//! Such a set is changed without reading it first. The store tells what it takes for the token of a write, and refuses
//! that token if somebody has written since, or if it was wrong; so a copy that is out of date costs a call, and writes
//! nothing. Where others write, most would be: then next to nothing is kept.

use super::Token;
use super::set::Set;

/// How many changes are read for after a copy was refused where they nearly always are right: those of the requests under
/// way. In tests all three numbers are small, so that few requests see what comes of them.
const MOMENT: u32 = if cfg!(test) { 2 } else { 32 };
/// And where they mostly are not.
const WHILE: u32 = if cfg!(test) { 8 } else { 1_024 };
/// As many copies as are right between two that are refused, if others seldom write.
const RELIABLE: u32 = if cfg!(test) { 4 } else { 128 };

/// Sets by number.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Up to the highest number that was kept.
    kept: Vec<Option<(Set, Token)>>,
    /// How many changes are still to be read for.
    patience: u32,
    /// How many copies were right since one was refused.
    right: u32,
}

impl Written {
    /// The copy of a set, if it is likely to be what the store has.
    pub(super) fn take(&mut self, number: u32) -> Option<(Set, Token)> {
        if self.patience > 0 {
            self.patience -= 1;
            return None;
        }
        self.kept.get_mut(place(number))?.take()
    }

    /// Keeps a set that was just written. What it returns is not kept any more.
    pub(super) fn keep(&mut self, number: u32, set: Set, token: Token) -> Option<Set> {
        if self.patience > MOMENT {
            return Some(set);
        }
        let place = place(number);
        if self.kept.len() <= place {
            self.kept.resize_with(place + 1, || None);
        }
        let older = self.kept.get_mut(place)?.replace((set, token));
        older.map(|(set, _)| set)
    }

    /// A copy was what the store had.
    pub(super) fn confirm(&mut self) {
        self.right = self.right.saturating_add(1);
    }

    /// A copy was refused.
    pub(super) fn doubt(&mut self) {
        self.patience = MOMENT;
        if self.right < RELIABLE {
            self.patience = WHILE;
            self.forget();
        }
        self.right = 0;
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.kept.iter().flatten().count()
    }

    pub(super) fn forget(&mut self) {
        self.kept.clear();
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or_default()
}

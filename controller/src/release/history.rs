//! Who did what when.

use super::Machine;
use crate::api::Deed;

/// How many deeds a status remembers.
const MOST: usize = 20;

/// Who is named for what follows from the steps.
pub(super) const OURSELVES: &str = "graylane";

impl Machine<'_> {
    /// Notes what was done.
    pub(super) fn note(&mut self, who: &str, what: impl Into<String>) {
        let history = &mut self.status.history;
        history.push(Deed { time: self.now, who: who.to_owned(), what: what.into() });
        let surplus = history.len().saturating_sub(MOST);
        history.drain(..surplus);
    }
}

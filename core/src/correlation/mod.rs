//! What a sidecar remembers of the requests that its app is serving: trace id -> mark.
//!
//! ```text
//! inbound:  TraceId + mark -> remember -> Ticket ... the request ends -> end
//! outbound: TraceId -> recall -> mark, or ambiguous, or unknown
//! ```
//!
//! The table is set-associative and lives in a [`Store`] that all workers share, in a number of keys and bytes that is
//! fixed by its size. It must not know what the store is, nor what time it is: both are handed in. Promises:
//!
//! - Nothing that stands in the store makes it fail: a value that it has not written itself counts as empty.
//! - A write is compared and swapped, with at most three tries; a request that could not be remembered is an unknown one.
//! - A mark is recalled exactly as it came, or not at all. Where two requests with one id and different marks are under
//!   way, neither mark is: the id is ambiguous until all but one of them have ended, and if they ended together until the
//!   id comes again or is forgotten.
//! - A request that is under way is remembered, however long it lasts, as long as its worker says [`Table::keep`] of it now
//!   and then.
//! - What a worker keeps outside of the store changes no answer: texts that are named by their own hash; marks that
//!   it has just looked up, until the store's revision says that one may be out of date; and sets as it has left
//!   them, which are written again only where nobody else has.

mod counts;
mod entry;
mod lanes;
mod recent;
mod set;
mod store;
mod table;
mod way;
mod written;

use std::rc::Rc;

use crate::decision::closed_labels;
use crate::hash::IdentityHash;

pub use counts::Counts;
pub use store::{Key, Latest, Overtaken, Store, Token};
pub use table::{Table, Ticket};

/// What is remembered of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The lanes that it came with.
    pub lanes: RememberedLanes,
    /// The identity that it came with.
    pub identity: Option<IdentityHash>,
    /// Whether its way is to be told.
    pub question: Question,
}

/// The lanes that a request came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RememberedLanes {
    /// It had no mark: nobody has decided yet.
    Unmarked,
    /// It is in no lane.
    Base,
    /// The value of the lane header, in its one form.
    Lanes(Rc<str>),
}

/// Whether an allowed caller wants to know the way of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Question {
    /// Nobody asked.
    #[default]
    None,
    /// It is to be told.
    Explain,
}

/// What is remembered of a trace id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recall {
    /// Nothing.
    Unknown,
    /// Requests with this id and different marks.
    Ambiguous,
    /// One mark.
    Known(Remembered),
}

closed_labels!(
    /// What happens in a table, as it is counted.
    Event {
        /// An id that was looked up stands for one mark.
        Hit = "hit",
        /// Of an id that was looked up nothing is remembered.
        Miss = "miss",
        /// A request began while another with the same id and a different mark was under way.
        Conflict = "conflict",
        /// An id that was looked up stands for different marks.
        Ambiguous = "ambiguous",
        /// A request was forgotten early, to make room.
        Eviction = "eviction",
        /// A change was given up, as other workers were faster or there was no room for its lanes.
        Failure = "failure",
        /// A set was not of this version of the table and counts as empty.
        Damaged = "damaged",
    }
);

#[cfg(test)]
mod tests;

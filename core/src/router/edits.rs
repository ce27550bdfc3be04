//! How a decision gathers its header edits.
//!
//! Nothing to change, nothing written: each edit makes the proxy choose its route again.

use arrayvec::ArrayVec;

use crate::decision::{Decision, Edits, Events, HeaderEdit, HeaderText, LaneLabel, Outcome, Reason};
use crate::name::HeaderName;
use crate::view::Field;

impl<'r> Decision<'r> {
    /// The decision to leave a request alone, which is where every decision starts.
    pub(super) fn pass() -> Self {
        Self {
            outcome: Outcome::Pass,
            target: None,
            version: None,
            lane: LaneLabel::Base,
            lanes: ArrayVec::new(),
            identity: None,
            reason: Reason::Unconfigured,
            edits: Edits::new(),
            cookie: None,
            explain: false,
            ticket: None,
            way: None,
            events: Events::default(),
        }
    }

    pub(super) fn write(&mut self, field: Field<'_>, name: &'r HeaderName, value: HeaderText<'r>) {
        if field == Field::Once(value.as_bytes()) {
            return;
        }
        // Hosts differ in what replacing a repeated header leaves behind; removing it first leaves nothing.
        if field == Field::Repeated {
            self.edits.push(HeaderEdit::Remove(name));
        }
        self.edits.push(HeaderEdit::Set(name, value));
    }

    pub(super) fn erase(&mut self, field: Field<'_>, name: &'r HeaderName) {
        if field.is_present() {
            self.edits.push(HeaderEdit::Remove(name));
        }
    }

    /// Puts a list in place of what a header holds, and no header in place of an empty list.
    pub(super) fn write_list(&mut self, field: Field<'_>, name: &'r HeaderName, list: Vec<u8>) {
        if list.is_empty() { self.erase(field, name) } else { self.write(field, name, HeaderText::List(list)) }
    }

    /// Takes back whatever of a decision would show.
    pub(super) fn withhold(&mut self) {
        self.edits.clear();
        self.cookie = None;
        self.explain = false;
        self.way = None;
        if self.outcome == Outcome::Refuse {
            self.outcome = Outcome::Forward;
        }
    }
}

//! How a decision gathers its header edits.
//!
//! Nothing to change, nothing written: each edit makes the proxy choose its route again.

use arrayvec::ArrayVec;

use crate::decision::{Decision, Events, HeaderEdit, HeaderText, LaneLabel, Outcome, Reason};
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
            edits: ArrayVec::new(),
            cookie: None,
            explain: false,
            ticket: None,
            way: None,
            events: Events::default(),
        }
    }

    pub(super) fn edit(&mut self, edit: HeaderEdit<'r>) {
        // At most two edits for each of four internal headers, so there is always room.
        let full = self.edits.try_push(edit).is_err();
        debug_assert!(!full, "more edits than internal headers allow");
    }

    pub(super) fn write(&mut self, field: Field<'_>, name: &'r HeaderName, value: HeaderText<'r>) {
        if field == Field::Once(value.as_str().as_bytes()) {
            return;
        }
        // Hosts differ in what replacing a repeated header leaves behind; removing it first leaves nothing.
        if field == Field::Repeated {
            self.edit(HeaderEdit::Remove(name));
        }
        self.edit(HeaderEdit::Set(name, value));
    }

    pub(super) fn erase(&mut self, field: Field<'_>, name: &'r HeaderName) {
        if field.is_present() {
            self.edit(HeaderEdit::Remove(name));
        }
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

//! One pod's sidecar: what it remembers, and its chance.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use graylane_core::config::Correlation;
use graylane_core::correlation::{Key, Overtaken, Question, Recall, Store, Table, Ticket, Token};

use graylane_core::hash::IdentityHash;
use graylane_core::slots::Slot;
use graylane_core::{Draw, LaneList, Memory, OpaqueId, Sequence, SplitId, TraceId};

/// A sidecar's memory: a table of its own, as in a proxy.
pub(crate) struct Pod {
    table: Table,
    sequence: Sequence,
}

impl Pod {
    pub(crate) fn new(correlation: &Correlation) -> Self {
        let table = Table::new(Local::default(), correlation);
        table.create();
        Self { table, sequence: Sequence::default() }
    }

    pub(crate) fn set_time(&mut self, seconds: u32) {
        self.table.set_time(seconds);
    }

    pub(crate) fn end(&mut self, ticket: &Ticket) {
        self.table.end(ticket);
    }
}

impl Memory for Pod {
    fn remember(
        &mut self,
        id: TraceId,
        lanes: Option<&LaneList<'_>>,
        identity: Option<IdentityHash>,
        question: Question,
    ) -> Option<Ticket> {
        self.table.remember(id, lanes, identity, question)
    }

    fn recall(&mut self, id: TraceId) -> Recall {
        self.table.recall(id)
    }
}

impl Draw for Pod {
    fn opaque_id(&mut self) -> OpaqueId {
        // No split of the simulation gives cookies out.
        OpaqueId(0)
    }

    fn sequence_slot(&mut self, _: SplitId) -> Slot {
        self.sequence.next_slot()
    }

    fn unix_seconds(&mut self) -> u64 {
        // Nobody of the simulation has a signed override, which alone is asked for the time.
        0
    }
}

/// A proxy's shared data, with one worker.
#[derive(Debug, Default)]
struct Local(RefCell<HashMap<Key, Vec<u8>>>, Cell<u64>);

impl Store for Local {
    fn read(&self, key: Key, value: &mut Vec<u8>) -> Option<Token> {
        *value = self.0.borrow().get(&key).cloned().unwrap_or_default();
        Some(Token(0))
    }

    fn put(&self, key: Key, value: &[u8], _: Token) -> Result<Token, Overtaken> {
        self.0.borrow_mut().insert(key, value.to_vec());
        Ok(Token(0))
    }

    fn catch_up(&self) {}

    fn revision(&self) -> Option<u64> {
        Some(self.1.get())
    }

    fn revise(&self) {
        self.1.set(self.1.get() + 1);
    }
}

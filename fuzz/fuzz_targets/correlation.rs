//! Neither trace headers nor what stands in the store make remembering or looking up fail, and one request's mark is never
//! given to another id.
#![no_main]

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use graylane_core::config::Correlation;
use graylane_core::correlation::{Key, Overtaken, Question, Recall, Store, Table, Ticket, Token};
use graylane_core::hash::IdentityHash;
use graylane_core::slots::Slot;
use graylane_core::{Draw, Headers, LaneList, Memory, OpaqueId, Phase, Router, SplitId, TraceId};
use graylane_fuzz::{CONFIG, compiled};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 6] = ["traceparent", "b3", "x-b3-traceid", "sw8", "x-datadog-trace-id", "x-request-id"];

/// A store in which somebody else has written before.
#[derive(Clone, Default)]
struct Junk {
    junk: Vec<u8>,
    written: Rc<Written>,
}

#[derive(Default)]
struct Written {
    values: RefCell<HashMap<Key, (Vec<u8>, Token)>>,
    writes: Cell<u32>,
    revisions: Cell<u64>,
}

impl Store for Junk {
    fn read(&self, key: Key, value: &mut Vec<u8>) -> Option<Token> {
        let (there, token) = self.written.values.borrow().get(&key).cloned().unwrap_or((self.junk.clone(), Token(0)));
        *value = there;
        Some(token)
    }

    fn put(&self, key: Key, value: &[u8], token: Token) -> Result<Token, Overtaken> {
        let mut values = self.written.values.borrow_mut();
        if values.get(&key).is_some_and(|(_, there)| *there != token) {
            return Err(Overtaken);
        }
        self.written.writes.set(self.written.writes.get() + 1);
        let token = Token(self.written.writes.get());
        values.insert(key, (value.to_vec(), token));
        Ok(token)
    }

    /// The tokens of writes are told as they are.
    fn catch_up(&self) {}

    fn revision(&self) -> Option<u64> {
        Some(self.written.revisions.get())
    }

    fn revise(&self) {
        self.written.revisions.set(self.written.revisions.get() + 1);
    }
}

/// A sidecar that notes which ids it is asked for.
struct Sidecar {
    table: Table,
    ids: Vec<TraceId>,
    remembered: Option<TraceId>,
}

impl Memory for Sidecar {
    fn remember(
        &mut self,
        id: TraceId,
        lanes: Option<&LaneList<'_>>,
        identity: Option<IdentityHash>,
        question: Question,
    ) -> Option<Ticket> {
        self.remembered = Some(id);
        self.table.remember(id, lanes, identity, question)
    }

    fn recall(&mut self, id: TraceId) -> Recall {
        self.ids.push(id);
        self.table.recall(id)
    }
}

impl Draw for Sidecar {
    fn opaque_id(&mut self) -> OpaqueId {
        OpaqueId(0)
    }

    fn sequence_slot(&mut self, _: SplitId) -> Slot {
        Slot::of_phase(0)
    }

    fn unix_seconds(&mut self) -> u64 {
        0
    }
}

thread_local! {
    /// In front of an app and behind it.
    static ROUTERS: [Router; 2] = [Phase::SidecarInbound, Phase::SidecarOutbound].map(|phase| {
        compiled(CONFIG, |config| {
            config.phase = phase;
            config.correlation = Some(Correlation::default());
        })
    });
}

/// A value of a store, by the number of its key.
type Values = Vec<(u8, Vec<u8>)>;

fuzz_target!(|input: (Vec<u8>, Values, Values)| {
    let (junk, inbound, outbound) = input;
    let request = |fields: &[(u8, Vec<u8>)], marked: bool| {
        let mut headers = Headers::from([(":authority", "cart.shop"), (":path", "/")]);
        for (name, value) in fields {
            headers.push(NAMES[usize::from(*name) % NAMES.len()], value);
        }
        if marked {
            headers.push("x-gray-lane", "gray");
        }
        headers
    };
    let store = Junk { junk, ..Junk::default() };
    let mut sidecar = Sidecar { table: Table::new(store, &Correlation::default()), ids: Vec::new(), remembered: None };
    sidecar.table.set_time(1_800_000_000);
    ROUTERS.with(|[before, behind]| {
        before.decide(&request(&inbound, true), &mut sidecar);
        let decision = behind.decide(&request(&outbound, false), &mut sidecar);
        let known = sidecar.remembered.is_some_and(|id| sidecar.ids.contains(&id));
        assert_eq!(decision.lanes.is_empty(), !known, "{decision:?}");
    });
});

//! Chance: the one thing that a decision takes from outside the request.

use std::cell::Cell;
use std::rc::Rc;

use graylane_abi::host;
use graylane_core::correlation::{Question, Recall, Ticket};
use graylane_core::hash::IdentityHash;
use graylane_core::slots::Slot;
use graylane_core::{Draw, LaneList, Memory, OpaqueId, Sequence, SplitId, TraceId};

use crate::live::Live;

/// The place that this machine has reached in the sequence of a split.
///
/// Shared by all configurations that name the split, so that a new configuration does not start it over.
pub(crate) type Position = Rc<Cell<Sequence>>;

/// A position that is anywhere, so that machines do not march in step.
pub(crate) fn new_position() -> Position {
    let mut start = [0; 4];
    // A proxy that forbids its plugins randomness has machines that march in step.
    let _ = host::random(&mut start);
    Rc::new(Cell::new(Sequence::starting_at(u32::from_le_bytes(start))))
}

/// Draws for a request, and remembers it.
pub(crate) struct Chance<'a> {
    live: &'a Live,
    /// What has been recalled already.
    pub(crate) recalled: Option<(TraceId, Recall)>,
}

impl<'a> Chance<'a> {
    pub(crate) fn new(live: &'a Live) -> Self {
        Self { live, recalled: None }
    }
}

impl Memory for Chance<'_> {
    fn remember(
        &mut self,
        id: TraceId,
        lanes: Option<&LaneList<'_>>,
        identity: Option<IdentityHash>,
        question: Question,
    ) -> Option<Ticket> {
        self.live.memory.as_ref()?.table().borrow_mut().remember(id, lanes, identity, question)
    }

    fn recall(&mut self, id: TraceId) -> Recall {
        match (self.recalled.take(), &self.live.memory) {
            (Some((known, recall)), _) if known == id => recall,
            (_, Some(memory)) => memory.table().borrow_mut().recall(id),
            (_, None) => Recall::Unknown,
        }
    }
}

impl Draw for Chance<'_> {
    fn opaque_id(&mut self) -> OpaqueId {
        let mut random = [0; 16];
        match host::random(&mut random) {
            Ok(()) => OpaqueId(u128::from_le_bytes(random)),
            // A proxy that forbids its plugins randomness. The time is good enough to tell callers apart.
            Err(_) => OpaqueId(host::now().unwrap_or_default().into()),
        }
    }

    fn unix_seconds(&mut self) -> u64 {
        // Without a time, every override has expired.
        host::now().map_or(u64::MAX, |nanoseconds| nanoseconds / 1_000_000_000)
    }

    fn sequence_slot(&mut self, split: SplitId) -> Slot {
        let mut throwaway = Sequence::default();
        match self.live.positions.get(split.index()) {
            Some(position) => {
                let mut sequence = position.get();
                let slot = sequence.next_slot();
                position.set(sequence);
                slot
            }
            None => throwaway.next_slot(),
        }
    }
}

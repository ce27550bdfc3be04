//! The table of 10,000 slots by which a split shares out traffic.
//!
//! A table is kept as runs (`gray` has the next 1,000 slots, `base` the next 9,000), because that is short on the wire.
//! Invariant: the runs of a table cover every slot exactly once.

use serde::{Deserialize, Serialize};

use crate::read::read_object;

/// The number of slots of every table: one slot is 0.01 % of traffic.
pub const SLOTS: u16 = 10_000;

/// One place in a table, 0 to 9,999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u16);

impl Slot {
    /// The slot a 64-bit hash falls on: `hash mod 10,000`.
    ///
    /// The bias of the remainder is below 10⁻¹⁵.
    #[must_use]
    pub fn of_hash(hash: u64) -> Self {
        let slot = hash % u64::from(SLOTS);
        // Below 10,000, so it fits.
        Self(u16::try_from(slot).unwrap_or(0))
    }

    /// The slot at `phase` of a full turn of 2³².
    #[must_use]
    pub fn of_phase(phase: u32) -> Self {
        let slot = (u64::from(phase) * u64::from(SLOTS)) >> 32;
        Self(u16::try_from(slot).unwrap_or(0))
    }

    /// The slot's number, 0 to 9,999.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }
}

/// Some neighbouring slots that belong to one owner.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Run<T> {
    /// Who has these slots.
    pub to: T,
    /// How many slots they are.
    #[serde(deserialize_with = "crate::integer::deserialize")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 10_000)))]
    pub slots: u16,
}

/// A compiled table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotTable<T> {
    /// Ends (exclusive) of the runs, ascending; the last is 10,000.
    runs: Box<[(u16, T)]>,
}

/// A table whose runs do not add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the slots add up to {0}; {SLOTS} is allowed")]
pub struct WrongSlotSum(pub u32);

impl<T: Clone + PartialEq> SlotTable<T> {
    /// Builds the table from its runs, in order; empty runs are allowed and dropped.
    ///
    /// # Errors
    /// [`WrongSlotSum`] when the runs do not cover 10,000 slots exactly.
    pub fn new(runs: impl IntoIterator<Item = (T, u16)>) -> Result<Self, WrongSlotSum> {
        let mut ends: Vec<(u16, T)> = Vec::new();
        let mut sum = 0_u32;
        for (owner, slots) in runs {
            sum += u32::from(slots);
            let Ok(end) = u16::try_from(sum.min(u32::from(SLOTS))) else {
                continue;
            };
            match ends.last_mut() {
                _ if slots == 0 => {}
                Some((last_end, last)) if *last == owner => *last_end = end,
                _ => ends.push((end, owner)),
            }
        }
        if sum == u32::from(SLOTS) { Ok(Self { runs: ends.into() }) } else { Err(WrongSlotSum(sum)) }
    }

    /// Who has `slot`.
    #[must_use]
    pub fn owner(&self, slot: Slot) -> Option<&T> {
        self.runs.iter().find(|(end, _)| slot.number() < *end).map(|(_, owner)| owner)
    }

    /// The runs in order, as `(owner, number of slots)`.
    pub fn runs(&self) -> impl Iterator<Item = (&T, u16)> {
        let mut start = 0;
        self.runs.iter().map(move |(end, owner)| {
            let slots = end - start;
            start = *end;
            (owner, slots)
        })
    }

    /// The number of slots that `owner` has.
    #[must_use]
    pub fn share(&self, owner: &T) -> u16 {
        self.runs().filter(|(who, _)| *who == owner).map(|(_, slots)| slots).sum()
    }

    /// The table for new `shares` in which the fewest slots change owner.
    ///
    /// Owners that shrink give up their last slots; the slots given up go, in order, to the owners that grow, in the
    /// order of `shares`. So the number of slots that move is the sum of what shrinking owners lose, which no other
    /// table can beat, and an owner that grows keeps everything it had.
    ///
    /// # Errors
    /// [`WrongSlotSum`] when the shares do not add up to 10,000.
    pub fn reassigned(&self, shares: &[(T, u16)]) -> Result<Self, WrongSlotSum> {
        // Refuses a wrong sum before anything is moved.
        Self::new(shares.iter().cloned())?;
        let mut left: Vec<(&T, u16)> = shares.iter().map(|(owner, slots)| (owner, *slots)).collect();
        let mut kept: Vec<(Option<T>, u16)> = Vec::new();
        for (owner, slots) in self.runs() {
            let keep = left.iter_mut().find(|(who, _)| *who == owner).map_or(0, |(_, open)| {
                let keep = slots.min(*open);
                *open -= keep;
                keep
            });
            kept.push((Some(owner.clone()), keep));
            kept.push((None, slots - keep));
        }
        let mut growing = left.into_iter().filter(|(_, open)| *open > 0).peekable();
        let mut runs: Vec<(T, u16)> = Vec::new();
        for (owner, mut slots) in kept {
            if let Some(owner) = owner {
                runs.push((owner, slots));
                continue;
            }
            while slots > 0 {
                let Some((owner, open)) = growing.peek_mut() else {
                    break;
                };
                let taken = slots.min(*open);
                runs.push(((*owner).clone(), taken));
                slots -= taken;
                *open -= taken;
                if *open == 0 {
                    growing.next();
                }
            }
        }
        Self::new(runs)
    }
}

read_object!(Run<T> { to: required "to", slots: required "slots" });

#[cfg(test)]
mod tests;

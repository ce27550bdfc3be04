//! A sequence whose every stretch has close to the right share of each version.

use crate::slots::Slot;

/// The golden ratio as a fraction of 2³², the additive step that spreads points most evenly
/// (Weyl sequence; Knuth, The Art of Computer Programming, volume 3, section 6.4).
const GOLDEN: u32 = 0x9E37_79B9;

/// The place that one worker has reached in the sequence of one split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sequence {
    phase: u32,
}

impl Sequence {
    /// A sequence that starts anywhere, so that workers do not march in step.
    #[must_use]
    pub fn starting_at(phase: u32) -> Self {
        Self { phase }
    }

    /// The next slot.
    pub fn next_slot(&mut self) -> Slot {
        self.phase = self.phase.wrapping_add(GOLDEN);
        Slot::of_phase(self.phase)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_twenty_requests_at_ten_percent_hold_one_to_three(start: u32) {
            let mut sequence = Sequence::starting_at(start);
            let hits = (0..20).filter(|_| sequence.next_slot().number() < 1_000).count();
            prop_assert!((1..=3).contains(&hits), "{hits}");
        }

        #[test]
        fn ten_thousand_requests_are_within_three_of_any_share(start: u32, share in 0..=10_000_u16) {
            let mut sequence = Sequence::starting_at(start);
            let hits: i32 = (0..10_000).map(|_| i32::from(sequence.next_slot().number() < share)).sum();
            prop_assert!((hits - i32::from(share)).abs() <= 3, "{hits} of {share}");
        }
    }
}

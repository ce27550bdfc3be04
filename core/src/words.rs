//! Short texts by words of eight bytes: left to itself, the target compares and hashes them byte by byte.

/// Odd, with bits all over.
const MIXER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Whether two texts are the same.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let (mut one, mut other) = (one, other);
    while let (Some((word, one_rest)), Some((other_word, other_rest))) =
        (one.split_first_chunk(), other.split_first_chunk())
    {
        if u64::from_le_bytes(*word) != u64::from_le_bytes(*other_word) {
            return false;
        }
        (one, other) = (one_rest, other_rest);
    }
    one == other
}

/// A number by which texts are told apart in most cases, and in all of its bits. For tables in memory only.
pub(crate) fn hash(text: &[u8]) -> u32 {
    let (words, rest) = text.as_chunks::<8>();
    let last = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let words = words.iter().map(|word| u64::from_le_bytes(*word)).chain([last]);
    // In a product only the upper bits depend on all of the factors, so that half is multiplied once more.
    let mixed = words.fold(0, |mixed: u64, word| (mixed.rotate_left(5) ^ word).wrapping_mul(MIXER));
    let [_, _, _, _, upper @ ..] = (mixed ^ mixed >> 32).wrapping_mul(MIXER).to_le_bytes();
    u32::from_le_bytes(upper)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_the_same_when_all_their_bytes_are(one: Vec<u8>, at: prop::sample::Index, byte: u8, length in 0..40_usize) {
            let mut other = one.clone();
            prop_assert!(same(&one, &other));
            if let Some(own) = (!other.is_empty()).then(|| at.index(other.len())).and_then(|at| other.get_mut(at)) {
                *own = byte;
            }
            prop_assert_eq!(same(&one, &other), one == other);
            let shorter: Vec<u8> = one.iter().copied().take(length).collect();
            prop_assert_eq!(same(&one, &shorter), one == shorter);
            prop_assert!(one != other || hash(&one) == hash(&other));
        }
    }

    #[test]
    fn neighbours_are_spread_over_any_small_table() {
        for places in [64, 1_024, 4_096] {
            let half = places / 2;
            let place = |nth: u32| hash(format!("service-{nth}.shop").as_bytes()) % places;
            let taken: HashSet<u32> = (0..half).map(place).collect();
            // By chance alone, 79 % of half a table's entries meet nobody.
            assert!(taken.len() > usize::try_from(half).unwrap() * 7 / 10, "{} of {half}", taken.len());
        }
    }
}

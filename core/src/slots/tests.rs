use proptest::prelude::*;

use super::*;

fn table(shares: &[(&'static str, u16)]) -> SlotTable<&'static str> {
    SlotTable::new(shares.iter().copied()).unwrap()
}

fn moved(from: &SlotTable<&'static str>, to: &SlotTable<&'static str>) -> Vec<(&'static str, &'static str)> {
    (0..SLOTS)
        .map(|slot| Slot::of_hash(u64::from(slot)))
        .map(|slot| (*from.owner(slot).unwrap(), *to.owner(slot).unwrap()))
        .filter(|(before, after)| before != after)
        .collect()
}

#[test]
fn a_table_must_cover_every_slot_once() {
    assert_eq!(SlotTable::new([("gray", 999), ("base", 9_000)]), Err(WrongSlotSum(9_999)));
    assert_eq!(SlotTable::new([("gray", 1_001), ("base", 9_000)]), Err(WrongSlotSum(10_001)));
    assert_eq!(SlotTable::new([("gray", u16::MAX), ("base", u16::MAX)]), Err(WrongSlotSum(131_070)));
}

#[test]
fn fifty_thirty_twenty_to_forty_thirty_thirty_moves_exactly_a_thousand_slots() {
    let before = table(&[("v1", 5_000), ("v2", 3_000), ("v3", 2_000)]);
    let after = before.reassigned(&[("v1", 4_000), ("v2", 3_000), ("v3", 3_000)]).unwrap();
    let moves = moved(&before, &after);
    assert_eq!(moves.len(), 1_000);
    assert!(moves.iter().all(|step| *step == ("v1", "v3")));
}

#[test]
fn a_retired_owner_leaves_its_slots_to_those_that_grow() {
    let before = table(&[("v1", 5_000), ("v2", 5_000)]);
    let after = before.reassigned(&[("v2", 10_000)]).unwrap();
    assert_eq!(after.share(&"v2"), 10_000);
}

fn shares() -> impl Strategy<Value = Vec<(&'static str, u16)>> {
    prop::collection::vec(0..=SLOTS, 3).prop_map(|mut cuts| {
        cuts.sort_unstable();
        vec![("a", cuts[0]), ("b", cuts[1] - cuts[0]), ("c", cuts[2] - cuts[1]), ("d", SLOTS - cuts[2])]
    })
}

proptest! {
    #[test]
    fn a_change_of_shares_moves_the_fewest_slots_possible(before in shares(), after in shares(), last in shares()) {
        let first = table(&before).reassigned(&after).unwrap();
        for (from, to) in [(table(&before), first.clone()), (first.clone(), first.reassigned(&last).unwrap())] {
            let least: u16 = ["a", "b", "c", "d"]
                .iter()
                .map(|owner| from.share(owner).saturating_sub(to.share(owner)))
                .sum();
            prop_assert_eq!(moved(&from, &to).len(), usize::from(least));
        }
        for (owner, slots) in &last {
            prop_assert_eq!(first.reassigned(&last).unwrap().share(owner), *slots);
        }
    }

    #[test]
    fn raising_one_share_never_takes_a_slot_from_it(low in 0..=SLOTS, high in 0..=SLOTS) {
        let (low, high) = (low.min(high), low.max(high));
        let before = table(&[("gray", low), ("base", SLOTS - low)]);
        let after = before.reassigned(&[("gray", high), ("base", SLOTS - high)]).unwrap();
        prop_assert!(moved(&before, &after).iter().all(|step| *step == ("base", "gray")));
        prop_assert_eq!(moved(&before, &after).len(), usize::from(high - low));
    }

    #[test]
    fn every_hash_and_every_phase_has_an_owner(hash: u64, phase: u32, shares in shares()) {
        let table = table(&shares);
        prop_assert!(table.owner(Slot::of_hash(hash)).is_some());
        prop_assert!(table.owner(Slot::of_phase(phase)).is_some());
    }
}

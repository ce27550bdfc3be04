//! What there is room for, whatever comes.

use super::*;

#[test]
fn scenario_29_a_million_ids_take_the_keys_and_bytes_that_were_made_at_first() {
    let (store, mut table) = one();
    table.create();
    let made = store.size();
    let sets = Correlation::REQUESTS / u32::try_from(WAYS).unwrap();
    assert_eq!(made, (sets.try_into().unwrap(), SIZE * usize::try_from(sets).unwrap()));
    let mut random = 0_u128;
    for number in 0..1_000_000 {
        random = random.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(1);
        table.remember(id(random | 1), (number % 2 == 0).then(LaneList::new).as_ref(), None, Question::None).unwrap();
    }
    assert_eq!(store.size(), made);
    let Counts { evictions, failures, damaged, .. } = table.take_counts();
    assert_eq!((evictions, failures, damaged), (1_000_000 - u64::from(Correlation::REQUESTS), 0, 0));
    let full = u64::from(Correlation::REQUESTS);
    assert_eq!((0..200).map(|_| table.occupancy()).max(), Some(full));
}

#[test]
fn occupancy_is_close_to_the_truth() {
    let (_, mut table) = one();
    for number in 1..=8_192 {
        remember(&mut table, id(number), []);
    }
    let remembered = 8_192 - table.take_counts().evictions;
    assert!(remembered > 8_180, "{remembered}");
    let sum: u64 = (0..128).map(|_| table.occupancy()).sum();
    assert_eq!(sum / 128, remembered, "all sets, one sample after the other");
}

/// The table of `docs/benchmarks.md`: the share of requests, in thousandths, that a table of any size still knows when so
/// many percent of its entries have come since.
const KNOWN: [(u32, u64); 6] = [(12, 1_000), (25, 999), (50, 985), (75, 935), (100, 860), (200, 500)];

#[test]
fn as_many_requests_are_still_known_as_the_table_in_the_docs_says() {
    for requests in [1_024, 32_768] {
        for (percent, least) in KNOWN {
            let mut table = worker(&Shared::default(), requests);
            let count = u128::from(requests * percent / 100);
            for number in 1..=count {
                let ticket = remember(&mut table, id(number), []);
                table.end(&ticket);
            }
            let known = (1..=count).filter(|number| recalled(&mut table, id(*number)) == "base").count();
            let share = u64::try_from(known * 1_000 / usize::try_from(count).unwrap()).unwrap();
            println!("{requests} requests, {percent} %: {share} of 1000");
            assert!(share + 25 >= least, "{requests} requests, {percent} %: {share} of 1000");
        }
    }
}

#[test]
fn lists_in_use_are_never_replaced_and_those_out_of_use_make_room() {
    let (store, mut table) = one();
    let name = |number: u32| -> &'static str { Box::leak(format!("lane-{number}").into_boxed_str()) };
    let mut remembered = Vec::new();
    for number in 0..2_000 {
        let id = id(u128::from(number) + 1);
        if table.remember(id, Some(&lanes([name(number)])), None, Question::None).is_some() {
            remembered.push((id, name(number)));
        }
    }
    assert!((200..=256).contains(&remembered.len()), "{}", remembered.len());
    for (id, name) in &remembered {
        assert_eq!(recalled(&mut table, *id), *name);
    }
    let failures = table.take_counts().failures;
    assert_eq!(failures, 2_000 - u64::try_from(remembered.len()).unwrap());
    let mut later = worker(&store, Correlation::REQUESTS);
    later.set_time(START + 3 * u32::from(TTL));
    remember(&mut later, id(5_000), ["another"]);
    assert_eq!(recalled(&mut later, id(5_000)), "another");
}

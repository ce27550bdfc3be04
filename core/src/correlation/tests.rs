//! What the table promises, one by one.

mod late;
mod model;
mod recent;
mod room;
mod shared;
mod written;

use proptest::prelude::*;

use super::entry::{Mark, Time};
use super::set::{SIZE, Set, WAYS};
use super::*;
use crate::config::Correlation;
use crate::mark::LaneList;
use crate::request::Memory as _;
use crate::trace_id::TraceId;
use shared::Shared;

const TTL: u16 = 60;
/// Any time.
const START: u32 = 1_800_000_000;

fn config(requests: u32) -> Correlation {
    Correlation { ttl_seconds: TTL, requests, ..Correlation::default() }
}

/// A worker's table in `store`.
fn worker(store: &Shared, requests: u32) -> Table {
    let mut table = Table::new(store.clone(), &config(requests));
    table.set_time(START);
    table
}

fn one() -> (Shared, Table) {
    let store = Shared::default();
    let table = worker(&store, Correlation::REQUESTS);
    (store, table)
}

fn id(number: u128) -> TraceId {
    TraceId::new(number).unwrap()
}

fn lanes<const COUNT: usize>(names: [&'static str; COUNT]) -> LaneList<'static> {
    names.into_iter().collect()
}

fn remember<const COUNT: usize>(table: &mut Table, id: TraceId, names: [&'static str; COUNT]) -> Ticket {
    table.remember(id, Some(&lanes(names)), None, Question::None).unwrap()
}

/// What a recalled request is in, as text.
fn recalled(table: &mut Table, id: TraceId) -> String {
    match table.recall(id) {
        Recall::Unknown => "unknown".to_owned(),
        Recall::Ambiguous => "ambiguous".to_owned(),
        Recall::Known(Remembered { lanes, .. }) => match lanes {
            RememberedLanes::Unmarked => "unmarked".to_owned(),
            RememberedLanes::Base => "base".to_owned(),
            RememberedLanes::Lanes(text) => text.to_string(),
        },
    }
}

#[test]
fn every_worker_recalls_a_mark_exactly_as_it_came() {
    let (store, mut first) = one();
    let mut second = worker(&store, Correlation::REQUESTS);
    let identity = IdentityHash::parse(b"0cda3b18");
    first.remember(id(1), Some(&lanes(["no-such-lane", "gray"])), identity, Question::Explain).unwrap();
    let expected = Remembered {
        lanes: RememberedLanes::Lanes("no-such-lane, gray".into()),
        identity,
        question: Question::Explain,
    };
    assert_eq!(first.recall(id(1)), Recall::Known(expected.clone()));
    assert_eq!(second.recall(id(1)), Recall::Known(expected));
    assert_eq!(second.recall(id(2)), Recall::Unknown);
    assert_eq!(second.take_counts(), Counts { hits: 1, misses: 1, ..Counts::default() });
}

#[test]
fn base_and_no_mark_at_all_are_remembered_and_told_apart() {
    let (_, mut table) = one();
    remember(&mut table, id(1), []);
    table.remember(id(2), None, None, Question::None).unwrap();
    assert_eq!((recalled(&mut table, id(1)), recalled(&mut table, id(2))), ("base".to_owned(), "unmarked".to_owned()));
}

/// All that are still under way, as the next ticks find them.
fn pass(table: &mut Table, seconds: std::ops::RangeInclusive<u32>, under_way: &mut [&mut Ticket]) {
    for second in seconds {
        table.set_time(START + second);
        for ticket in under_way.iter_mut() {
            table.keep(ticket);
        }
    }
}

#[test]
fn requests_of_one_id_and_different_marks_are_ambiguous_until_all_but_one_have_ended() {
    let (_, mut table) = one();
    let (gray, again) = (remember(&mut table, id(1), ["gray"]), remember(&mut table, id(1), ["gray"]));
    let base = remember(&mut table, id(1), []);
    assert_eq!(table.take_counts().conflicts, 1);
    assert_eq!(recalled(&mut table, id(1)), "ambiguous");
    table.end(&gray);
    assert_eq!(recalled(&mut table, id(1)), "ambiguous", "another is under way");
    table.end(&again);
    assert_eq!(recalled(&mut table, id(1)), "base");
    table.end(&base);
    assert_eq!(recalled(&mut table, id(1)), "ambiguous", "either may still have work to do");
    assert_eq!(table.take_counts().ambiguous, 3);
    remember(&mut table, id(1), ["gray"]);
    assert_eq!(recalled(&mut table, id(1)), "gray");
}

#[test]
fn a_request_ends_its_ambiguity_when_it_ends_whichever_worker_looks() {
    for first_ends in [true, false] {
        let (store, mut first) = one();
        let mut second = worker(&store, Correlation::REQUESTS);
        let gray = remember(&mut first, id(1), ["gray"]);
        let base = remember(&mut second, id(1), []);
        assert_eq!(recalled(&mut first, id(1)), "ambiguous");
        let expected = if first_ends {
            first.end(&gray);
            "base"
        } else {
            second.end(&base);
            "gray"
        };
        assert_eq!(recalled(&mut first, id(1)), expected);
        assert_eq!(recalled(&mut second, id(1)), expected);
    }
}

#[test]
fn a_request_under_way_that_was_forgotten_is_put_back() {
    let mut table = Table::new(Shared::default(), &config(8));
    table.set_time(START);
    let mut long = remember(&mut table, id(1), ["gray"]);
    for number in 2..20 {
        remember(&mut table, id(number), []);
    }
    assert_eq!(recalled(&mut table, id(1)), "unknown");
    pass(&mut table, 1..=u32::from(TTL / 2), &mut [&mut long]);
    assert_eq!(recalled(&mut table, id(1)), "gray");
}

#[test]
fn another_identity_is_another_mark() {
    let (_, mut table) = one();
    let gray = lanes(["gray"]);
    for identity in ["0cda3b18", "e8639d08"] {
        table.remember(id(1), Some(&gray), IdentityHash::parse(identity.as_bytes()), Question::None).unwrap();
    }
    assert_eq!(recalled(&mut table, id(1)), "ambiguous");
}

#[test]
fn the_mark_of_a_later_request_replaces_that_of_one_that_has_ended() {
    let (store, mut first) = one();
    let mut second = worker(&store, Correlation::REQUESTS);
    for names in [["gray"], ["blue"]] {
        let ticket = remember(&mut first, id(1), names);
        first.end(&ticket);
        assert_eq!(recalled(&mut second, id(1)), names[0], "also for calls after the response");
    }
    remember(&mut first, id(1), []);
    assert_eq!(recalled(&mut second, id(1)), "base");
    assert_eq!(first.take_counts().conflicts, 0);
}

#[test]
fn a_request_is_forgotten_after_its_time_unless_it_is_under_way() {
    let (_, mut table) = one();
    let mut long = remember(&mut table, id(1), ["gray"]);
    remember(&mut table, id(2), ["gray"]);
    for second in 1..300 {
        table.set_time(START + second);
        table.keep(&mut long);
        assert_eq!(recalled(&mut table, id(1)), "gray", "{second}");
        let expected = if second < u32::from(TTL) { "gray" } else { "unknown" };
        assert_eq!(recalled(&mut table, id(2)), expected, "{second}");
    }
    table.end(&long);
    table.set_time(START + 400);
    assert_eq!(recalled(&mut table, id(1)), "unknown");
}

#[test]
fn a_clock_that_was_set_back_keeps_nothing_alive() {
    let (_, mut table) = one();
    remember(&mut table, id(1), ["gray"]);
    table.set_time(START - 10_000);
    assert_eq!(recalled(&mut table, id(1)), "unknown");
}

#[test]
fn a_full_set_forgets_what_has_ended_before_what_is_under_way_and_the_oldest_first() {
    let store = Shared::default();
    let mut table = Table::new(store, &Correlation { requests: 8, ..config(8) });
    let mut tickets: Vec<Ticket> = Vec::new();
    for number in 1..=8 {
        table.set_time(START + u32::try_from(number).unwrap());
        for ticket in &mut tickets {
            table.keep(ticket);
        }
        tickets.push(remember(&mut table, id(number), ["gray"]));
    }
    pass(&mut table, 9..=12, &mut tickets.iter_mut().collect::<Vec<_>>());
    table.end(&tickets[5]);
    table.end(&tickets[6]);
    let gone = |table: &mut Table| (1..=8).filter(|it| table.recall(id(*it)) == Recall::Unknown).collect::<Vec<_>>();
    for (newcomer, expected) in [(9, vec![6]), (10, vec![6, 7]), (11, vec![1, 6, 7])] {
        remember(&mut table, id(newcomer), []);
        assert_eq!(gone(&mut table), expected);
    }
    assert_eq!(table.take_counts().evictions, 3);
}

#[test]
fn a_list_stays_published_for_as_long_as_a_request_with_it_is_under_way() {
    let (store, mut table) = one();
    let mut long = remember(&mut table, id(1), ["gray"]);
    let mut other = worker(&store, Correlation::REQUESTS);
    for second in (0..1_000).step_by(10) {
        table.set_time(START + second);
        other.set_time(START + second);
        table.keep(&mut long);
        for number in 0..50 {
            let name: &'static str = Box::leak(format!("l{second}-{number}").into_boxed_str());
            other.remember(id(u128::from(second * 100 + number + 10)), Some(&lanes([name])), None, Question::None);
        }
        let mut fresh = worker(&store, Correlation::REQUESTS);
        fresh.set_time(START + second);
        assert_eq!(recalled(&mut fresh, id(1)), "gray", "{second}");
    }
}

#[test]
fn a_request_that_can_not_be_stored_is_an_unknown_one() {
    let (store, mut table) = one();
    store.refuse();
    assert_eq!(table.remember(id(1), None, None, Question::None), None);
    assert_eq!(table.recall(id(1)), Recall::Unknown);
    assert_eq!(table.take_counts(), Counts { misses: 1, failures: 1, ..Counts::default() });
    assert_eq!(table.occupancy(), 0);
}

#[test]
fn more_requests_than_can_be_counted_stay_ambiguous_and_expire() {
    let mut set = Set::empty();
    let (mark, time) = (Mark::default(), Time { now: START, ttl: 60 });
    for _ in 0..70_000 {
        set.open(7, mark, time);
    }
    for _ in 0..70_000 {
        set.close(7, mark);
    }
    let other = Mark::new(Some(1), None, Question::None);
    assert!(set.open(7, other, Time { now: START + 50, ..time }).conflict);
    assert_eq!(set.find(7, Time { now: START + 110, ..time }), super::set::Found::Nothing);
}

#[test]
fn what_another_version_has_written_counts_as_empty() {
    let (store, mut table) = one();
    remember(&mut table, id(1), ["gray"]);
    store.spoil(|value| value[0] ^= 1);
    assert_eq!(table.recall(id(1)), Recall::Unknown);
    assert_eq!(table.take_counts().damaged, 1);
    remember(&mut table, id(1), []);
    assert_eq!(recalled(&mut table, id(1)), "base");
}

proptest! {
    #[test]
    fn no_bytes_in_the_store_make_it_fail_or_invent_a_mark(
        junk in prop::collection::vec(any::<u8>(), 0..300), cut in 0..=SIZE, number in 1_u128..
    ) {
        let (store, mut table) = one();
        remember(&mut table, id(number), ["gray"]);
        for change in [0, 1] {
            store.spoil(|value| if change == 0 { value.truncate(cut.min(SIZE - 1)) } else { value.clone_from(&junk) });
            prop_assert_eq!(table.recall(id(number)), Recall::Unknown);
            table.occupancy();
        }
        table.remember(id(number), Some(&lanes(["gray"])), None, Question::None);
        let mut fresh = worker(&store, Correlation::REQUESTS);
        prop_assert!(["gray", "unknown"].contains(&&*recalled(&mut fresh, id(number))));
    }

    #[test]
    fn a_set_is_read_as_it_was_written(requests in prop::collection::vec(
        (1_u64.., any::<Option<u32>>(), any::<Option<u32>>(), any::<bool>()), 0..20
    )) {
        let mut set = Set::empty();
        for (id, lanes, identity, asked) in requests {
            let question = if asked { Question::Explain } else { Question::None };
            let mark = Mark::new(lanes, identity.map(IdentityHash::from_bits), question);
            set.open(id, mark, Time { now: START, ttl: 9 });
        }
        let written = set.seal().to_vec();
        prop_assert_eq!(Set::of(written), Some(set));
    }
}

//! A set as a worker has left it: it is changed without being read, if nobody else has written it.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{START, config, id, one, recalled, remember, worker};
use crate::config::Correlation;
use crate::correlation::tests::shared::Shared;
use crate::correlation::{Table, Ticket};

/// The reads that something takes.
fn reads<T>(store: &Shared, act: impl FnOnce() -> T) -> u64 {
    let before = store.reads();
    act();
    store.reads() - before
}

/// The reads that the end of a request takes.
fn reads_of_end(store: &Shared, table: &mut Table, ticket: &Ticket) -> u64 {
    reads(store, || table.end(ticket))
}

/// A whole request, and what it reads.
fn serve(store: &Shared, table: &mut Table, number: u128) -> u64 {
    reads(store, || {
        let ticket = remember(table, id(number), []);
        table.end(&ticket);
    })
}

fn remembered_by_another(store: &Shared, number: u128) -> String {
    recalled(&mut worker(store, Correlation::REQUESTS), id(number))
}

#[test]
fn a_request_ends_without_a_read_where_nobody_else_has_written_its_set() {
    let (store, mut table) = one();
    let (first, second) = (remember(&mut table, id(1), ["gray"]), remember(&mut table, id(2), []));
    assert_eq!([second, first].map(|ticket| reads_of_end(&store, &mut table, &ticket)), [0, 0]);
    assert_eq!(remembered_by_another(&store, 1), "gray");
    remember(&mut table, id(1), []);
    assert_eq!(remembered_by_another(&store, 1), "base", "its end was written");
}

#[test]
fn a_worker_that_alone_writes_reads_each_set_once_in_an_hour() {
    let store = Shared::default();
    let mut table = worker(&store, 8);
    for number in 1..100 {
        table.set_time(START + u32::try_from(number).unwrap());
        assert_eq!(serve(&store, &mut table, number), u64::from(number == 1), "{number}");
    }
    table.set_time(START + 4_096);
    assert_eq!([100, 101].map(|number| serve(&store, &mut table, number)), [1, 0]);
}

#[test]
fn where_another_worker_has_written_meanwhile_nothing_of_it_is_lost() {
    let (store, mut table) = one();
    let mut other = worker(&store, Correlation::REQUESTS);
    let gray = remember(&mut table, id(1), ["gray"]);
    let base = remember(&mut other, id(1), []);
    assert_eq!(reads_of_end(&store, &mut table, &gray), 1);
    assert_eq!([&mut table, &mut other].map(|table| recalled(table, id(1))), ["base", "base"]);
    assert_eq!(reads_of_end(&store, &mut other, &base), 1);
    assert_eq!(recalled(&mut table, id(1)), "ambiguous", "both ended together");
}

/// Others write the set of an id, and have done with it.
fn rival(store: &Shared, number: u128) {
    serve(store, &mut worker(store, Correlation::REQUESTS), number);
}

/// A request during which others write its set, so that its end finds a copy that is refused.
fn be_refused(store: &Shared, table: &mut Table, number: u128) {
    let ticket = remember(table, id(number), []);
    rival(store, number);
    assert_eq!(reads_of_end(store, table, &ticket), 1);
}

#[test]
fn a_worker_that_was_refused_where_others_write_reads_for_a_while_and_tries_again() {
    let (store, mut table) = one();
    be_refused(&store, &mut table, 1);
    // In tests a while is eight changes.
    assert_eq!([2, 3, 4, 5, 6].map(|number| serve(&store, &mut table, number)), [2, 2, 2, 2, 1]);
}

#[test]
fn a_worker_that_was_refused_once_is_right_again_after_a_moment() {
    let (store, mut table) = one();
    for number in 1..5 {
        serve(&store, &mut table, number);
    }
    be_refused(&store, &mut table, 5);
    // In tests a moment is two changes; the sets of before have not been written by anybody since.
    assert_eq!([6, 7, 1, 2, 3].map(|number| serve(&store, &mut table, number)), [2, 1, 0, 0, 0]);
}

#[test]
fn a_worker_that_serves_many_at_once_is_right_again_after_others_have_written() {
    let (store, mut table) = one();
    for number in 1..100 {
        serve(&store, &mut table, number);
    }
    (1_000..1_010).for_each(|number| rival(&store, number));
    let mut open: Vec<Ticket> = (1..=8).map(|number| remember(&mut table, id(number), [])).collect();
    let reads: Vec<u64> = (9..100)
        .map(|number| {
            let ticket = open.remove(0);
            let reads = reads_of_end(&store, &mut table, &ticket);
            open.push(remember(&mut table, id(number), []));
            reads
        })
        .collect();
    assert!(reads.iter().sum::<u64>() < 20 && reads.ends_with(&[0; 50]), "{reads:?}");
}

#[test]
fn copies_take_as_much_as_the_table_where_one_worker_writes_and_next_to_nothing_where_several_do() {
    let (store, mut alone) = one();
    for number in 1..40_000 {
        serve(&store, &mut alone, number);
    }
    assert_eq!(alone.copies(), 4_096);
    let store = Shared::default();
    let mut workers = [(); 3].map(|()| worker(&store, Correlation::REQUESTS));
    for number in 1..40_000 {
        for (own, table) in (0..).zip(&mut workers) {
            serve(&store, table, number * 3 + own);
            assert!(table.copies() < 5, "{}", table.copies());
        }
    }
}

proptest! {
    /// Each begins and ends requests of a few sets, now by itself and now in the midst of others.
    #[test]
    fn however_workers_take_turns_no_beginning_and_no_end_is_lost(
        turns in prop::collection::vec((0..3_usize, 1..20_u8, 0..40_u8), 1..30)
    ) {
        let store = Shared::default();
        let mut workers = [(); 3].map(|()| worker(&store, 64));
        let mut open: Vec<(usize, u128, Ticket)> = Vec::new();
        for (own, first, count) in turns {
            for number in (first..first.saturating_add(count)).map(|number| u128::from(number % 16) + 1) {
                open.push((own, number, remember(&mut workers[own], id(number), ["gray"])));
                if number % 3 > 0 {
                    let (own, _, ticket) = open.swap_remove(open.len() / 2);
                    workers[own].end(&ticket);
                }
            }
        }
        // Whoever is under way makes another mark ambiguous.
        let with_another = |number| {
            let mut other = Table::new(store.clone(), &config(64));
            other.set_time(START);
            let ticket = remember(&mut other, id(number), []);
            let seen = recalled(&mut other, id(number));
            other.end(&ticket);
            seen
        };
        for number in open.iter().map(|(_, number, _)| *number).collect::<BTreeSet<_>>() {
            prop_assert_eq!(with_another(number), "ambiguous", "{} is under way", number);
        }
        for (own, _, ticket) in open {
            workers[own].end(&ticket);
        }
        for number in 1..17 {
            prop_assert_eq!(with_another(number), "base", "{} has ended", number);
        }
    }
}

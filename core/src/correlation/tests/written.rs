//! A set that a worker has just written: it is changed without being read, if it still is what the worker has written.

use super::{START, id, one, recalled, remember, worker};
use crate::config::Correlation;
use crate::correlation::tests::shared::Shared;
use crate::correlation::{Table, Ticket};

/// The reads that the end of a request takes.
fn reads_of_end(store: &Shared, table: &mut Table, ticket: &Ticket) -> u64 {
    let before = store.reads();
    table.end(ticket);
    store.reads() - before
}

#[test]
fn a_request_ends_without_a_read_where_nobody_else_has_written_its_set() {
    let (store, mut table) = one();
    let (first, second) = (remember(&mut table, id(1), ["gray"]), remember(&mut table, id(2), []));
    assert_eq!([second, first].map(|ticket| reads_of_end(&store, &mut table, &ticket)), [0, 0]);
    assert_eq!(remembered_by_another(&store, 1), "gray");
    let third = remember(&mut table, id(1), []);
    assert_eq!(remembered_by_another(&store, 1), "base", "its end was written");
    table.set_time(START + 1);
    assert_eq!(reads_of_end(&store, &mut table, &third), 1, "a second later it is read");
}

fn remembered_by_another(store: &Shared, number: u128) -> String {
    recalled(&mut worker(store, Correlation::REQUESTS), id(number))
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

#[test]
fn a_worker_that_was_refused_reads_for_a_while_and_tries_again() {
    let (store, mut table) = one();
    let mut other = worker(&store, Correlation::REQUESTS);
    let mut reads = |rivals: u32, number: u128| {
        let own = remember(&mut table, id(number), []);
        for _ in 0..rivals {
            let ticket = remember(&mut other, id(number), []);
            other.end(&ticket);
        }
        reads_of_end(&store, &mut table, &own)
    };
    assert_eq!([reads(0, 1), reads(1, 2), reads(0, 3)], [0, 1, 1]);
    let until = (4..200).position(|number| reads(0, number) == 0);
    assert_eq!(until, Some(31));
}

#[test]
fn a_worker_that_serves_many_at_once_is_right_again_after_others_have_written() {
    let (store, mut table) = one();
    for number in 1_000..1_010 {
        remember(&mut worker(&store, Correlation::REQUESTS), id(number), []);
    }
    let mut open: Vec<Ticket> = (1..=8).map(|number| remember(&mut table, id(number), [])).collect();
    let mut reads = Vec::new();
    for number in 9..100 {
        let ticket = open.remove(0);
        reads.push(reads_of_end(&store, &mut table, &ticket));
        open.push(remember(&mut table, id(number), []));
    }
    let (at_first, then) = reads.split_at(36);
    assert!(at_first.iter().sum::<u64>() > 30, "{reads:?}");
    // A few have the place of another one.
    assert!(then.iter().sum::<u64>() < 15, "{reads:?}");
}

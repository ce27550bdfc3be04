//! What a worker keeps in front of the table: it spares reads, and changes no answer.

use proptest::prelude::*;

use super::{START, TTL, config, id, lanes, one, recalled, remember, worker};
use crate::config::Correlation;
use crate::correlation::tests::shared::Shared;
use crate::correlation::{Question, Table, Ticket};
use crate::request::Memory as _;

/// The reads that looking an id up takes.
fn reads(store: &Shared, table: &mut Table, number: u128) -> u64 {
    let before = store.reads();
    assert_eq!(recalled(table, id(number)), "base");
    store.reads() - before
}

#[test]
fn the_calls_of_one_request_read_its_set_once_in_a_second() {
    let (store, mut inbound) = one();
    let mut outbound = worker(&store, Correlation::REQUESTS);
    for number in [1, 2] {
        remember(&mut inbound, id(number), []);
    }
    assert_eq!([1, 1].map(|number| reads(&store, &mut outbound, number)), [1, 1], "it learns the revision");
    assert_eq!([1, 2, 1, 2].map(|number| reads(&store, &mut outbound, number)), [0, 1, 0, 0]);
    for number in 3..50 {
        let ticket = remember(&mut inbound, id(number), ["gray"]);
        inbound.end(&ticket);
    }
    assert_eq!(reads(&store, &mut outbound, 1), 0, "whatever other requests come and go");
    outbound.set_time(START + 1);
    assert_eq!([1, 1].map(|number| reads(&store, &mut outbound, number)), [1, 0], "in the next second once more");
}

#[test]
fn an_id_that_gets_another_mark_is_read_again_by_every_worker() {
    let (store, mut inbound) = one();
    let mut outbound = [(); 2].map(|()| worker(&store, Correlation::REQUESTS));
    let first = remember(&mut inbound, id(1), []);
    for table in &mut outbound {
        assert_eq!([1, 1, 1].map(|number| reads(&store, table, number)), [1, 1, 0]);
    }
    let second = remember(&mut inbound, id(1), ["gray"]);
    assert_eq!(outbound.each_mut().map(|table| recalled(table, id(1))), ["ambiguous", "ambiguous"]);
    inbound.end(&first);
    assert_eq!(outbound.each_mut().map(|table| recalled(table, id(1))), ["gray", "gray"]);
    inbound.end(&second);
    assert_eq!(outbound.each_mut().map(|table| recalled(table, id(1))), ["ambiguous", "ambiguous"]);
}

#[test]
fn a_mark_that_nobody_can_find_any_more_is_not_kept_when_its_id_gets_another() {
    let (store, mut inbound) = one();
    let mut outbound = worker(&store, Correlation::REQUESTS);
    remember(&mut inbound, id(1), []);
    assert_eq!([1, 1, 1].map(|number| reads(&store, &mut outbound, number)), [1, 1, 0]);
    store.spoil(Vec::clear);
    store.spoil(|value| value.push(0));
    remember(&mut inbound, id(1), ["gray"]);
    assert_eq!(recalled(&mut outbound, id(1)), "gray");
}

#[test]
fn a_mark_that_a_worker_whose_clock_is_ahead_takes_for_expired_is_not_kept() {
    let store = Shared::default();
    let (mut inbound, mut outbound) = (worker(&store, 8), worker(&store, 8));
    remember(&mut inbound, id(1), []);
    outbound.set_time(START + u32::from(TTL) - 1);
    inbound.set_time(START + u32::from(TTL) + 1);
    assert_eq!([1, 1, 1].map(|number| reads(&store, &mut outbound, number)), [1, 1, 1]);
    // They take the place of what has expired, which is no eviction.
    for number in 2..10 {
        remember(&mut inbound, id(number), []);
    }
    remember(&mut inbound, id(1), ["gray"]);
    assert_eq!(recalled(&mut outbound, id(1)), "gray");
}

#[test]
fn where_nobody_can_tell_what_was_revised_nothing_is_kept() {
    let (store, mut table) = one();
    store.lose_revisions();
    remember(&mut table, id(1), []);
    assert_eq!([1, 1, 1].map(|number| reads(&store, &mut table, number)), [1, 1, 1]);
}

const WORKERS: usize = 3;
/// More than there are entries.
const IDS: u8 = 12;

#[derive(Debug, Clone, Copy)]
enum Step {
    Begin { worker: usize, id: u8, lane: Option<&'static str>, question: Question },
    End(prop::sample::Index),
    Recall { worker: usize, id: u8 },
    Tick { worker: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let worker = 0..WORKERS;
    // A few that meet often, and others that take their places.
    let id = prop_oneof![3 => 1..3_u8, 1 => 1..=IDS];
    let lane = prop::sample::select(vec![None, Some("gray"), Some("blue")]);
    let question = prop_oneof![4 => Just(Question::None), 1 => Just(Question::Explain)];
    prop_oneof![
        8 => (worker.clone(), id.clone(), lane, question)
            .prop_map(|(worker, id, lane, question)| Step::Begin { worker, id, lane, question }),
        6 => any::<prop::sample::Index>().prop_map(Step::End),
        16 => (worker.clone(), id).prop_map(|(worker, id)| Step::Recall { worker, id }),
        3 => worker.prop_map(|worker| Step::Tick { worker }),
    ]
}

struct World {
    store: Shared,
    tables: Vec<(Table, u32)>,
    open: Vec<(usize, Ticket)>,
}

impl World {
    fn new() -> Self {
        let store = Shared::default();
        let tables = (0..WORKERS).map(|_| (worker(&store, 8), START)).collect();
        Self { store, tables, open: Vec::new() }
    }

    fn act(&mut self, step: Step) {
        match step {
            Step::Begin { worker, id: number, lane, question } => {
                let lanes = lane.map(|lane| lanes([lane]));
                let ticket = self.tables[worker].0.remember(id(number.into()), lanes.as_ref(), None, question);
                self.open.extend(ticket.map(|ticket| (worker, ticket)));
            }
            Step::End(which) if !self.open.is_empty() => {
                let (worker, ticket) = self.open.swap_remove(which.index(self.open.len()));
                self.tables[worker].0.end(&ticket);
            }
            Step::End(_) => {}
            Step::Recall { worker: own, id: number } => {
                let (table, now) = &mut self.tables[own];
                let mut fresh = Table::new(self.store.clone(), &config(8));
                fresh.set_time(*now);
                assert_eq!(table.recall(id(number.into())), fresh.recall(id(number.into())), "{number}");
            }
            Step::Tick { worker } => self.tick(worker),
        }
    }

    /// A worker's clock goes on, unless it is two seconds ahead of another's.
    fn tick(&mut self, worker: usize) {
        let earliest = self.tables.iter().map(|(_, now)| *now).min().unwrap_or(START);
        let (table, now) = &mut self.tables[worker];
        *now = (*now + 1).min(earliest + 2);
        table.set_time(*now);
        for (_, ticket) in self.open.iter_mut().filter(|(own, _)| *own == worker) {
            table.keep(ticket);
        }
    }
}

proptest! {
    #[test]
    fn a_worker_answers_as_one_that_has_kept_nothing(steps in prop::collection::vec(step(), 1..200)) {
        let mut world = World::new();
        for step in steps {
            world.act(step);
        }
    }

    /// Entries expire, and make room without being told of.
    #[test]
    fn it_does_so_when_time_goes_fast(steps in prop::collection::vec((step(), 0..u32::from(TTL) / 3), 1..100)) {
        let mut world = World::new();
        for (step, ticks) in steps {
            world.act(step);
            for worker in (0..ticks).flat_map(|_| 0..WORKERS) {
                world.tick(worker);
            }
        }
    }
}

//! The table against a model that knows requests and no bytes, with workers that get in each other's way.

use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;

use super::{START, TTL, id, lanes, recalled, worker};
use crate::config::Correlation;
use crate::correlation::tests::shared::Shared;
use crate::correlation::{Counts, Question, Table, Ticket};
use crate::request::Memory as _;

const WORKERS: usize = 3;
const MARKS: [&str; 4] = ["base", "gray", "blue", "unmarked"];

#[derive(Debug, Clone, Copy)]
enum Step {
    Begin {
        worker: usize,
        id: u8,
        mark: usize,
    },
    End {
        worker: usize,
        which: prop::sample::Index,
    },
    /// The worker that serves it is gone.
    Lose {
        which: prop::sample::Index,
    },
    Recall {
        worker: usize,
        id: u8,
    },
    Wait {
        seconds: u32,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let (worker, id, mark) = (0..WORKERS, 1..5_u8, 0..MARKS.len());
    prop_oneof![
        4 => (worker.clone(), id.clone(), mark).prop_map(|(worker, id, mark)| Step::Begin { worker, id, mark }),
        3 => (worker.clone(), any::<prop::sample::Index>()).prop_map(|(worker, which)| Step::End { worker, which }),
        1 => any::<prop::sample::Index>().prop_map(|which| Step::Lose { which }),
        4 => (worker, id).prop_map(|(worker, id)| Step::Recall { worker, id }),
        2 => (0..u32::from(TTL) / 2).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// Requests, as a person would list them.
#[derive(Default)]
struct Model {
    requests: Vec<Request>,
    /// How many there have been.
    count: u32,
    now: u32,
}

#[derive(Clone, Copy)]
struct Request {
    number: u32,
    id: u8,
    mark: usize,
    under_way: bool,
    until: u32,
}

impl Model {
    /// Its number.
    fn begin(&mut self, id: u8, mark: usize) -> u32 {
        if !self.requests.iter().any(|request| request.id == id && request.under_way) {
            self.requests.retain(|request| request.id != id || request.mark == mark);
        }
        self.count += 1;
        self.requests.push(Request { number: self.count, id, mark, under_way: true, until: 0 });
        self.extend(self.count);
        self.count
    }

    /// What keeps one request remembered keeps all that are like it.
    fn extend(&mut self, number: u32) {
        let Some(own) = self.requests.iter().find(|request| request.number == number).copied() else { return };
        let until = self.now + u32::from(TTL);
        let alike = self.requests.iter_mut().filter(|request| (request.id, request.mark) == (own.id, own.mark));
        alike.for_each(|request| request.until = until);
    }

    fn end(&mut self, number: u32) {
        let ended = self.requests.iter_mut().find(|request| request.number == number);
        ended.expect("it is under way").under_way = false;
    }

    fn wait(&mut self, seconds: u32) {
        self.now += seconds;
        let now = self.now;
        self.requests.retain(|request| request.until > now);
    }

    fn recall(&self, id: u8) -> &'static str {
        let marks = |wanted: fn(&Request) -> bool| {
            let all = self.requests.iter().filter(|request| request.id == id && wanted(request));
            let mut marks: Vec<usize> = all.map(|request| request.mark).collect();
            marks.sort_unstable();
            marks.dedup();
            marks
        };
        let open = marks(|request| request.under_way);
        let counting = if open.is_empty() { marks(|_| true) } else { open };
        match counting.as_slice() {
            [] => "unknown",
            [only] => MARKS[*only],
            _ => "ambiguous",
        }
    }
}

struct World {
    store: Shared,
    tables: Vec<RefCell<Table>>,
    model: RefCell<Model>,
    /// Requests that are under way, by their numbers.
    open: RefCell<Vec<(u32, Ticket)>>,
}

impl World {
    fn new() -> Rc<Self> {
        let store = Shared::default();
        let tables = (0..=WORKERS).map(|_| RefCell::new(worker(&store, Correlation::REQUESTS))).collect();
        let model = RefCell::new(Model { now: START, ..Model::default() });
        Rc::new(Self { store, tables, model, open: RefCell::default() })
    }

    /// Does a step, by `worker` whoever it names, first to the table and then to the model.
    fn act(&self, worker: Option<usize>, step: Step) {
        match step {
            Step::Begin { worker: own, id: number, mark } => {
                let mut table = self.tables[worker.unwrap_or(own)].borrow_mut();
                let names = match MARKS[mark] {
                    "unmarked" => None,
                    "base" => Some(lanes([])),
                    name => Some(lanes([name])),
                };
                let ticket = table.remember(id(number.into()), names.as_ref(), None, Question::None).unwrap();
                let number = self.model.borrow_mut().begin(number, mark);
                self.open.borrow_mut().push((number, ticket));
            }
            Step::End { worker: own, which } => {
                let Some((number, ticket)) = self.pick(which) else { return };
                self.tables[worker.unwrap_or(own)].borrow_mut().end(&ticket);
                self.model.borrow_mut().end(number);
            }
            Step::Lose { which } => drop(self.pick(which)),
            Step::Recall { worker: own, id: number } => {
                let expected = self.model.borrow().recall(number);
                let seen = recalled(&mut self.tables[worker.unwrap_or(own)].borrow_mut(), id(number.into()));
                assert_eq!(seen, expected, "{number}");
            }
            Step::Wait { seconds } => {
                self.model.borrow_mut().wait(seconds);
                let now = self.model.borrow().now;
                self.tables.iter().for_each(|table| table.borrow_mut().set_time(now));
                for (number, ticket) in self.open.borrow_mut().iter_mut() {
                    let before = *ticket;
                    self.tables[0].borrow_mut().keep(ticket);
                    if *ticket != before {
                        self.model.borrow_mut().extend(*number);
                    }
                }
            }
        }
    }

    fn pick(&self, which: prop::sample::Index) -> Option<(u32, Ticket)> {
        let mut open = self.open.borrow_mut();
        (!open.is_empty()).then(|| which.index(open.len())).map(|at| open.swap_remove(at))
    }

    fn assert_nothing_was_lost(&self) {
        for table in &self.tables {
            let Counts { evictions, failures, damaged, .. } = table.borrow_mut().take_counts();
            assert_eq!((evictions, failures, damaged), (0, 0, 0));
        }
    }
}

proptest! {
    #[test]
    fn workers_agree_with_the_model(steps in prop::collection::vec(step(), 1..60)) {
        let world = World::new();
        for step in steps {
            world.act(None, step);
        }
        world.assert_nothing_was_lost();
    }

    /// Between a read and the write that belongs to it, another worker begins or ends a request.
    #[test]
    fn workers_that_get_in_each_others_way_agree_with_the_model(
        steps in prop::collection::vec((step(), prop::collection::vec(step(), 0..=2)), 1..60)
    ) {
        let world = World::new();
        for (step, rivals) in steps {
            // Nothing is looked up in the middle of a change: it may see what is before or what is after.
            let changes = |step: &Step| matches!(step, Step::Begin { .. } | Step::End { .. });
            if changes(&step) {
                for rival in rivals.into_iter().filter(changes) {
                    let (all, store) = (Rc::clone(&world), world.store.clone());
                    world.store.interfere(move || {
                        let waiting = store.rest();
                        all.act(Some(WORKERS), rival);
                        for next in waiting {
                            store.interfere(next);
                        }
                    });
                }
            }
            world.act(None, step);
            drop(world.store.rest());
        }
        world.assert_nothing_was_lost();
    }
}

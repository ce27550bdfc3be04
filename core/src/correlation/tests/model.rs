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
    now: u32,
}

#[derive(Clone, Copy)]
struct Request {
    id: u8,
    mark: usize,
    under_way: bool,
    until: u32,
}

impl Model {
    fn begin(&mut self, id: u8, mark: usize) {
        if !self.requests.iter().any(|request| request.id == id && request.under_way) {
            self.requests.retain(|request| request.id != id || request.mark == mark);
        }
        self.requests.push(Request { id, mark, under_way: true, until: 0 });
        self.extend(id, mark);
    }

    /// What keeps one request remembered keeps all that are like it.
    fn extend(&mut self, id: u8, mark: usize) {
        let until = self.now + u32::from(TTL);
        let alike = self.requests.iter_mut().filter(|request| (request.id, request.mark) == (id, mark));
        alike.for_each(|request| request.until = until);
    }

    fn end(&mut self, id: u8, mark: usize) {
        let mut alike = self.requests.iter_mut().filter(|request| (request.id, request.mark) == (id, mark));
        if let Some(request) = alike.find(|request| request.under_way) {
            request.under_way = false;
        }
    }

    fn wait(&mut self, seconds: u32) {
        self.now += seconds;
        let now = self.now;
        self.requests.retain(|request| request.until > now);
    }

    fn recall(&self, id: u8) -> &'static str {
        let marks = |under_way: bool| {
            let mut marks: Vec<usize> = Vec::new();
            let all = self.requests.iter().filter(|request| request.id == id && request.under_way >= under_way);
            marks.extend(all.map(|request| request.mark));
            marks.sort_unstable();
            marks.dedup();
            marks
        };
        let under_way = marks(true);
        let counting = if under_way.is_empty() { marks(false) } else { under_way };
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
    open: RefCell<Vec<(u8, usize, Ticket)>>,
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
                self.model.borrow_mut().begin(number, mark);
                self.open.borrow_mut().push((number, mark, ticket));
            }
            Step::End { worker: own, which } => {
                let Some((id, mark, ticket)) = self.pick(which) else { return };
                self.tables[worker.unwrap_or(own)].borrow_mut().end(&ticket);
                self.model.borrow_mut().end(id, mark);
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
                for (id, mark, ticket) in self.open.borrow_mut().iter_mut() {
                    let before = *ticket;
                    self.tables[0].borrow_mut().keep(ticket);
                    if *ticket != before {
                        self.model.borrow_mut().extend(*id, *mark);
                    }
                }
            }
        }
    }

    fn pick(&self, which: prop::sample::Index) -> Option<(u8, usize, Ticket)> {
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

//! What holds for any requests, with workers that tick each at its own time: nobody gets a mark while a request with the
//! same id and another mark is under way, and everybody does as soon as it has ended.

use proptest::prelude::*;

use super::{START, TTL, id, lanes, one, recalled, remember};
use crate::config::Correlation;
use crate::correlation::tests::shared::Shared;
use crate::correlation::tests::worker;
use crate::correlation::{Question, Table, Ticket};
use crate::request::Memory as _;

/// Parts of a second.
const TENTHS: u32 = 10;
/// When each worker ticks, in every second.
const TICKS: [u32; 4] = [0, 3, 5, 9];
const MARKS: [&str; 3] = ["base", "gray", "blue"];

#[derive(Debug, Clone, Copy)]
enum Step {
    Begin { worker: usize, id: u8, mark: usize },
    End(prop::sample::Index),
    Recall { worker: usize, id: u8 },
    Wait { tenths: u32 },
}

fn step() -> impl Strategy<Value = Step> {
    let (worker, id, mark) = (0..TICKS.len(), 1..3_u8, 0..MARKS.len());
    prop_oneof![
        3 => (worker.clone(), id.clone(), mark).prop_map(|(worker, id, mark)| Step::Begin { worker, id, mark }),
        3 => any::<prop::sample::Index>().prop_map(Step::End),
        4 => (worker, id).prop_map(|(worker, id)| Step::Recall { worker, id }),
        3 => (0..30_u32).prop_map(|tenths| Step::Wait { tenths }),
        1 => (0..500_u32).prop_map(|tenths| Step::Wait { tenths }),
    ]
}

struct Request {
    worker: usize,
    id: u8,
    mark: usize,
    /// While it is under way.
    ticket: Option<Ticket>,
}

struct World {
    tables: Vec<Table>,
    requests: Vec<Request>,
    tenths: u32,
}

impl World {
    fn act(&mut self, step: Step) {
        match step {
            Step::Begin { worker, id: number, mark } => {
                let names = if MARKS[mark] == "base" { lanes([]) } else { lanes([MARKS[mark]]) };
                let ticket = self.tables[worker].remember(id(number.into()), Some(&names), None, Question::None);
                assert!(ticket.is_some());
                self.requests.push(Request { worker, id: number, mark, ticket });
            }
            Step::End(which) => {
                let mut open: Vec<&mut Request> = self.requests.iter_mut().filter(|it| it.ticket.is_some()).collect();
                if !open.is_empty() {
                    let at = which.index(open.len());
                    let (worker, ticket) = (open[at].worker, open[at].ticket.take());
                    self.tables[worker].end(&ticket.unwrap());
                }
            }
            Step::Recall { worker, id: number } => {
                let seen = recalled(&mut self.tables[worker], id(number.into()));
                self.judge(number, &seen);
            }
            Step::Wait { tenths } => (0..tenths).for_each(|_| self.pass()),
        }
    }

    fn pass(&mut self) {
        self.tenths += 1;
        for worker in (0..TICKS.len()).filter(|worker| self.tenths % TENTHS == TICKS[*worker]) {
            let table = &mut self.tables[worker];
            table.set_time(START + self.tenths / TENTHS);
            let own = self.requests.iter_mut().filter(|request| request.worker == worker);
            own.filter_map(|request| request.ticket.as_mut()).for_each(|ticket| table.keep(ticket));
        }
    }

    fn judge(&self, id: u8, seen: &str) {
        let open = self.requests.iter().filter(|request| request.id == id && request.ticket.is_some());
        let mut open: Vec<usize> = open.map(|request| request.mark).collect();
        open.sort_unstable();
        open.dedup();
        match *open {
            [] => {}
            [only] => assert_eq!(seen, MARKS[only]),
            _ => assert_eq!(seen, "ambiguous"),
        }
    }
}

proptest! {
    #[test]
    fn a_mark_is_recalled_while_no_other_of_the_id_is_under_way_and_only_then(steps in prop::collection::vec(step(), 1..80)) {
        let store = Shared::default();
        let tables = TICKS.map(|_| worker(&store, Correlation::REQUESTS)).into();
        let mut world = World { tables, requests: Vec::new(), tenths: 0 };
        for step in steps {
            world.act(step);
        }
    }
}

#[test]
fn however_long_a_request_took_its_end_ends_the_ambiguity() {
    for (pace, ticks) in (4..u32::from(TTL) / 2).flat_map(|pace| (1..600 / pace).map(move |ticks| (pace, ticks))) {
        let (_, mut table) = one();
        let mut gray = remember(&mut table, id(1), ["gray"]);
        let mut base = remember(&mut table, id(1), []);
        for tick in 1..=ticks {
            table.set_time(START + tick * pace);
            table.keep(&mut gray);
            table.keep(&mut base);
        }
        assert_eq!(recalled(&mut table, id(1)), "ambiguous");
        table.end(&base);
        assert_eq!(recalled(&mut table, id(1)), "gray", "after {ticks} times {pace} seconds");
    }
}

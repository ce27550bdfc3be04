//! What the queue promises, whoever comes and goes.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;
use std::sync::Arc;

use orders::{Consumer, Expelled, Lane, Log, Mark};
use proptest::prelude::*;

fn lane(name: &str) -> Lane {
    Lane(name.to_owned())
}

fn mark(lanes: &str) -> Mark {
    Mark::of([("x-gray-lane", lanes)])
}

/// What a consumer handles now.
fn handled(consumer: &mut Consumer) -> Vec<String> {
    let mut bodies = Vec::new();
    consumer.run(|message| bodies.push(message.body.clone())).unwrap();
    bodies
}

#[test]
fn an_order_of_a_lane_is_handled_by_its_version_and_by_no_other() {
    let log = Arc::new(Log::default());
    let (mut base, mut gray) = (Consumer::base(log.clone()), Consumer::gray(log.clone(), lane("gray")));
    log.send(mark("gray"), "tester's");
    log.send(mark("base"), "somebody's");
    log.send(Mark::default(), "a job's");
    assert_eq!(handled(&mut gray), ["tester's"]);
    assert_eq!(handled(&mut base), ["somebody's", "a job's"]);
    assert!(handled(&mut gray).is_empty() && handled(&mut base).is_empty());
}

#[test]
fn without_a_consumer_of_its_lane_an_order_is_handled_by_base_and_keeps_its_mark() {
    let log = Arc::new(Log::default());
    let mut base = Consumer::base(log.clone());
    log.send(mark("gray"), "tester's");
    let mut marks = Vec::new();
    assert_eq!(base.run(|message| marks.push(message.mark.clone())), Ok(1));
    assert_eq!(marks, [mark("gray")]);
}

#[test]
fn the_first_lane_that_has_a_consumer_handles_an_order_of_several() {
    let log = Arc::new(Log::default());
    let mut canary = Consumer::gray(log.clone(), lane("canary"));
    let mut gray = Consumer::gray(log.clone(), lane("gray"));
    log.send(mark("branch-7, gray, canary"), "an order");
    assert!(handled(&mut canary).is_empty());
    assert_eq!(handled(&mut gray), ["an order"]);
}

#[test]
fn what_a_consumer_leaves_undone_is_handled_by_base() {
    let log = Arc::new(Log::default());
    let (mut base, mut gray) = (Consumer::base(log.clone()), Consumer::gray(log.clone(), lane("gray")));
    log.send(mark("gray"), "first");
    assert_eq!(handled(&mut gray), ["first"]);
    log.send(mark("gray"), "second");
    assert!(handled(&mut base).is_empty());
    log.leave(&lane("gray"));
    log.send(mark("gray"), "third");
    assert_eq!(handled(&mut base), ["second", "third"]);
}

#[test]
fn a_consumer_that_was_taken_for_dead_is_told_so_before_it_goes_on() {
    let log = Arc::new(Log::default());
    let mut gray = Consumer::gray(log.clone(), lane("gray"));
    log.send(mark("gray"), "an order");
    log.leave(&lane("gray"));
    assert_eq!(gray.run(|_| {}), Err(Expelled));
}

/// What may happen to a queue.
#[derive(Debug, Clone)]
enum Event {
    Send(String),
    Join(&'static str),
    /// A consumer is stopped and started anew; it goes on where it was.
    Restart(&'static str),
    Leave(&'static str),
    Run(&'static str),
    RunBase,
}

fn event() -> impl Strategy<Value = Event> {
    let lanes = prop::sample::select(vec!["a", "b"]);
    prop_oneof![
        4 => prop::sample::select(vec!["base", "a", "b", "a, b", "b, a", "c"]).prop_map(|lanes| Event::Send(lanes.to_owned())),
        1 => lanes.clone().prop_map(Event::Join),
        1 => lanes.clone().prop_map(Event::Restart),
        1 => lanes.clone().prop_map(Event::Leave),
        2 => lanes.prop_map(Event::Run),
        2 => Just(Event::RunBase),
    ]
}

proptest! {
    #[test]
    fn every_order_is_handled_exactly_once_whoever_comes_and_goes(events in prop::collection::vec(event(), 0..60)) {
        let log = Arc::new(Log::default());
        let mut base = Consumer::base(log.clone());
        let mut consumers: BTreeMap<&str, Consumer> = BTreeMap::new();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut sent = 0;
        let mut note = |consumer: &mut Consumer| {
            consumer.run(|message| *seen.entry(message.body.clone()).or_default() += 1).unwrap();
        };
        for event in events {
            match event {
                Event::Send(lanes) => {
                    log.send(mark(&lanes), sent.to_string());
                    sent += 1;
                }
                Event::Join(name) => {
                    consumers.entry(name).or_insert_with(|| Consumer::gray(log.clone(), lane(name)));
                }
                Event::Restart(name) => {
                    if let Some(consumer) = consumers.get_mut(name) {
                        *consumer = Consumer::gray(log.clone(), lane(name));
                    }
                }
                Event::Leave(name) => {
                    consumers.remove(name);
                    log.leave(&lane(name));
                }
                Event::Run(name) => {
                    consumers.get_mut(name).into_iter().for_each(&mut note);
                }
                Event::RunBase => note(&mut base),
            }
        }
        consumers.values_mut().for_each(&mut note);
        note(&mut base);
        let expected: BTreeMap<String, usize> = (0..sent).map(|order| (order.to_string(), 1)).collect();
        prop_assert_eq!(seen, expected);
    }
}

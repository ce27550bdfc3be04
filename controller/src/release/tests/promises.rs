//! Promises that hold whatever happens in whatever order, wherever the controller is killed.

use proptest::collection::vec;
use proptest::prelude::*;

use super::story::spec;
use super::world::{Event, Pass, World};
use crate::api::{BaseRoute, Phase, Reason};
use crate::release::{Objection, Owner, RefusedEdit};

fn pass() -> impl Strategy<Value = Pass> {
    prop_oneof![
        6 => Just(Pass::Whole),
        1 => Just(Pass::KilledBeforeStoring),
        1 => Just(Pass::KilledAfterStoring),
        1 => Just(Pass::KilledHalfWay),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        20 => pass().prop_map(Event::Controller),
        8 => Just(Event::Proxies),
        8 => (1..=3_u8).prop_map(Event::Ready),
        4 => (1..=40_i64).prop_map(Event::Time),
        1 => (0..2_usize, prop_oneof![Just(1), Just(2), Just(3), Just(9)]).prop_map(|(workload, to)| Event::Template(workload, to)),
        1 => (0..2_usize).prop_map(Event::Restart),
        1 => (0..2_usize, 1..=8_u32).prop_map(|(workload, to)| Event::Scale(workload, to)),
        1 => (1..=3_u8).prop_map(Event::Unready),
        2 => Just(Event::ProxiesButOne),
        1 => Just(Event::NewProxy),
        1 => any::<bool>().prop_map(|refused| Event::Edit(refused.then(refused_edit))),
        2 => prop_oneof![Just("approve"), Just("promote"), Just("promote:full"), Just("pause"), Just("resume"), Just("abort"), Just("retry"), Just("jump:1")]
            .prop_map(Event::Verb),
    ]
}

fn refused_edit() -> RefusedEdit {
    let objection = Objection { reason: Reason::Refused, message: "spec.fallback[0]: no".to_owned() };
    RefusedEdit { objection, in_force: 1 }
}

/// What a world has come to, without times and history.
fn end(world: &World) -> (Phase, Vec<(Vec<u8>, bool)>) {
    let workloads = world.workloads.iter().map(|workload| (workload.serving(), workload.paused));
    (world.status.phase, workloads.collect())
}

/// Ends what is under way: what was aborted, or never gets ready, ends as aborted; all else is promoted.
fn finish(world: &mut World) {
    world.happen(&Event::Edit(None));
    for verb in ["resume", "promote:full"] {
        world.happen(&Event::Verb(verb));
        world.settle();
    }
    world.happen(&Event::Time(700));
    world.settle();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    // The promises of each transition are asserted by the world itself.
    #[test]
    fn whatever_happens_it_comes_to_rest_where_the_deployments_say(events in vec(event(), 0..160)) {
        let mut world = World::new(spec(2));
        for event in &events {
            world.happen(event);
        }
        finish(&mut world);
        match world.status.phase {
            Phase::Idle | Phase::Completed => {
                for workload in &world.workloads {
                    prop_assert_eq!(workload.serving(), vec![workload.template]);
                    prop_assert!(!workload.paused);
                }
            }
            Phase::Aborted => prop_assert!(world.workloads.iter().any(|workload| workload.paused)),
            other => prop_assert!(false, "it rests as {:?}: {}", other, world.status.message),
        }
        prop_assert_eq!(world.status.traffic.base, BaseRoute::Service);
        prop_assert!(world.workloads.iter().all(|workload| workload.sets.values().all(|set| set.owner == Owner::Deployment)));
    }

    #[test]
    fn killed_anywhere_it_ends_as_if_it_had_not_been(template in 2..=3_u8, kills in vec(pass(), 0..60), abort in any::<bool>()) {
        let mut whole = World::new(spec(2));
        let mut killed = World::new(spec(2));
        for world in [&mut whole, &mut killed] {
            world.settle();
            world.happen(&Event::Template(0, template));
            world.happen(&Event::Template(1, template));
        }
        for pass in kills {
            for (world, pass) in [(&mut whole, Pass::Whole), (&mut killed, pass)] {
                for event in [Event::Controller(pass), Event::Proxies, Event::Ready(2), Event::Ready(3), Event::Time(7)] {
                    world.happen(&event);
                }
            }
        }
        for world in [&mut whole, &mut killed] {
            if abort && world.status.phase.is_under_way() {
                world.happen(&Event::Verb("abort"));
                world.settle();
            }
        }
        let aborted = [&whole, &killed].map(|world| world.status.phase == Phase::Aborted);
        prop_assume!(aborted[0] == aborted[1]);
        for world in [&mut whole, &mut killed] {
            finish(world);
        }
        prop_assert_eq!(end(&whole), end(&killed));
    }

    #[test]
    fn nothing_is_written_while_nothing_changes(events in vec(event(), 0..60)) {
        let mut world = World::new(spec(1));
        for event in &events {
            world.happen(event);
        }
        world.settle();
        let writes = world.writes;
        for _ in 0..3 {
            world.happen(&Event::Controller(Pass::Whole));
            world.happen(&Event::Time(1));
        }
        prop_assert_eq!(world.writes, writes);
    }
}

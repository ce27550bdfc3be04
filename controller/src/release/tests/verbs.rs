//! What people tell releases.

use super::story::{spec, until};
use super::world::{Event, Pass, World, percent};
use crate::api::{BaseRoute, Phase};

#[test]
fn somebody_may_abort_and_retry() {
    let mut world = World::new(spec(1));
    world.settle();
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Draining);
    world.happen(&Event::Verb("abort"));
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!(world.status.traffic.base, BaseRoute::Stable, "one pass, and everybody is on the way back");
    world.settle();
    assert_eq!(world.status.phase, Phase::Aborted);
    let told = world.status.history.len();
    world.happen(&Event::Verb("abort"));
    world.settle();
    assert_eq!((world.status.phase, world.status.history[told].what.as_str()), (Phase::Aborted, "abort"));
    world.happen(&Event::Verb("retry"));
    until(&mut world, Phase::Pausing);
    assert_eq!(world.workloads[0].serving(), [1, 2]);
}

#[test]
fn a_step_that_is_not_there_is_refused_by_the_steps_that_are() {
    let mut world = World::new(spec(1));
    world.settle();
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Pausing);
    let at = world.status.step;
    world.happen(&Event::Verb("jump:9"));
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!(world.status.step, at);
    let deed = &world.status.history.last().unwrap().what;
    assert!(deed.starts_with("jump:9: refused: there is no step 9: they are counted from 0 to "), "{deed}");
}

#[test]
fn promoting_leaves_out_the_rest_of_one_step_and_fully_all_further_ones() {
    let mut world = World::new(spec(1));
    world.settle();
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Pausing);
    world.happen(&Event::Verb("promote"));
    world.settle();
    assert_eq!((world.status.phase, world.status.traffic.weight), (Phase::Pausing, percent(50)));
    world.happen(&Event::Verb("promote:full"));
    world.settle();
    assert_eq!((world.status.phase, world.workloads[0].serving()), (Phase::Completed, vec![2]));
}

#[test]
fn pausing_stops_everything_but_the_way_back() {
    let mut world = World::new(spec(1));
    world.settle();
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Scaling);
    world.happen(&Event::Verb("pause"));
    for _ in 0..9 {
        world.happen(&Event::Time(600));
        world.happen(&Event::Ready(2));
        world.happen(&Event::Controller(Pass::Whole));
    }
    assert_eq!(world.status.phase, Phase::Scaling);
    world.happen(&Event::Verb("resume"));
    until(&mut world, Phase::Pausing);
    world.happen(&Event::Verb("pause"));
    world.happen(&Event::Verb("abort"));
    world.settle();
    assert_eq!(world.status.phase, Phase::Aborted);
}

#[test]
fn without_a_strategy_the_weight_is_a_field_and_somebody_promotes() {
    let mut world = World::new(spec(1));
    (world.spec.strategy, world.spec.weight) = (None, percent(10));
    world.settle();
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Pausing);
    assert_eq!(world.status.traffic.weight, percent(10));
    for weight in [75, 30] {
        world.spec.weight = percent(weight);
        world.settle();
        assert_eq!((world.status.phase, world.status.traffic.weight), (Phase::Pausing, percent(weight)));
    }
    assert_eq!(world.workloads[0].sets["v2"].replicas, 2, "scaled down after the weight");
    world.happen(&Event::Verb("promote:full"));
    world.settle();
    assert_eq!((world.status.phase, world.workloads[0].serving()), (Phase::Completed, vec![2]));
}

#[test]
fn who_set_the_weight_or_undid_a_release_is_noted() {
    let mut world = World::new(spec(1));
    world.spec.strategy = None;
    world.settle();
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Pausing);
    world.spec.weight = percent(25);
    for verb in ["weight:25%", "weight:30%"] {
        world.happen(&Event::Verb(verb));
        world.happen(&Event::Controller(Pass::Whole));
    }
    world.settle();
    assert_eq!((world.status.phase, world.status.traffic.weight), (Phase::Pausing, percent(25)));
    world.happen(&Event::Template(0, 1));
    world.happen(&Event::Verb("undo"));
    world.settle();
    assert_eq!((world.status.phase, world.workloads[0].serving()), (Phase::Idle, vec![1]));
    let deeds: Vec<_> = world.status.history.iter().map(|deed| (deed.who.as_str(), deed.what.as_str())).collect();
    assert_eq!(deeds[1], ("alice", "weight:25%"));
    assert!(deeds[2].1.starts_with("weight:30%: refused: spec.weight says 25%"), "{deeds:?}");
    assert_eq!(deeds[3], ("alice", "undo"));
}

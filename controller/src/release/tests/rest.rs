//! What rests: first versions, which nothing could return from, and releases with nothing to do.

use super::story::{spec, until};
use super::world::{BAD, Event, Pass, World, percent};
use crate::api::{ConditionStatus, ConditionType, GrayReleaseStatus, Hold, Phase, Reason, Traffic};
use crate::release::{Pausing, step};

#[test]
fn first_deploy_goes_straight_to_everybody_without_steps() {
    for hold in [Hold::Policy, Hold::Always] {
        let mut world = World::new(spec(1));
        world.spec.hold = hold;
        // Its controller has not looked at the Deployment yet.
        world.workloads[0].sets.clear();
        let (desired, status) = step(&world.facts(), &world.spec, &world.status, world.now);
        assert_eq!((status.phase, desired.workloads[0].pausing), (Phase::Idle, Pausing::AsItIs));
        for kind in [ConditionType::Accepted, ConditionType::Ready] {
            assert_eq!(condition(&status, kind), (ConditionStatus::False, Reason::NoStableVersion), "{kind:?}");
        }

        world.settle();
        assert_eq!((world.status.phase, &world.status.history), (Phase::Idle, &vec![]), "nothing was released");
        assert_eq!((world.status.traffic.clone(), world.workloads[0].serving()), (Traffic::default(), vec![1]));
        assert_eq!(condition(&world.status, ConditionType::Ready).0, ConditionStatus::True);
        assert_eq!(world.workloads[0].paused, hold == Hold::Always);

        world.happen(&Event::Template(0, 2));
        until(&mut world, Phase::Pausing);
        assert_eq!(world.status.traffic.weight, percent(25), "the second one goes through the steps");
    }
}

#[test]
fn a_first_version_that_never_serves_is_replaced_without_steps() {
    let mut world = World::new(spec(1));
    world.workloads[0].sets.clear();
    world.workloads[0].template = BAD;
    world.settle();
    assert_eq!(condition(&world.status, ConditionType::Ready), (ConditionStatus::False, Reason::NoStableVersion));
    world.happen(&Event::Template(0, 2));
    world.settle();
    assert_eq!((world.status.phase, world.workloads[0].serving()), (Phase::Idle, vec![2]));
    assert_eq!(condition(&world.status, ConditionType::Ready).0, ConditionStatus::True);
}

#[test]
fn proxies_that_come_and_go_change_nothing_about_a_release_at_rest() {
    let mut world = World::new(spec(1));
    world.settle();
    let rested = |world: &mut World| {
        let before = (world.status.clone(), world.writes);
        world.happen(&Event::NewProxy);
        world.happen(&Event::Controller(Pass::Whole));
        assert_eq!((world.status.clone(), world.writes), before);
    };
    rested(&mut world);
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Draining);
    world.happen(&Event::Time(30));
    world.settle();
    assert_eq!(world.status.phase, Phase::Completed);
    rested(&mut world);
    world.happen(&Event::Template(0, 3));
    until(&mut world, Phase::Pausing);
    world.happen(&Event::Verb("abort"));
    world.settle();
    assert_eq!(world.status.phase, Phase::Aborted);
    rested(&mut world);
}

fn condition(status: &GrayReleaseStatus, kind: ConditionType) -> (ConditionStatus, Reason) {
    let found = status.conditions.iter().find(|condition| condition.kind == kind).unwrap();
    (found.status, found.reason)
}

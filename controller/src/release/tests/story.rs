//! Releases as people tell them, from change to rest.

use super::world::{Event, Pass, World, percent};
use crate::api::{
    BaseRoute, Canary, DeploymentName, GrayReleaseSpec, NewPods, OnSteeringMismatch, Pause, Phase, Reason, Step,
    Strategy,
};
use crate::release::{Facts, Life, Owner};

pub(super) fn spec(workloads: usize) -> GrayReleaseSpec {
    let workloads: Vec<_> = (0..workloads)
        .map(|index| serde_json::json!({"service": format!("s{index}"), "deployment": format!("d{index}")}))
        .collect();
    let mut spec: GrayReleaseSpec = serde_json::from_value(serde_json::json!({"workloads": workloads})).unwrap();
    let wait = Pause { duration: Some("20s".parse().unwrap()) };
    let steps = vec![
        Step::SetWeight(percent(25)),
        Step::Pause(wait),
        Step::SetWeight(percent(50)),
        Step::Pause(Pause::default()),
    ];
    spec.strategy = Some(Strategy { canary: Canary::of(steps) });
    spec
}

/// Passes of the controller, with well proxies and pods, until `phase`; further steps are left out on the way to what
/// comes after them.
pub(super) fn until(world: &mut World, phase: Phase) {
    for _ in 0..60 {
        if world.status.phase == phase {
            return;
        }
        if world.status.phase == Phase::Pausing && matches!(phase, Phase::Switching | Phase::Draining) {
            world.happen(&Event::Verb("promote:full"));
        }
        for event in [Event::Ready(2), Event::Ready(3), Event::Controller(Pass::Whole), Event::Proxies, Event::Time(1)]
        {
            world.happen(&event);
        }
    }
    panic!("never {phase:?}: {:?} {:?}", world.status, world.workloads);
}

#[test]
fn a_new_template_goes_through_the_steps_and_its_pods_are_adopted() {
    let mut world = World::new(spec(2));
    world.settle();
    assert_eq!(world.status.phase, Phase::Idle);
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Pausing);
    assert_eq!((world.status.traffic.weight, world.status.traffic.base), (percent(25), BaseRoute::Stable));
    assert_eq!(world.workloads[0].sets["v2"].replicas, 1);
    assert_eq!(world.workloads[1].serving(), [1], "what did not change is left alone");

    world.happen(&Event::Time(20));
    until(&mut world, Phase::Scaling);
    until(&mut world, Phase::Pausing);
    assert_eq!((world.status.traffic.weight, world.status.progress.as_str()), (percent(50), "4/4"));
    world.happen(&Event::Time(9_999));
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!(world.status.phase, Phase::Pausing, "nobody has approved");

    world.happen(&Event::Verb("approve"));
    world.happen(&Event::Controller(Pass::Whole));
    until(&mut world, Phase::Draining);
    assert_eq!(world.workloads[0].serving(), [1, 2], "old pods stay for the way back");
    world.happen(&Event::Time(30));
    until(&mut world, Phase::Completed);
    world.settle();
    let workload = &world.workloads[0];
    assert_eq!((workload.serving(), workload.paused, workload.sets["v2"].owner), (vec![2], false, Owner::Deployment));
    let deeds: Vec<_> = world.status.history.iter().map(|deed| (deed.who.as_str(), deed.what.as_str())).collect();
    assert_eq!(deeds, [("graylane", "released d0-v2"), ("alice", "approve"), ("graylane", "completed d0-v2")]);
}

#[test]
fn a_proxy_that_is_cut_off_stops_the_step_and_is_named() {
    let mut world = World::new(spec(1));
    world.settle();
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Announcing);
    world.happen(&Event::Proxies);
    for _ in 0..5 {
        world.happen(&Event::Ready(2));
        world.happen(&Event::Controller(Pass::Whole));
        world.happen(&Event::ProxiesButOne);
        world.happen(&Event::Time(100));
    }
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!(world.status.phase, Phase::Propagating);
    assert_eq!(world.status.proxies.lagging, ["shop/0"]);
    world.happen(&Event::Time(600));
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!(world.status.phase, Phase::Propagating, "the policy is to hold");
    assert!(world.status.conditions.iter().any(|condition| format!("{condition:?}").contains("LaggingProxies")));

    world.spec.on_lagging_proxies = crate::api::OnLaggingProxies::Abort;
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!((world.status.phase, world.status.traffic.weight), (Phase::Aborting, percent(0)));
    assert_eq!(world.workloads[0].serving(), [1, 2], "the proxy may still send to the new pods");
}

#[test]
fn every_proxy_knows_the_new_pods_of_all_workloads_before_anybody_is_sent_there() {
    let mut world = World::new(spec(2));
    world.settle();
    world.happen(&Event::Template(0, 2));
    world.happen(&Event::Template(1, 2));
    until(&mut world, Phase::Scaling);
    world.happen(&Event::Ready(2));
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!((world.status.traffic.new_pods, world.status.traffic.weight), (NewPods::Announced, percent(0)));
    for _ in 0..5 {
        world.happen(&Event::ProxiesButOne);
        world.happen(&Event::Controller(Pass::Whole));
    }
    assert_eq!((world.status.phase, world.status.traffic.weight), (Phase::Announcing, percent(0)));
    assert_eq!(world.status.proxies.lagging, ["shop/0"]);
    world.happen(&Event::Proxies);
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!((world.status.phase, world.status.traffic.weight), (Phase::Propagating, percent(25)));
}

#[test]
fn what_requests_under_way_were_decided_for_stays_for_five_seconds() {
    let mut world = World::new(spec(1));
    world.settle();
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Pausing);
    world.happen(&Event::Verb("abort"));
    world.happen(&Event::Controller(Pass::Whole));
    world.happen(&Event::Proxies);
    world.happen(&Event::Controller(Pass::Whole));
    world.happen(&Event::Time(4));
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!((world.status.phase, world.status.traffic.new_pods), (Phase::Aborting, NewPods::Announced));
    assert_eq!(world.workloads[0].serving(), [1, 2]);
    world.happen(&Event::Time(1));
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!(world.status.phase, Phase::Withdrawing);
}

#[test]
fn replicas_that_never_serve_abort_the_release_when_nothing_got_better_for_long_enough() {
    let mut world = World::new(spec(1));
    world.settle();
    world.happen(&Event::Template(0, 9));
    for _ in 0..20 {
        world.happen(&Event::Proxies);
        world.happen(&Event::Controller(Pass::Whole));
    }
    assert_eq!(world.status.phase, Phase::Scaling);
    world.happen(&Event::Time(599));
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!(world.status.phase, Phase::Scaling);
    world.happen(&Event::Time(1));
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!(world.status.phase, Phase::Aborting);
    world.settle();
    assert_eq!((world.status.phase, world.workloads[0].serving()), (Phase::Aborted, vec![1]));
    assert!(world.workloads[0].paused, "the bad version is held");
}

#[test]
fn the_stable_template_again_is_a_cancellation() {
    let mut world = World::new(spec(1));
    world.settle();
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Pausing);
    world.happen(&Event::Template(0, 1));
    world.settle();
    assert_eq!((world.status.phase, world.workloads[0].serving()), (Phase::Idle, vec![1]));
    assert!(!world.workloads[0].paused);
}

#[test]
fn a_third_template_replaces_the_second_and_stable_stays() {
    let mut world = World::new(spec(1));
    world.settle();
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Draining);
    world.happen(&Event::Template(0, 3));
    until(&mut world, Phase::Routing);
    assert_eq!(world.workloads[0].serving(), [1], "the first one serves while the second one has gone");
    until(&mut world, Phase::Pausing);
    assert_eq!((world.workloads[0].serving(), world.status.traffic.weight), (vec![1, 3], percent(25)));
}

#[test]
fn a_restart_is_no_release() {
    let mut world = World::new(spec(1));
    world.settle();
    world.happen(&Event::Restart(0));
    world.settle();
    assert_eq!(world.status.phase, Phase::Idle);
    assert_eq!(world.status.workloads[0].stable.as_ref().unwrap().as_str(), "v1r1");
    assert!(!world.workloads[0].paused);
}

#[test]
fn a_deleted_release_leaves_an_ordinary_deployment() {
    for phase in [Phase::Preparing, Phase::Scaling, Phase::Pausing, Phase::Draining, Phase::Adopting] {
        let mut world = World::new(spec(1));
        world.settle();
        world.happen(&Event::Template(0, 2));
        if phase == Phase::Adopting {
            until(&mut world, Phase::Draining);
            world.happen(&Event::Time(30));
        }
        until(&mut world, phase);
        world.life = Life::Deleted;
        world.settle();
        let workload = &world.workloads[0];
        assert_eq!(world.status.phase, Phase::Withdrawn, "{phase:?}");
        assert!(!world.finalizer && !workload.paused, "{phase:?}");
        assert_eq!(workload.serving(), [2], "what the Deployment says, by its own means: {phase:?}");
        assert!(workload.sets.values().all(|set| set.owner == Owner::Deployment));
    }
}

#[test]
fn an_empty_twin_of_an_old_revision_goes_before_the_new_pods_come() {
    let mut world = World::new(spec(1));
    world.settle();
    for template in [2, 1] {
        world.happen(&Event::Template(0, template));
        world.settle();
        world.happen(&Event::Verb("promote:full"));
        world.settle();
        assert_eq!(world.status.phase, Phase::Completed);
        assert_eq!(world.workloads[0].serving(), [template]);
    }
}

#[test]
fn a_deployment_that_is_not_there_is_told() {
    let world = World::new(spec(1));
    let facts = Facts { workloads: vec![None], ..world.facts() };
    let (_, status) = crate::release::step(&facts, &world.spec, &world.status, world.now);
    let d0 = DeploymentName::try_from("d0".to_owned()).unwrap();
    assert!(status.conditions[0].message.contains(d0.as_str()), "{:?}", status.conditions);
}

#[test]
fn a_proxy_that_sends_requests_elsewhere_pauses_the_release_and_is_named() {
    let mut world = World::new(spec(1));
    world.settle();
    // What was counted before does not matter.
    world.mismatches.insert("shop/0".to_owned(), 3);
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Pausing);
    assert_eq!(world.status.paused_since, None);
    world.mismatches.insert("shop/1".to_owned(), 1);
    world.happen(&Event::Controller(Pass::Whole));
    assert!(world.status.paused_since.is_some());
    assert_eq!(world.status.steering.suspects, ["shop/1"]);
    let stalled = world.status.conditions.iter().find(|condition| condition.reason == Reason::SteeringMismatch);
    assert!(stalled.is_some_and(|stalled| stalled.message.contains("shop/1")), "{:?}", world.status.conditions);
    world.happen(&Event::Time(9_999));
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!((world.status.phase, world.status.progress.as_str()), (Phase::Pausing, "2/4"), "nothing goes on");

    world.happen(&Event::Verb("resume"));
    world.happen(&Event::Controller(Pass::Whole));
    assert_eq!((world.status.paused_since, world.status.steering.suspects.len()), (None, 0));
    until(&mut world, Phase::Propagating);
    // It has started anew, and counts from nothing.
    world.mismatches.insert("shop/1".to_owned(), 0);
    world.happen(&Event::Controller(Pass::Whole));
    world.mismatches.insert("shop/1".to_owned(), 1);
    world.spec.on_steering_mismatch = OnSteeringMismatch::Abort;
    until(&mut world, Phase::Aborting);
    assert!(world.status.abort_reason.as_ref().is_some_and(|reason| reason.contains("shop/1")));
}

#[test]
fn new_pods_follow_an_autoscaler_in_the_middle_of_a_step() {
    let mut world = World::new(spec(1));
    world.settle();
    world.happen(&Event::Template(0, 2));
    until(&mut world, Phase::Pausing);
    world.happen(&Event::Time(20));
    until(&mut world, Phase::Propagating);
    until(&mut world, Phase::Pausing);
    let at = (world.status.step, world.status.traffic.clone());
    for (replicas, gray) in [(4, 2), (8, 4), (2, 1)] {
        world.happen(&Event::Scale(0, replicas));
        world.settle();
        assert_eq!((world.workloads[0].sets["v1"].replicas, world.workloads[0].sets["v2"].replicas), (replicas, gray));
        assert_eq!((world.status.step, world.status.traffic.clone()), at, "nothing else follows from it");
    }
}

//! What a pass costs where there is much: the scenario scale-1000. What is held in memory is measured by `tests/scale`.
//!
//! The figures in `docs/benchmarks.md` are printed by these tests, optimized:
//! `cargo test -p graylane --release --lib scale -- --nocapture --test-threads 1`. With debug assertions, as everywhere, there
//! is a fifth of everything.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fake::{Fake, deployment, lane, service};
use crate::api::Phase;
use crate::cluster::{InForce, Pass};

/// How many of everything there are.
const MANY: usize = if cfg!(debug_assertions) { 200 } else { 1_000 };

/// How many of them a namespace has.
const IN_A_NAMESPACE: usize = ACTIVE / 2;

/// How many releases go on at once.
const ACTIVE: usize = MANY / 10;

/// How often a pass is measured.
const PASSES: usize = if cfg!(debug_assertions) { 20 } else { 200 };

/// The longest pass of a hundred, on a machine that does other things, too.
const LONGEST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 2_000 });

/// The writes that a release may need from a change of its Deployment until its first step has been taken: statuses,
/// objects of its own, and its share of what is published in every namespace.
const WRITES: usize = 30;

/// An object in the namespace of the app with this index.
fn placed(index: usize, mut object: Value) -> Value {
    object["metadata"]["namespace"] = json!(format!("team-{:02}", index / IN_A_NAMESPACE));
    object
}

/// A service with a Deployment that has rolled out, as the API server has them.
fn app(index: usize) -> Vec<Value> {
    let name = &name(index);
    let labels = json!({"app": name});
    let [deployment, pod] = deployment(name, &labels);
    let [service, slice] = service(name, &[(&format!("{name}-1"), true)]);
    let mut template = deployment["spec"]["template"].clone();
    template["metadata"]["labels"]["pod-template-hash"] = json!("v1hash");
    let owner = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": true,
        "uid": format!("uid-Deployment-{name}")});
    let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": format!("{name}-v1hash"), "labels": template["metadata"]["labels"], "ownerReferences": [owner]},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
        "status": {"replicas": 1, "availableReplicas": 1}});
    [deployment, pod, service, slice, set].map(|object| placed(index, object)).to_vec()
}

fn release(index: usize) -> Value {
    let name = name(index);
    let steps = json!([{"setWeight": 10}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "5m"}}]);
    let rule = json!({"name": "testers", "when": {"header": {"name": "x-user", "exact": "tester"}}});
    let object = json!({"apiVersion": "graylane.io/v1alpha1", "kind": "GrayRelease",
        "metadata": {"name": name, "generation": 1},
        "spec": {"workloads": [{"service": name, "deployment": name}], "rules": [rule],
            "strategy": {"canary": {"steps": steps}}}});
    placed(index, object)
}

fn name(index: usize) -> String {
    format!("app-{index:04}")
}

/// Somebody sets another image on the first `ACTIVE` Deployments, which the admission policy pauses.
fn set_images(fake: &mut Fake) {
    let changed: Vec<Value> = fake
        .deployments
        .iter()
        .take(ACTIVE)
        .map(|deployment| {
            let mut object = serde_json::to_value(deployment.as_ref()).unwrap();
            object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("app:v2");
            object["spec"]["paused"] = json!(true);
            object
        })
        .collect();
    for object in &changed {
        fake.add(object);
    }
}

/// Pods of new versions become ready, and endpoints.
fn ready(fake: &mut Fake) {
    let sets: Vec<Value> = fake
        .replica_sets
        .iter()
        .filter(|set| set.status.is_none() && set.spec.replicas > Some(0))
        .map(|set| serde_json::to_value(set.as_ref()).unwrap())
        .collect();
    for mut set in sets {
        set["status"] = json!({"replicas": 1, "availableReplicas": 1});
        fake.add(&set);
        let labels = &set["spec"]["template"]["metadata"]["labels"];
        let app = labels["app"].as_str().unwrap();
        let [_, mut pod] = deployment(app, labels);
        pod["metadata"]["name"] = json!(format!("{app}-2"));
        let [_, mut slice] = service(app, &[(&format!("{app}-1"), true), (&format!("{app}-2"), true)]);
        for object in [&mut pod, &mut slice] {
            object["metadata"]["namespace"] = set["metadata"]["namespace"].clone();
            fake.add(object);
        }
    }
}

/// How long passes take in which nothing is to be done: half of them, and 99 of a hundred, take no longer.
fn measure(fake: &Fake) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..PASSES)
        .map(|_| {
            let world = fake.world.clone();
            let started = Instant::now();
            let in_force = InForce::of(world);
            let pass = Pass::begin(&in_force, &fake.settings, Timestamp::UNIX_EPOCH);
            assert_eq!((pass.statuses().count(), pass.writes()), (0, vec![]));
            started.elapsed()
        })
        .collect();
    times.sort();
    (times[PASSES / 2], times[PASSES * 99 / 100])
}

#[test]
fn scale_1000_releases_of_which_100_are_active_are_looked_at_within_the_budget() {
    let mut objects: Vec<Value> = (0..MANY).flat_map(app).collect();
    objects.extend((0..MANY).map(release));
    let mut fake = Fake::with(&objects);
    drop(objects);
    fake.settle();
    let (idle, idle_p99) = measure(&fake);
    let taken_over = std::mem::take(&mut fake.written).len() + fake.stored;

    fake.stored = 0;
    set_images(&mut fake);
    let is_paused = |fake: &Fake| {
        let phase = |at: usize| fake.world.releases[at].status.as_ref().map(|status| status.phase);
        (0..ACTIVE).all(|at| phase(at) == Some(Phase::Pausing))
    };
    for _ in 0..40 {
        if !is_paused(&fake) {
            fake.turn();
            ready(&mut fake);
        }
    }
    assert!(is_paused(&fake));
    fake.settle();
    let writes = fake.written.len() + fake.stored;
    let (active, active_p99) = measure(&fake);
    println!(
        "{MANY} releases: to take them over {taken_over} writes; a pass {idle:.1?}, p99 {idle_p99:.1?}; with {ACTIVE} active {active:.1?}, p99 {active_p99:.1?}; {writes} writes until these had taken their first step"
    );
    assert!(active_p99 < LONGEST, "{active_p99:?}");
    assert!(writes <= ACTIVE * WRITES, "{writes} writes");
    let of_others = |one: &&String| (ACTIVE..MANY).any(|index| one.contains(&name(index)));
    assert_eq!(fake.written.iter().find(of_others), None, "nothing is written of those that rest");
}

#[test]
fn scale_1000_services_with_lanes_over_100_of_them_are_looked_at_within_the_budget() {
    let mut objects: Vec<Value> = (0..MANY).flat_map(app).collect();
    for index in 0..ACTIVE {
        let name = name(index);
        let gray = deployment(&format!("{name}-gray"), &json!({"app": name, "version": "gray"}));
        objects.extend(gray.map(|object| placed(index, object)));
    }
    let member = |index| json!({"service": name(index), "version": "gray", "base": {"pod-template-hash": "v1hash"}});
    for first in (0..ACTIVE).step_by(IN_A_NAMESPACE) {
        let members: Vec<Value> = (first..first + IN_A_NAMESPACE).map(member).collect();
        objects.push(placed(first, lane("gray", &json!(members))));
    }
    let mut fake = Fake::with(&objects);
    fake.settle();
    assert_eq!(fake.objection("gray"), None);
    let (usual, p99) = measure(&fake);
    println!("{MANY} services: a pass {usual:.1?}, p99 {p99:.1?}");
    assert!(p99 < LONGEST, "{p99:?}");
}

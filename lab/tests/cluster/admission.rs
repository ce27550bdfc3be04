//! What a real API server says of our resources: it takes their definitions, and refuses what is wrong with the field.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use libtest_mimic::Trial;

use crate::fixture::Cluster;
use crate::{Shared, trial};

pub(crate) fn trials(shared: &Shared) -> Vec<Trial> {
    vec![
        trial(shared, "bad_resources_are_refused_at_admission_with_the_field", |cluster| async move {
            define(&cluster).await?;
            for (object, said) in WRONG {
                let Err(error) = cluster.apply(&of_ours(object)).await else { bail!("it was taken: {object}") };
                let error = format!("{error:#}");
                ensure!(error.contains(said), "{object}: {error}");
            }
            Ok(())
        }),
        trial(shared, "good_resources_are_taken", |cluster| async move {
            define(&cluster).await?;
            for object in RIGHT {
                cluster.apply(&of_ours(object)).await?;
            }
            Ok(())
        }),
    ]
}

/// The definitions, as they are installed.
async fn define(cluster: &Cluster) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/crds");
    for file in fs::read_dir(folder)? {
        cluster.apply(&fs::read_to_string(file?.path())?).await?;
    }
    Ok(())
}

fn of_ours(object: &str) -> String {
    format!("{{apiVersion: graylane.io/v1alpha1, {object}}}")
}

const RIGHT: [&str; 3] = [
    "kind: Lane, metadata: {name: gray}, spec: {services: [{service: a, version: b, labels: {track: gray}, base: {track: stable}, virtualServices: [shop]}], weight: 5}",
    "kind: GrayRelease, metadata: {name: x}, spec: {workloads: [{service: a, deployment: a, virtualServices: [shop]}], onSteeringMismatch: Abort, strategy: {canary: {steps: [{setWeight: 10}, {pause: {}}]}}}",
    "kind: MeshPolicy, metadata: {name: default}, spec: {delivery: EnvoyFilter}",
];

/// Objects, and what the refusal must say.
const WRONG: [(&str, &str); 13] = [
    ("kind: Lane, metadata: {name: base}, spec: {services: [{service: a, version: b}]}", "a lane is called by"),
    ("kind: Lane, metadata: {name: x}, spec: {services: []}", "spec.services"),
    ("kind: Lane, metadata: {name: x}, spec: {services: [{service: a, version: b, labels: {}}]}", "labels"),
    ("kind: Lane, metadata: {name: x}, spec: {services: [{service: a, version: b, labels: {v: 'a b'}}]}", "labels.v"),
    (
        "kind: Lane, metadata: {name: x}, spec: {services: [{service: a, version: b}], isolation: strict, fallback: [gray]}",
        "spec.fallback",
    ),
    ("kind: Lane, metadata: {name: x}, spec: {services: [{service: a, version: stable}]}", "spec.services[0].version"),
    (
        "kind: Lane, metadata: {name: x}, spec: {services: [{service: a, version: b, labels: {app: a}, base: {app: a}}]}",
        "spec.services[0].labels",
    ),
    ("kind: GrayRelease, metadata: {name: x}, spec: {workloads: [{service: a}]}", "spec.workloads"),
    (
        "kind: GrayRelease, metadata: {name: x}, spec: {workloads: [{service: a, stable: v1, gray: v1}]}",
        "spec.workloads[0].gray",
    ),
    (
        "kind: GrayRelease, metadata: {name: x}, spec: {workloads: [{service: a, deployment: a}], weight: 5, strategy: {canary: {steps: []}}}",
        "spec.strategy",
    ),
    (
        "kind: GrayRelease, metadata: {name: x}, spec: {workloads: [{service: a, deployment: a}], onSteeringMismatch: Never}",
        "spec.onSteeringMismatch",
    ),
    ("kind: MeshPolicy, metadata: {name: other}, spec: {}", "the one mesh policy is called default"),
    ("kind: MeshPolicy, metadata: {name: default}, spec: {delivery: Pigeon}", "spec.delivery"),
];

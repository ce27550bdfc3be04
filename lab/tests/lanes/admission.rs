//! What a real API server says of objects that are wrong.

use anyhow::{Result, ensure};

use crate::cluster::Cluster;

/// Objects, and what the refusal must say.
const WRONG: [(&str, &str); 9] = [
    ("{kind: Lane, metadata: {name: base}, spec: {services: [{service: a, version: b}]}}", "a lane is called by"),
    ("{kind: Lane, metadata: {name: x}, spec: {services: []}}", "spec.services"),
    ("{kind: Lane, metadata: {name: x}, spec: {services: [{service: a, version: b, labels: {}}]}}", "spec.services[0].labels"),
    ("{kind: Lane, metadata: {name: x}, spec: {services: [{service: a, version: b, labels: {v: 'a b'}}]}}", "spec.services[0].labels"),
    (
        "{kind: Lane, metadata: {name: x}, spec: {services: [{service: a, version: b}], isolation: strict, fallback: [gray]}}",
        "spec.fallback",
    ),
    ("{kind: GrayRelease, metadata: {name: x}, spec: {workloads: [{service: a}]}}", "spec.workloads"),
    (
        "{kind: GrayRelease, metadata: {name: x}, spec: {workloads: [{service: a, deployment: a}], weight: 5, strategy: {canary: {steps: []}}}}",
        "spec.strategy",
    ),
    (
        "{kind: GrayRelease, metadata: {name: x}, spec: {workloads: [{service: a, deployment: a}], onSteeringMismatch: Never}}",
        "spec.onSteeringMismatch",
    ),
    ("{kind: MeshPolicy, metadata: {name: other}, spec: {}}", "the one mesh policy is called default"),
];

pub(crate) async fn refuses(cluster: &Cluster) -> Result<()> {
    for (object, said) in WRONG {
        let object = format!("{{apiVersion: graylane.io/v1alpha1, {}", object.trim_start_matches('{'));
        let Err(error) = cluster.apply(&object).await else {
            anyhow::bail!("it was taken: {object}");
        };
        let error = format!("{error:#}");
        ensure!(error.contains(said), "{object}: {error}");
    }
    Ok(())
}

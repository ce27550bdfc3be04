//! An autoscaler for the pods of a new version, where the Deployment has one: it scales them by their own load, as the
//! Deployment's scales all pods together.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

use super::super::{Change, Kind, RELEASE_LABEL, World};
use super::{applied, deletion, json_of, owner, with};
use crate::api::GrayRelease;
use crate::release::{GraySet, Scaling};

/// What a metric is called that is measured for each pod. Others speak of everybody together: a second autoscaler would
/// count them twice.
const PER_POD: [&str; 3] = ["ContainerResource", "Pods", "Resource"];

/// The autoscalers of somebody else's that scale `deployment`.
pub(in crate::cluster) fn of<'w>(
    world: &'w World,
    deployment: &Deployment,
) -> impl Iterator<Item = &'w HorizontalPodAutoscaler> {
    let (namespace, name) = (deployment.metadata.namespace.as_ref(), deployment.name_any());
    world.autoscalers.iter().map(AsRef::as_ref).filter(move |scaler: &&HorizontalPodAutoscaler| {
        let target = &scaler.spec.scale_target_ref;
        target.name == name && target.kind == Deployment::kind(&()) && scaler.metadata.namespace.as_ref() == namespace
    })
}

/// The autoscaler of the new version, and no other one of ours.
pub(in crate::cluster) fn autoscaler(
    world: &World,
    release: &GrayRelease,
    deployment: &Deployment,
    gray: Option<&GraySet>,
) -> Vec<Change> {
    let namespace = deployment.namespace().unwrap_or_default();
    let ours = || {
        let prefix = format!("{}-", deployment.name_any());
        let release = release.name_any();
        world.autoscalers.iter().filter(move |scaler| {
            scaler.namespace() == deployment.namespace()
                && scaler.labels().get(RELEASE_LABEL) == Some(&release)
                && scaler.name_any().starts_with(&prefix)
                && scaler.owner_references().iter().any(|owner| owner.kind == GrayRelease::kind(&()))
        })
    };
    let wanted = gray.filter(|gray| gray.scaling == Scaling::Automatic).and_then(|gray| {
        let name = format!("{}-{}", deployment.name_any(), gray.version);
        Some((name.clone(), body(of(world, deployment).next()?, release, &name, gray.least)?))
    });
    let is_wanted = |name: String| wanted.as_ref().is_some_and(|(wanted, _)| *wanted == name);
    let surplus = ours().filter(|scaler| !is_wanted(scaler.name_any()));
    let mut changes: Vec<Change> =
        surplus.filter_map(|scaler| deletion(Kind::HorizontalPodAutoscaler, scaler.as_ref())).collect();
    if let Some((name, body)) = wanted {
        let live = ours().find(|scaler| scaler.name_any() == name).map(|live| json_of(live.as_ref()));
        changes.extend(applied(Kind::HorizontalPodAutoscaler, &namespace, &name, body, live.as_ref()));
    }
    changes
}

/// Like the Deployment's own, but for its target and its least number.
fn body(theirs: &HorizontalPodAutoscaler, release: &GrayRelease, name: &str, least: u32) -> Option<Value> {
    let theirs = json_of(theirs);
    let theirs = theirs.get("spec")?;
    let metrics = theirs.get("metrics")?.as_array()?.iter();
    let metrics: Vec<&Value> =
        metrics.filter(|metric| PER_POD.iter().any(|kind| metric.get("type") == Some(&json!(kind)))).collect();
    if metrics.is_empty() {
        return None;
    }
    let most = theirs.get("maxReplicas").and_then(Value::as_u64).unwrap_or_default().max(least.into());
    let spec = json!({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name},
        "minReplicas": least,
        "maxReplicas": most,
        "metrics": metrics,
    });
    Some(json!({
        "metadata": {"labels": {RELEASE_LABEL: release.name_any()}, "ownerReferences": [owner(release)]},
        "spec": with(spec, "behavior", theirs.get("behavior").cloned()),
    }))
}

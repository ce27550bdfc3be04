//! What is done to a Deployment: a label, and pausing. Its template is never touched.

use kube::ResourceExt;
use serde_json::{Value, json};

use super::super::{Change, Kept, Kind, News, RELEASE_LABEL, Rollout, World, Write};
use super::{applied, change};
use crate::api::GrayRelease;
use crate::release::Pausing;

/// Labels the Deployment for the admission policy, and pauses it or lets it go on.
///
/// It goes on only at the resource version that was looked at: a template that came meanwhile stays held.
pub(in crate::cluster) fn pausing(
    release: &GrayRelease,
    deployment: &Kept<Rollout>,
    pausing: Pausing,
) -> Option<Change> {
    let labels = json!({RELEASE_LABEL: release.name_any()});
    let body = match pausing {
        Pausing::Paused => json!({"metadata": {"labels": labels}, "spec": {"paused": true}}),
        Pausing::Running => json!({
            "metadata": {"labels": labels, "resourceVersion": deployment.resource_version()},
            "spec": {"paused": false},
        }),
        // What was said of pausing before must be said again, or it would be taken back.
        Pausing::AsItIs if deployment.labels().get(RELEASE_LABEL) == Some(&release.name_any()) => return None,
        Pausing::AsItIs => json!({"metadata": {"labels": labels}}),
    };
    let namespace = deployment.namespace().unwrap_or_default();
    let live = json!({"metadata": deployment.metadata, "spec": {"paused": deployment.spec.paused}});
    applied(Kind::Deployment, &namespace, &deployment.name_any(), body, Some(&live))
}

/// Takes the label away and lets the Deployment go on.
pub(in crate::cluster) fn let_go(release: &GrayRelease, deployment: &Kept<Rollout>) -> Option<Change> {
    let labelled = deployment.labels().get(RELEASE_LABEL) == Some(&release.name_any());
    let paused = deployment.spec.paused == Some(true);
    (labelled || paused).then(|| ordinary(deployment))
}

/// Lets Deployments go on whose release is not there any more: it was deleted before it could be kept, or somebody took its
/// finalizer away. Nobody else would ever let them. One that can not be read is there.
pub(in crate::cluster) fn abandoned(world: &World) -> impl Iterator<Item = Change> {
    let is_there = |address: (String, String)| {
        world.releases.get(&address.0, &address.1).is_some() || world.unread_releases.contains(&address)
    };
    world.deployments.iter().filter_map(move |deployment| {
        let release = deployment.labels().get(RELEASE_LABEL)?.clone();
        let is_gone = !is_there((deployment.namespace().unwrap_or_default(), release.clone()));
        is_gone.then(|| Change { news: Some(News::ReleaseGone { release }), ..ordinary(deployment) })
    })
}

fn ordinary(deployment: &Kept<Rollout>) -> Change {
    let patch = json!({
        "metadata": {"resourceVersion": deployment.resource_version(), "labels": {RELEASE_LABEL: Value::Null}},
        "spec": {"paused": Value::Null},
    });
    let namespace = deployment.namespace().unwrap_or_default();
    change(Kind::Deployment, &namespace, &deployment.name_any(), Write::Merge(patch))
}

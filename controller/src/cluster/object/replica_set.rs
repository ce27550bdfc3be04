//! The pods of a new version: a `ReplicaSet` that the Deployment can adopt as it is.

use kube::ResourceExt;
use serde_json::json;

use super::super::{Change, HASH_LABEL, Kept, Kind, RELEASE_LABEL, Replicas, Rollout};
use super::{applied, deletion, owner, with};
use crate::api::GrayRelease;
use crate::release::{Custody, GraySet, Owner};

/// What the Deployment's controller notes on a `ReplicaSet` of its own, and looks at to tell whether it is complete.
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MOST: &str = "deployment.kubernetes.io/max-replicas";

/// The `ReplicaSet` of the new version. In the custody of the Deployment it has no owner, until the Deployment takes it;
/// from then on it is the Deployment's business.
pub(in crate::cluster) fn gray<'w>(
    release: &GrayRelease,
    deployment: &Kept<Rollout>,
    set: &GraySet,
    mut live: impl Iterator<Item = (Owner, &'w Kept<Replicas>)>,
) -> Option<Change> {
    let namespace = deployment.namespace()?;
    let name = format!("{}-{}", deployment.name_any(), set.version);
    let live = live.find(|(_, live)| live.version.as_ref() == Some(&set.version));
    let owned = live.is_some_and(|(_, live)| !live.owner_references().is_empty());
    let is_ours_to_write = match (live, set.custody) {
        (Some((Owner::Deployment, _)), _) | (None, Custody::Deployment) => false,
        (Some((Owner::Release, _)), Custody::Deployment) => owned,
        (Some((Owner::Release, _)) | None, Custody::Release) => true,
    };
    if !is_ours_to_write {
        return None;
    }
    let spec = &deployment.spec;
    // The Deployment may say something else by now.
    let known = live.and_then(|(_, live)| live.whole()?.read()?.spec.template);
    let is_it = || deployment.template.as_ref().is_some_and(|template| template.version == set.version);
    let mut template = known.or_else(|| deployment.pod_template().filter(|_| is_it()))?;
    let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
    labels.insert(HASH_LABEL.to_owned(), set.version.to_string());
    let mut labels = labels.clone();
    labels.insert(RELEASE_LABEL.to_owned(), release.name_any());
    let mut selector = spec.selector.clone();
    let matched = selector.match_labels.get_or_insert_default();
    matched.insert(HASH_LABEL.to_owned(), set.version.to_string());
    let wanted = spec.replicas.unwrap_or(1);
    let metadata = json!({
        "labels": labels,
        "annotations": {DESIRED: wanted.to_string(), MOST: wanted.to_string()},
    });
    // Zero is not stored.
    let min_ready = spec.min_ready_seconds.filter(|seconds| *seconds > 0);
    let owners = (set.custody == Custody::Release).then(|| json!([owner(release)]));
    let spec = json!({"replicas": set.replicas, "selector": selector, "template": template});
    let body = json!({
        "metadata": with(metadata, "ownerReferences", owners),
        "spec": with(spec, "minReadySeconds", min_ready.map(|seconds| json!(seconds))),
    });
    let live = live.filter(|_| set.custody == Custody::Release).and_then(|(_, live)| Some(live.whole()?.json()));
    applied(Kind::ReplicaSet, &namespace, &name, body, live.as_ref())
}

/// Removes what the release has made for versions that are not wanted (any more).
pub(in crate::cluster) fn removed<'w>(
    wanted: Option<&GraySet>,
    live: impl Iterator<Item = (Owner, &'w Kept<Replicas>)>,
) -> Vec<Change> {
    let is_wanted = |set: &Replicas| wanted.is_some_and(|wanted| set.version.as_ref() == Some(&wanted.version));
    let ours = live.filter(|(owner, set)| *owner == Owner::Release && !is_wanted(set));
    ours.filter_map(|(_, set)| deletion(Kind::ReplicaSet, set)).collect()
}

/// Removes the old `ReplicaSet`s that the Deployment would take for the new one.
pub(in crate::cluster) fn twins<'w>(
    versions: &[graylane_core::name::VersionName],
    live: impl Iterator<Item = (Owner, &'w Kept<Replicas>)>,
) -> Vec<Change> {
    let is_one = |set: &Replicas| set.version.as_ref().is_some_and(|version| versions.contains(version));
    live.filter(|(owner, set)| *owner == Owner::Deployment && is_one(set))
        .filter_map(|(_, set)| deletion(Kind::ReplicaSet, set))
        .collect()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
    use serde_json::Value;

    use super::*;
    use crate::cluster::Write;

    fn deployment(image: &str) -> Kept<Rollout> {
        let labels = json!({"app": "cart"});
        let template =
            json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": image}]}});
        let spec = json!({"replicas": 3, "selector": {"matchLabels": labels}, "template": template});
        let metadata = json!({"name": "cart", "namespace": "shop"});
        let object = json!({"metadata": metadata, "spec": spec});
        Rollout::kept(serde_json::from_value::<Deployment>(object).unwrap())
    }

    fn release() -> GrayRelease {
        let workloads = json!([{"service": "cart", "deployment": "cart"}]);
        let metadata = json!({"name": "checkout", "namespace": "shop", "uid": "1"});
        let object = json!({"apiVersion": "graylane.io/v1alpha1", "kind": "GrayRelease", "metadata": metadata});
        serde_json::from_value(with(object, "spec", Some(json!({"workloads": workloads})))).unwrap()
    }

    fn set(deployment: &Kept<Rollout>, replicas: u32) -> GraySet {
        let version = deployment.template.clone().unwrap().version;
        GraySet { version, replicas, custody: Custody::Release }
    }

    fn applied_body(change: Option<Change>) -> Option<Value> {
        match change?.write {
            Write::Apply(object) => Some(object.data.0.as_ref().clone()),
            Write::Merge(_) | Write::Delete { .. } => None,
        }
    }

    #[test]
    fn a_version_keeps_its_template_when_the_deployment_says_another_one() {
        let (second, third) = (deployment("shop:v2"), deployment("shop:v3"));
        let made = applied_body(gray(&release(), &second, &set(&second, 1), [].into_iter())).unwrap();
        let mut live: Value = made.clone();
        let labels = made.pointer("/spec/template/metadata/labels").cloned().unwrap();
        live["metadata"] = json!({"name": "cart-x", "namespace": "shop", "labels": labels});
        live["metadata"]["labels"][RELEASE_LABEL] = json!("checkout");
        let live = Replicas::kept(serde_json::from_value::<ReplicaSet>(live).unwrap());
        let scaled = gray(&release(), &third, &set(&second, 2), [(Owner::Release, &live)].into_iter());
        let scaled = applied_body(scaled).unwrap();
        assert_eq!(scaled["spec"]["replicas"], 2);
        assert_eq!(scaled["spec"]["template"]["spec"]["containers"][0]["image"], "shop:v2");
    }

    #[test]
    fn nothing_is_made_of_a_version_that_the_deployment_does_not_say_any_more() {
        let (second, third) = (deployment("shop:v2"), deployment("shop:v3"));
        assert_eq!(gray(&release(), &third, &set(&second, 1), [].into_iter()), None);
    }
}

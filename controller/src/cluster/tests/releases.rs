//! Releases: their objects beside those of lanes and autoscalers, and what stands in their way.

use serde_json::{Value, json};

use super::fake::{Fake, deployment, lane, service};
use crate::api::{ConditionStatus, ConditionType, GrayRelease, Phase, Reason};
use crate::cluster::{Kind, News};
use kube::ResourceExt;

/// A Deployment that has rolled out its first version, its Service, and a release of it.
pub(super) fn shop() -> Fake {
    let labels = json!({"app": "cart", "version": "v1"});
    let mut fake = Fake::with(&[deployment("cart", &labels), service("cart", &[("cart-1", true)])].concat());
    roll_out(&mut fake, "cart");
    fake.add(&release("checkout", &json!([{"service": "cart", "deployment": "cart"}])));
    fake
}

/// What the controller of Deployments does with a first version.
pub(super) fn roll_out(fake: &mut Fake, name: &str) {
    let deployment = fake.deployments.get("shop", name).unwrap().clone();
    let mut template = serde_json::to_value(&deployment.spec.template).unwrap();
    let labels = template["metadata"]["labels"].clone();
    template["metadata"]["labels"]["pod-template-hash"] = json!("v1hash");
    let owner = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": true,
        "uid": deployment.uid().unwrap()});
    fake.add(&json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": format!("{name}-v1hash"), "labels": template["metadata"]["labels"], "ownerReferences": [owner]},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
        "status": {"replicas": 1, "availableReplicas": 1}}));
}

pub(super) fn release(name: &str, workloads: &Value) -> Value {
    let steps = json!([{"setWeight": 10}, {"pause": {}}]);
    json!({"apiVersion": "graylane.io/v1alpha1", "kind": "GrayRelease", "metadata": {"name": name, "generation": 1},
        "spec": {"lane": "new", "workloads": workloads, "strategy": {"canary": {"steps": steps}}}})
}

/// Somebody sets another image, and the admission policy pauses the Deployment.
pub(super) fn set_image(fake: &mut Fake) {
    let named = fake.deployments.iter().find(|deployment| deployment.name_any() == "cart");
    let mut deployment = serde_json::to_value(named.unwrap().as_ref()).unwrap();
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = json!("app:v2");
    deployment["spec"]["paused"] = json!(true);
    fake.add(&deployment);
}

/// Pods of the new version become ready, and endpoints.
pub(super) fn ready(fake: &mut Fake) {
    let sets = fake.replica_sets.iter().filter(|set| set.name_any() != "cart-v1hash");
    let Some(set) = sets.into_iter().next().cloned() else { return };
    let mut object = serde_json::to_value(set.as_ref()).unwrap();
    let replicas = object["spec"]["replicas"].as_u64().unwrap();
    if object["status"]["availableReplicas"] == json!(replicas) {
        return;
    }
    object["status"] = json!({"replicas": replicas, "availableReplicas": replicas});
    fake.add(&object);
    let [_, mut pod] = deployment("cart-new", &object["spec"]["template"]["metadata"]["labels"]);
    pod["metadata"]["name"] = json!("cart-new-1");
    fake.add(&pod);
    for object in service("cart", &[("cart-1", true), ("cart-new-1", true)]) {
        fake.add(&object);
    }
}

pub(super) fn until(fake: &mut Fake, phase: Phase) {
    for _ in 0..40 {
        if status(fake, "checkout").status.unwrap_or_default().phase == phase {
            return;
        }
        fake.turn();
        ready(fake);
    }
    panic!("never {phase:?}: {:?}", status(fake, "checkout").status);
}

/// The shop in the middle of a release, which waits for somebody to approve.
pub(super) fn half_way() -> Fake {
    let mut fake = shop();
    fake.settle();
    set_image(&mut fake);
    until(&mut fake, Phase::Pausing);
    fake
}

pub(super) fn status(fake: &Fake, name: &str) -> GrayRelease {
    fake.world.releases.iter().find(|release| release.name_any() == name).unwrap().as_ref().clone()
}

fn objection(fake: &Fake, name: &str) -> (Reason, String) {
    let conditions = status(fake, name).status.unwrap().conditions;
    let accepted = conditions.into_iter().find(|condition| condition.kind == ConditionType::Accepted).unwrap();
    (accepted.reason, accepted.message)
}

fn subsets(fake: &Fake) -> Vec<String> {
    let rule = fake.spec(Kind::DestinationRule, "graylane-cart").unwrap();
    let subsets = rule["subsets"].as_array().unwrap().clone();
    subsets.iter().map(|subset| subset["name"].as_str().unwrap().to_owned()).collect()
}

/// The names of routes, and where base goes.
fn routes(fake: &Fake) -> (Vec<String>, String) {
    let http = fake.spec(Kind::VirtualService, "graylane-cart").unwrap()["http"].clone();
    let http = http.as_array().unwrap();
    let names = http.iter().map(|route| route["name"].as_str().unwrap().to_owned()).collect();
    (names, http.last().unwrap()["route"][0]["destination"]["subset"].as_str().unwrap().to_owned())
}

#[test]
fn a_release_and_a_lane_share_the_objects_of_a_service() {
    let mut fake = shop();
    for object in deployment("cart-gray", &json!({"app": "cart", "version": "gray"})) {
        fake.add(&object);
    }
    fake.add(&lane("gray", &json!([{"service": "cart", "version": "gray"}])));
    fake.settle();
    assert_eq!(fake.objection("gray"), None);
    assert_eq!(routes(&fake), (vec!["graylane-gray".to_owned(), "graylane-base".to_owned()], "stable".to_owned()));

    set_image(&mut fake);
    until(&mut fake, Phase::Pausing);
    let gray = status(&fake, "checkout").status.unwrap().workloads[0].gray.clone().unwrap().to_string();
    let mut expected = vec![gray.clone(), "gray".to_owned(), "stable".to_owned(), "v1hash".to_owned()];
    expected.sort();
    assert_eq!(subsets(&fake), expected);
    let (names, base) = routes(&fake);
    assert_eq!((names.len(), base.as_str()), (3, "v1hash"), "the release says where base goes");
    assert_eq!(fake.told("cart.shop")["lanes"], json!({"gray": "gray", "new": gray}));

    fake.delete_lane("gray");
    fake.settle();
    assert!(!subsets(&fake).contains(&"gray".to_owned()) && subsets(&fake).contains(&gray));
    assert_eq!(routes(&fake).1, "v1hash");
}

#[test]
fn an_autoscaler_stays_the_only_one() {
    let mut fake = shop();
    let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}});
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart"});
    fake.add(&json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "mine"},
        "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 9, "metrics": [cpu]}}));
    fake.settle();
    set_image(&mut fake);
    until(&mut fake, Phase::Pausing);
    // Kubernetes follows none that shares a pod with another.
    let written: Vec<_> = fake.written.iter().filter(|written| written.contains("Autoscaler")).collect();
    assert!(written.is_empty() && fake.world.autoscalers.len() == 1, "{written:?}");
}

#[test]
fn what_stands_in_the_way_of_a_release_is_told_with_its_own_reason_and_advice() {
    let scaler = |name: &str| {
        let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart"});
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": name},
            "spec": {"scaleTargetRef": target, "maxReplicas": 9}})
    };
    let foreign = json!({"kind": "VirtualService", "apiVersion": "networking.istio.io/v1",
        "metadata": {"name": "mine"}, "spec": {"hosts": ["cart"], "http": []}});
    let second = deployment("cart-too", &json!({"app": "cart", "x": "y"}));
    let pay = service("pay", &[]);
    let first = release("a-first", &json!([{"service": "cart", "deployment": "cart"}]));
    for (workload, more, reason, advice) in [
        (json!({"service": "carts", "deployment": "cart"}), vec![], Reason::ServiceNotFound, "create it"),
        (json!({"service": "cart.other", "deployment": "cart"}), vec![], Reason::ForeignNamespace, "over there"),
        (json!({"service": "cart", "deployment": "cart"}), vec![foreign], Reason::ForeignVirtualService, "name it"),
        (json!({"service": "cart", "deployment": "cart"}), vec![first], Reason::Conflict, "a-first"),
        (json!({"service": "cart", "deployment": "cart"}), second.to_vec(), Reason::SelectorOverlap, "cart-too"),
        (json!({"service": "pay", "deployment": "cart"}), pay.to_vec(), Reason::SelectorMismatch, "selector"),
        (json!({"service": "cart", "deployment": "carts"}), vec![], Reason::DeploymentNotFound, "carts"),
        (
            json!({"service": "cart", "deployment": "cart"}),
            vec![scaler("one"), scaler("two")],
            Reason::AutoscalerConflict,
            "one, two: keep one",
        ),
    ] {
        let mut fake = shop();
        fake.add(&release("checkout", &json!([workload])));
        for object in &more {
            fake.add(object);
        }
        fake.settle();
        let (told, message) = objection(&fake, "checkout");
        assert_eq!(told, reason, "{message}");
        assert!(message.contains(advice), "{message}");
    }
}

#[test]
fn first_deploy_goes_straight_to_everybody_when_the_release_was_there_first() {
    let mut fake = Fake::with(&[release("checkout", &json!([{"service": "cart", "deployment": "cart"}]))]);
    fake.settle();
    assert_eq!(objection(&fake, "checkout").0, Reason::ServiceNotFound);
    let [service, endpoints] = service("cart", &[("cart-1", true)]);
    fake.add(&service);
    fake.settle();
    assert_eq!(objection(&fake, "checkout").0, Reason::DeploymentNotFound);
    let [deployment, pod] = deployment("cart", &json!({"app": "cart", "version": "v1"}));
    fake.add(&deployment);
    fake.settle();
    assert_eq!(objection(&fake, "checkout").0, Reason::NoStableVersion);
    assert_eq!(fake.world.deployments[0].spec.paused, None, "the first version is not held");

    for object in [pod, endpoints] {
        fake.add(&object);
    }
    roll_out(&mut fake, "cart");
    fake.settle();
    assert_eq!(objection(&fake, "checkout").0, Reason::Valid);
    let status = status(&fake, "checkout").status.unwrap();
    assert_eq!((status.phase, status.history.len()), (Phase::Idle, 0), "nothing was released");
    let ready = status.conditions.iter().find(|condition| condition.kind == ConditionType::Ready).unwrap();
    assert_eq!(ready.status, ConditionStatus::True);
    assert_eq!(fake.spec(Kind::VirtualService, "graylane-cart"), None);

    set_image(&mut fake);
    until(&mut fake, Phase::Pausing);
    assert_eq!(routes(&fake).1, "v1hash", "the second one goes through the steps");
}

#[test]
fn a_release_of_what_never_served_stops_no_other_one() {
    let mut fake = shop();
    for object in [deployment("pay", &json!({"app": "pay"})), service("pay", &[("pay-1", false)])].concat() {
        fake.add(&object);
    }
    fake.add(&release("payment", &json!([{"service": "pay", "deployment": "pay"}])));
    fake.settle();
    assert_eq!(objection(&fake, "payment").0, Reason::NoStableVersion);
    set_image(&mut fake);
    until(&mut fake, Phase::Pausing);
}

#[test]
fn a_second_release_of_a_deployment_touches_nothing_also_when_it_goes() {
    let mut fake = shop();
    fake.settle();
    fake.add(&release("late", &json!([{"service": "cart", "deployment": "cart"}])));
    fake.settle();
    assert_eq!(objection(&fake, "late").0, Reason::Conflict);
    set_image(&mut fake);
    until(&mut fake, Phase::Pausing);
    fake.written.clear();
    let mut late = serde_json::to_value(status(&fake, "late")).unwrap();
    late["metadata"]["deletionTimestamp"] = json!("1970-01-01T00:00:00Z");
    fake.add(&late);
    fake.settle();
    assert!(!fake.world.releases.iter().any(|release| release.name_any() == "late"));
    let others: Vec<_> = fake.written.iter().filter(|one| !one.contains("GrayRelease/late")).collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(fake.world.deployments[0].spec.paused, Some(true));
}

#[test]
fn pods_that_a_quota_forbids_are_told_with_the_reason() {
    let mut fake = shop();
    fake.settle();
    set_image(&mut fake);
    for _ in 0..20 {
        fake.turn();
    }
    let set = fake.replica_sets.iter().find(|set| set.name_any() != "cart-v1hash").unwrap().clone();
    let mut object = serde_json::to_value(set.as_ref()).unwrap();
    object["status"] = json!({"replicas": 0, "conditions": [{"type": "ReplicaFailure", "status": "True",
        "reason": "FailedCreate", "message": "pods \"cart-x\" is forbidden: exceeded quota: few"}]});
    fake.add(&object);
    fake.turn();
    let status = status(&fake, "checkout").status.unwrap();
    assert_eq!((status.phase, status.traffic.weight.slots()), (Phase::Scaling, 0));
    assert!(
        status.message.contains("cart 0 of 1 (pods \"cart-x\" is forbidden: exceeded quota: few)"),
        "{}",
        status.message
    );
}

#[test]
fn a_deleted_release_takes_routes_away_then_subsets_then_itself() {
    let mut fake = half_way();
    fake.delete_release("checkout");
    fake.written.clear();
    for _ in 0..40 {
        fake.turn();
        no_pods(&mut fake);
    }
    assert_eq!(fake.world.releases.len(), 0);
    let gone = |what: &str| fake.written.iter().rposition(|one| one.starts_with(what)).expect(what);
    let routes = gone("delete VirtualService");
    assert!(routes < gone("delete DestinationRule") && gone("delete DestinationRule") < gone("patch GrayRelease"));
    assert_eq!(fake.news, [], "its status has told it all");
}

#[test]
fn a_deployment_is_an_ordinary_one_again_when_its_release_is_lost_and_that_is_told_of_it() {
    let is_ordinary = |fake: &Fake| {
        let deployment = &fake.world.deployments[0];
        deployment.labels().is_empty() && deployment.spec.paused != Some(true)
    };
    // Deleted before it could be kept, and in the middle of its way by somebody who took its finalizer away.
    let mut young = shop();
    young.turn();
    for mut fake in [young, half_way()] {
        assert!(!is_ordinary(&fake));
        fake.world.releases.take("shop", "checkout").unwrap();
        fake.settle();
        assert!(is_ordinary(&fake));
        assert_eq!(fake.news, [News::ReleaseGone { release: "checkout".to_owned() }]);
        assert_eq!(fake.told("cart.shop")["lanes"], Value::Null);
    }
}

#[test]
fn a_deployment_stays_held_while_its_release_can_not_be_read() {
    let mut fake = half_way();
    let release = fake.world.releases.take("shop", "checkout").unwrap();
    fake.world.unread_releases.insert(("shop".to_owned(), release.name_any()));
    fake.settle();
    assert_eq!(fake.world.deployments[0].spec.paused, Some(true));
}

/// Pods of the new version end when there are to be none.
fn no_pods(fake: &mut Fake) {
    let sets: Vec<_> = fake.replica_sets.iter().cloned().collect();
    for set in sets.iter().filter(|set| set.name_any() != "cart-v1hash") {
        let mut object = serde_json::to_value(set.as_ref()).unwrap();
        let replicas = object["spec"]["replicas"].clone();
        object["status"] = json!({"replicas": replicas, "availableReplicas": replicas});
        fake.add(&object);
    }
}

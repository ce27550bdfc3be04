//! Objects: whose they are, who else writes them, and what is left of them.

use std::time::Duration;

use anyhow::{Result, ensure};
use graylane::api::{ConditionType, GrayReleaseStatus, Phase, Reason};
use k8s_openapi::api::apps::v1::ReplicaSet;
use kube::ResourceExt;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::json;
use tokio::time::{Instant, interval, sleep};

use super::added::{expect_taken_out, until_told};
use super::{SAMPLE, Scenario, expect_share, expect_share_of, figure, scenario};
use crate::cluster::until;
use crate::manifests::{BY_HALVES, ROUTES};
use crate::shop::{Chain, Shop};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario!(manifests_that_are_applied_every_second_change_nothing, "repository", Chain::Short),
        scenario!(foreign_edits_are_repaired_and_nothing_is_written_at_rest, "edits", Chain::Short),
        scenario!(what_others_add_to_objects_of_ours_is_taken_out, "added", Chain::Short),
        scenario!(a_change_that_is_refused_moves_nobody_and_a_mended_one_goes_on, "refused", Chain::Short),
        scenario!(a_deleted_release_leaves_an_ordinary_deployment, "deleted", Chain::Short),
        scenario!(a_deployment_whose_release_is_lost_goes_on_and_tells_why, "lost", Chain::Short),
        scenario!(a_restart_is_no_release, "restart", Chain::Short),
        scenario!(routes_of_somebody_are_followed_and_then_as_they_were, "routes", Chain::Short),
    ]
}

/// As a tool does that keeps a cluster in line with a repository.
async fn manifests_that_are_applied_every_second_change_nothing(shop: &Shop) -> Result<()> {
    let load = shop.load();
    shop.release_stock(BY_HALVES).await?;
    let repository = shop.repository("v2");
    let again_and_again = async {
        let mut tick = interval(Duration::from_secs(1));
        loop {
            tick.tick().await;
            for manifest in &repository {
                shop.cluster.apply(manifest).await?;
            }
        }
    };
    let released = async {
        shop.until_paused_at(1).await?;
        expect_share(&load, "v2", 10.).await?;
        shop.tell("approve").await?;
        shop.until_paused_at(3).await?;
        let before = shop.until_at_rest().await?;
        expect_share(&load, "v2", 50.).await?;
        ensure!(shop.versions().await? == before, "something was written while nothing was to do");
        shop.tell("approve").await?;
        shop.until_phase(Phase::Completed).await?;
        shop.until_served_by("stock", "shop:v2", 2).await
    };
    tokio::select! {
        applied = again_and_again => return applied,
        released = released => released?,
    }
    let deeds: Vec<_> = shop.status().await?.history.into_iter().map(|deed| deed.what).collect();
    ensure!(deeds.len() == 4 && deeds[0].starts_with("released"), "one release, approved twice: {deeds:?}");
    let sets = shop.api::<ReplicaSet>().list(&ListParams::default().labels("app=stock")).await?.items;
    ensure!(
        sets.len() == 2,
        "the old version and the new one: {:?}",
        sets.iter().map(ResourceExt::name_any).collect::<Vec<_>>()
    );
    load.stop().await.expect_nothing_lost()
}

async fn foreign_edits_are_repaired_and_nothing_is_written_at_rest(shop: &Shop) -> Result<()> {
    shop.release_stock(BY_HALVES).await?;
    shop.set_image("stock", "shop:v2").await?;
    shop.until_paused_at(1).await?;
    let load = shop.load();
    let right = shop.routed().await?;
    ensure!(right.is_some());
    let foreign =
        json!({"metadata": {"labels": {"whose": "theirs"}}, "spec": {"http": [right.as_ref().map(|right| &right[1])]}});
    shop.routes().patch("graylane-stock", &PatchParams::default(), &Patch::Merge(foreign)).await?;
    let edited = Instant::now();
    until("the routes are repaired", || async { Ok((shop.routed().await? == right).then_some(())) }).await?;
    figure(&format!("foreign edit of routes: repaired after {:?}", edited.elapsed()));
    ensure!(edited.elapsed() < Duration::from_secs(2), "it took {:?}", edited.elapsed());
    let labels = shop.routes().get("graylane-stock").await?.metadata.labels.unwrap_or_default();
    ensure!(labels.get("whose").map(String::as_str) == Some("theirs"), "what is not ours stays");
    until_told(shop, "Repaired", 1).await?;

    // The proxies' last answers are in.
    let versions = shop.until_at_rest().await?;
    sleep(Duration::from_secs(3)).await;
    ensure!(shop.versions().await? == versions, "something was written at rest");
    load.stop().await.expect_nothing_lost()
}

/// Routes, subsets and settings of a filter beside ours, and for whom they hold. How connections are made stays.
async fn what_others_add_to_objects_of_ours_is_taken_out(shop: &Shop) -> Result<()> {
    let load = shop.load();
    shop.release_stock(BY_HALVES).await?;
    shop.set_image("stock", "shop:v2").await?;
    shop.until_paused_at(1).await?;
    let theirs = json!({"name": "theirs", "match": [{"uri": {"prefix": "/theirs"}}],
        "route": [{"destination": {"host": "stock"}}]});
    let subset = json!({"name": "theirs", "labels": {"whose": "theirs"}});
    let selector = json!({"matchLabels": {"app": "nobody"}});
    let pool = json!({"spec": {"trafficPolicy": {"connectionPool": {"http": {"http2MaxRequests": 1_000}}}}});
    shop.destination_rules().patch("graylane-stock", &PatchParams::default(), &Patch::Merge(&pool)).await?;
    for (api, name, added) in [
        (shop.routes(), "graylane-stock", vec![("/spec/http/-", theirs)]),
        (shop.destination_rules(), "graylane-stock", vec![("/spec/subsets/-", subset.clone())]),
        (shop.wasm_plugins(), "graylane-outbound", vec![("/spec/pluginConfig/theirs", subset)]),
        (shop.wasm_plugins(), "graylane-inbound", vec![("/spec/selector", selector)]),
        (
            shop.routes(),
            "graylane-stock",
            vec![("/spec/gateways", json!(["nowhere"])), ("/spec/exportTo", json!(["."]))],
        ),
        (shop.destination_rules(), "graylane-stock", vec![("/spec/exportTo", json!(["."]))]),
    ] {
        expect_taken_out(&api, name, &added).await?;
    }
    until_told(shop, "Repaired", 6).await?;
    // Whoever leads next has written none of these objects.
    shop.cluster.kill_leader().await?;
    shop.cluster.until_led().await?;
    expect_taken_out(&shop.routes(), "graylane-stock", &[("/spec/exportTo", json!(["."]))]).await?;
    until_told(shop, "Repaired", 7).await?;
    let policy = &shop.destination_rules().get("graylane-stock").await?.data["spec"]["trafficPolicy"];
    ensure!(*policy == pool["spec"]["trafficPolicy"], "what is theirs to say stays: {policy}");
    expect_share(&load, "v2", 10.).await?;
    load.stop().await.expect_nothing_lost()
}

/// With all of what holds a release in the API server, and a controller that is killed meanwhile.
async fn a_change_that_is_refused_moves_nobody_and_a_mended_one_goes_on(shop: &Shop) -> Result<()> {
    let load = shop.load();
    shop.release_stock(BY_HALVES).await?;
    shop.set_image("stock", "shop:v2").await?;
    shop.until_paused_at(1).await?;
    expect_share(&load, "v2", 10.).await?;
    let told = shop.told().await?;
    // Admission can not know which lanes there are.
    shop.change_release(&json!({"fallback": ["nowhere"], "lane": "another"})).await?;
    let refused = |status: &GrayReleaseStatus| {
        let accepted = status.conditions.iter().find(|condition| condition.kind == ConditionType::Accepted);
        accepted.is_some_and(|accepted| {
            accepted.reason == Reason::Refused && accepted.message.contains("(generation 1) stays in force")
        })
    };
    shop.until_status("it is told", refused).await?;
    shop.cluster.kill_leader().await?;
    shop.tell("approve").await?;
    shop.until_status("the verb is heard", |status| status.step == 2).await?;
    expect_share(&load, "v2", 10.).await?;
    ensure!(shop.told().await? == told, "proxies are told something else");
    shop.change_release(&json!({"fallback": null, "lane": null})).await?;
    shop.until_paused_at(3).await?;
    expect_share(&load, "v2", 50.).await?;
    shop.tell("approve").await?;
    shop.until_phase(Phase::Completed).await?;
    let window = load.stop().await;
    figure(&format!("refused change at 10 %: {} requests, none lost", window.0.len()));
    window.expect_nothing_lost()
}

async fn a_deleted_release_leaves_an_ordinary_deployment(shop: &Shop) -> Result<()> {
    shop.release_stock(BY_HALVES).await?;
    shop.set_image("stock", "shop:v2").await?;
    shop.until_paused_at(1).await?;
    let load = shop.load();
    load.next(SAMPLE / 4).await;
    shop.delete_release().await?;
    shop.until_served_by("stock", "shop:v2", 2).await?;
    ensure!(shop.routed().await?.is_none());
    let labels = shop.deployment("stock").await?.metadata.labels.unwrap_or_default();
    ensure!(!labels.contains_key("graylane.io/release"), "{labels:?}");
    let window = load.stop().await;
    figure(&format!("release deleted at 10 %: {} requests, none lost", window.0.len()));
    window.expect_nothing_lost()
}

/// As by somebody who is tired of waiting for a finalizer.
async fn a_deployment_whose_release_is_lost_goes_on_and_tells_why(shop: &Shop) -> Result<()> {
    shop.release_stock(BY_HALVES).await?;
    shop.set_image("stock", "shop:v2").await?;
    shop.until_paused_at(1).await?;
    shop.lose_release().await?;
    shop.until_served_by("stock", "shop:v2", 2).await?;
    let labels = shop.deployment("stock").await?.metadata.labels.unwrap_or_default();
    ensure!(!labels.contains_key("graylane.io/release"), "{labels:?}");
    until_told(shop, "ReleaseGone", 1).await
}

async fn a_restart_is_no_release(shop: &Shop) -> Result<()> {
    shop.release_stock(BY_HALVES).await?;
    let old = shop.pod_ids("stock", "shop:v1").await?;
    shop.kubectl("rollout restart deployment/stock").await?;
    until("all pods are new", || async {
        let pods = shop.pod_ids("stock", "shop:v1").await?;
        Ok((pods.len() == 2 && pods.is_disjoint(&old)).then_some(()))
    })
    .await?;
    shop.until_served_by("stock", "shop:v1", 2).await?;
    let status = shop.status().await?;
    ensure!(status.phase == Phase::Idle && status.history.is_empty(), "{status:?}");
    Ok(())
}

/// What the first service is released behind: routes of somebody, with all that a release has no idea of.
async fn routes_of_somebody_are_followed_and_then_as_they_were(shop: &Shop) -> Result<()> {
    let theirs = json!({"metadata": {"labels": {"whose": "theirs"}, "annotations": {"note": "by hand"}}, "spec": {"http": [
        {"name": "search", "match": [{"uri": {"prefix": "/search"}, "headers": {"x-beta": {"exact": "yes"}}}], "timeout": "9s",
         "retries": {"attempts": 2, "perTryTimeout": "3s"}, "headers": {"response": {"set": {"x-theirs": "1"}}},
         "corsPolicy": {"allowOrigins": [{"exact": "https://shop.example"}], "maxAge": "24h"},
         "route": [{"destination": {"host": "cart", "port": {"number": 80}}, "weight": 100}]},
        {"route": [{"destination": {"host": "cart", "port": {"number": 80}}}]},
    ]}});
    shop.routes().patch(ROUTES, &PatchParams::default(), &Patch::Merge(theirs)).await?;
    let before = shop.own_routes().await?;
    let load = shop.load();
    shop.release_routed("cart", BY_HALVES).await?;
    ensure!(shop.own_routes().await? == before, "nothing is released yet");
    shop.set_image("cart", "shop:v2").await?;
    shop.until_paused_at(1).await?;
    let meanwhile = shop.own_routes().await?;
    let names = meanwhile.names();
    let (ours, last) = names.split_at(names.len() - 2);
    ensure!(last == ["search", ""] && !ours.is_empty(), "{names:?}");
    ensure!(ours.iter().all(|name| name.starts_with("graylane.io/")), "{names:?}");
    expect_share_of(&load, "cart", "v2", 10.).await?;
    shop.tell("approve").await?;
    shop.until_paused_at(3).await?;
    expect_share_of(&load, "cart", "v2", 50.).await?;
    shop.tell("approve").await?;
    shop.until_phase(Phase::Completed).await?;
    shop.until_served_by("cart", "shop:v2", 1).await?;
    let after = shop.own_routes().await?;
    ensure!(after == before, "they were {before:?}, but are {after:?}");
    let window = load.next(SAMPLE / 4).await;
    ensure!(window.served("cart", "v2") == window.0.len(), "everybody is on the new version");
    let window = load.stop().await;
    figure(&format!("release behind routes of somebody: {} requests, none lost", window.0.len()));
    window.expect_nothing_lost()
}

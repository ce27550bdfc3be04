//! Traffic: shares, and that nobody notices more than that.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use graylane::api::Phase;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use tokio::time::Instant;

use super::added::until_told;
use super::{SAMPLE, Scenario, expect_share, figure, scenario};
use crate::cluster::until;
use crate::manifests::{BY_HALVES, ROUTES};
use crate::shop::{Chain, Shop};
use crate::streams::{self, Stream};

/// For how long pods go on that nobody new is sent to: the release's `scaleDownDelaySeconds`, and their own pause before
/// they end.
const OLD_PODS_STAY: Duration = Duration::from_secs(2 + 2);

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario!(a_release_shifts_by_steps_and_the_pods_that_were_tried_are_adopted, "shift", Chain::Short),
        scenario!(an_abort_is_enforced_by_all_proxies_within_two_seconds, "abort", Chain::Short),
        scenario!(a_third_version_replaces_the_second_and_undo_brings_back_the_first, "supersede", Chain::Short),
        scenario!(services_that_are_released_as_one_are_never_mixed, "together", Chain::Long),
        scenario!(a_stream_stays_with_its_version_until_the_pods_of_it_go, "streams", Chain::Short),
    ]
}

/// From a running Deployment that nobody has prepared to one that has been released, without a request lost.
async fn a_release_shifts_by_steps_and_the_pods_that_were_tried_are_adopted(shop: &Shop) -> Result<()> {
    let load = shop.load();
    let old = shop.pod_ids("stock", "shop:v1").await?;
    shop.release_stock(BY_HALVES).await?;
    shop.set_image("stock", "shop:v2").await?;
    ensure!(shop.is_paused("stock").await?, "the request that changed the template has not paused the Deployment");
    shop.until_paused_at(1).await?;
    ensure!(shop.pod_ids("stock", "shop:v1").await? == old, "taking over a running Deployment restarts nothing");
    expect_share(&load, "v2", 10.).await?;
    shop.tell("approve").await?;
    shop.until_paused_at(3).await?;
    expect_share(&load, "v2", 50.).await?;

    let tried = shop.pod_ids("stock", "shop:v2").await?;
    shop.tell("approve").await?;
    shop.until_phase(Phase::Completed).await?;
    shop.until_served_by("stock", "shop:v2", 2).await?;
    let serving = shop.pod_ids("stock", "shop:v2").await?;
    ensure!(!tried.is_empty() && tried.is_subset(&serving), "tried were {tried:?}, but {serving:?} serve");
    until("the routes are gone", || async { Ok(shop.routed().await?.is_none().then_some(())) }).await?;
    let window = load.next(SAMPLE / 4).await;
    ensure!(window.served("stock", "v2") == window.0.len(), "everybody is on the new version");
    ensure!(shop.pod_ids("stock", "shop:v2").await? == serving, "going on restarts nothing");
    let revision = shop.deployment("stock").await?.metadata.annotations.unwrap_or_default();
    ensure!(revision.get("deployment.kubernetes.io/revision").map(String::as_str) == Some("2"), "{revision:?}");
    let window = load.stop().await;
    figure(&format!("shift and promotion: {} requests, none lost", window.0.len()));
    window.expect_nothing_lost()
}

async fn an_abort_is_enforced_by_all_proxies_within_two_seconds(shop: &Shop) -> Result<()> {
    let load = shop.load();
    let old = shop.pod_ids("stock", "shop:v1").await?;
    shop.release_stock(BY_HALVES).await?;
    for round in 0..3 {
        if round == 0 {
            shop.set_image("stock", "shop:v2").await?;
        } else {
            shop.tell("retry").await?;
        }
        shop.until_paused_at(1).await?;
        shop.tell("approve").await?;
        shop.until_paused_at(3).await?;
        load.next(SAMPLE / 4).await;
        let told = Instant::now();
        shop.tell("abort").await?;
        let written = told.elapsed();
        shop.until_status("all proxies have weight 0", |status| {
            let published = status.publication.as_ref();
            let acknowledged = published.filter(|published| published.acknowledged.is_some());
            acknowledged.is_some_and(|published| published.traffic.weight.slots() == 0)
        })
        .await?;
        let confirmed = told.elapsed();
        let window = load.next(SAMPLE / 4).await;
        ensure!(
            window.served("stock", "v2") == 0,
            "weight 0 is confirmed, but {} went on",
            window.served("stock", "v2")
        );
        let status = shop.until_phase(Phase::Aborted).await?;
        ensure!(status.traffic.weight.slots() == 0 && shop.is_paused("stock").await?);
        figure(&format!("abort: written after {written:?}, confirmed by all proxies after {confirmed:?}"));
        ensure!(confirmed < Duration::from_secs(2), "an abort took {confirmed:?}");
    }
    let before = shop.status().await?;
    shop.tell("abort").await?;
    let after = shop.until_status("the verb is taken", |status| status.verb != before.verb).await?;
    ensure!((after.phase, &after.traffic) == (before.phase, &before.traffic), "an abort again does nothing");
    ensure!(shop.pod_ids("stock", "shop:v1").await? == old);
    let window = load.stop().await;
    figure(&format!("three aborts: {} requests, none lost", window.0.len()));
    window.expect_nothing_lost()
}

async fn a_third_version_replaces_the_second_and_undo_brings_back_the_first(shop: &Shop) -> Result<()> {
    let load = shop.load();
    let old = shop.pod_ids("stock", "shop:v1").await?;
    shop.release_stock(BY_HALVES).await?;
    shop.set_image("stock", "shop:v2").await?;
    let second = shop.until_paused_at(1).await?;
    shop.set_image("stock", "shop:v3").await?;
    let is_third = |status: &graylane::api::GrayReleaseStatus| {
        status.phase == Phase::Pausing && status.workloads[0].gray != second.workloads[0].gray
    };
    shop.until_status("a pause with the third version", is_third).await?;
    until("nothing is left of the second version", || async {
        Ok(shop.pod_ids("stock", "shop:v2").await?.is_empty().then_some(()))
    })
    .await?;
    expect_share(&load, "v3", 10.).await?;
    shop.tell("undo").await?;
    shop.until_phase(Phase::Idle).await?;
    shop.until_served_by("stock", "shop:v1", 2).await?;
    ensure!(shop.pod_ids("stock", "shop:v1").await? == old, "the first version was there all the time");
    let window = load.stop().await;
    let (since, last) = (Instant::now(), window.last_of("stock", "v3").context("some met the third version")?);
    figure(&format!(
        "supersede and undo: {} requests, none lost; the last one on v3 {:?} ago",
        window.0.len(),
        since - last
    ));
    window.expect_nothing_lost()
}

async fn services_that_are_released_as_one_are_never_mixed(shop: &Shop) -> Result<()> {
    let load = shop.load();
    shop.release(&["cart", "stock"], "[{setWeight: 50}, {pause: {}}]", "").await?;
    shop.set_image("cart", "shop:v2").await?;
    shop.set_image("stock", "shop:v2").await?;
    let both = |status: &graylane::api::GrayReleaseStatus| {
        status.phase == Phase::Pausing && status.workloads.iter().all(|workload| workload.gray.is_some())
    };
    shop.until_status("a pause with both new versions", both).await?;
    expect_share(&load, "v2", 50.).await?;
    shop.tell("abort").await?;
    shop.until_phase(Phase::Aborted).await?;
    shop.tell("retry").await?;
    shop.until_status("a pause with both new versions again", both).await?;
    shop.tell("approve").await?;
    shop.until_phase(Phase::Completed).await?;
    // Routes have gone and come again, and nobody else has touched them.
    until_told(shop, "Repaired", 0).await?;
    let window = load.stop().await;
    let mixed = window.0.iter().filter(|request| request.version("cart") != request.version("stock"));
    let mixed: Vec<_> = mixed.collect();
    ensure!(mixed.is_empty(), "{} of {} requests met two versions: {:?}", mixed.len(), window.0.len(), mixed.first());
    figure(&format!("two services as one: {} requests, none lost, none mixed", window.0.len()));
    window.expect_nothing_lost()
}

/// A stream that began before a shift ends when the pods of its version are told to; one on the new version never does.
async fn a_stream_stays_with_its_version_until_the_pods_of_it_go(shop: &Shop) -> Result<()> {
    let to = |host: &str| json!([{"destination": {"host": host, "port": {"number": 80}}}]);
    let calls = json!({"name": "calls", "match": [{"uri": {"prefix": streams::PATH}}], "route": to("stock")});
    let routes = json!({"spec": {"http": [calls, {"route": to("cart")}]}});
    shop.routes().patch(ROUTES, &PatchParams::default(), &Patch::Merge(routes)).await?;
    let load = shop.load();
    shop.release_routed("stock", BY_HALVES).await?;
    let begun_before = until("streams", || async { shop.streams(4).await.map(Some) }).await?;
    shop.set_image("stock", "shop:v2").await?;
    shop.until_paused_at(1).await?;
    shop.tell("approve").await?;
    shop.until_paused_at(3).await?;
    let (old, new): (Vec<_>, Vec<_>) =
        shop.streams(16).await?.into_iter().partition(|stream| stream.version().as_deref() == Some("v1"));
    ensure!(!old.is_empty() && !new.is_empty(), "{} of 16 streams are on v1 at 50 %", old.len());
    ensure!(begun_before.iter().all(|stream| stream.version().as_deref() == Some("v1")));
    let old: Vec<_> = begun_before.into_iter().chain(old).collect();

    let told = Instant::now();
    shop.tell("approve").await?;
    shop.until_status("everybody is on the new version", |status| status.phase == Phase::Draining).await?;
    // All at once: old pods do not stay for long.
    try_join_all(old.iter().chain(&new).map(Stream::expect_life)).await?;
    shop.until_phase(Phase::Completed).await?;
    for stream in &old {
        let ended = stream.end().await? - told;
        ensure!(ended > OLD_PODS_STAY, "a stream ended {ended:?} after the approval");
    }
    until("the routes are as before", || async {
        Ok((shop.own_routes().await?.names() == ["calls", ""]).then_some(()))
    })
    .await?;
    load.next(SAMPLE).await;
    for stream in &new {
        stream.expect_life().await?;
    }
    figure(&format!(
        "streams: {} on the old version until its pods went, {} on the new one for good",
        old.len(),
        new.len()
    ));
    load.stop().await.expect_nothing_lost()
}

//! An autoscaler that measures: Kubernetes' own, by the processor time of the pods' processes.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use graylane::api::Phase;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::api::ListParams;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{Scenario, expect_share, figure, scenario};
use crate::cluster::until;
use crate::load::Pace;
use crate::manifests::autoscaler;
use crate::shop::{Chain, Serving, Shop};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![scenario!(an_autoscaler_that_measures_is_respected_in_the_middle_of_a_release, "autoscaler", Chain::Short)]
}

/// Each request costs stock a millisecond, whatever the machine is, and a pod is to spend 40 ms of a second: two pods are
/// plenty for few people, and five would not be too many for a rush, of which the autoscaler allows four.
async fn an_autoscaler_that_measures_is_respected_in_the_middle_of_a_release(shop: &Shop) -> Result<()> {
    let costly = json!({"env": [{"name": "SHOP_WORK_MS", "value": "1"}], "resources": {"requests": {"cpu": "100m"}}});
    shop.patch_container("stock", &costly).await?;
    shop.kubectl("rollout status deployment/stock --timeout=2m").await?;
    let calm = shop.load_at(Pace::Calm);
    shop.cluster.apply(&autoscaler(&shop.namespace, "stock", 2, 4)).await?;
    until_it_measures(shop).await?;
    let sizes = Sizes::follow(shop.api(), "stock");

    shop.release_stock("[{setWeight: 50}, {pause: {}}]").await?;
    shop.set_image("stock", "shop:v2").await?;
    shop.until_paused_at(1).await?;
    until_serving(shop, 2, 1).await?;
    let rush = shop.load();
    let begun = Instant::now();
    until_serving(shop, 4, 2).await?;
    figure(&format!("a rush in the middle of a release: twice the pods of both versions after {:?}", begun.elapsed()));
    let grown = shop.until_status("both new pods serve", |status| status.workloads[0].ready == 2).await?;
    ensure!((grown.phase, grown.step) == (Phase::Pausing, 1), "it has gone on by itself: {grown:?}");
    expect_share(&rush, "v2", 50.).await?;
    until_it_measures(shop).await?;
    shop.tell("approve").await?;
    shop.until_phase(Phase::Completed).await?;
    shop.until_served_by("stock", "shop:v2", 4).await?;
    let rush = rush.stop().await;
    rush.expect_nothing_lost()?;

    let over = Instant::now();
    shop.until_served_by("stock", "shop:v2", 2).await?;
    figure(&format!("after the rush: half of the pods after {:?}", over.elapsed()));
    let sizes = sizes.seen();
    let most = sizes.iter().position(|size| *size == 4).context("it was never large")?;
    let (rising, falling) = sizes.split_at(most);
    ensure!(rising.is_sorted() && falling.is_sorted_by(|before, after| before >= after), "to and fro: {sizes:?}");
    ensure!(writers(&shop.deployment("stock").await?) == ["kube-controller-manager"], "somebody else scales it");
    let calm = calm.stop().await;
    figure(&format!(
        "release beside an autoscaler: {} requests, none lost; sizes {sizes:?}",
        calm.0.len() + rush.0.len()
    ));
    calm.expect_nothing_lost()
}

/// The one autoscaler is the user's, and knows how much pods do.
async fn until_it_measures(shop: &Shop) -> Result<()> {
    let scalers = shop.api::<HorizontalPodAutoscaler>();
    until("an autoscaler with metrics", || async {
        let found = scalers.list(&ListParams::default()).await?.items;
        let [scaler] = &found[..] else { anyhow::bail!("not one: {:?}", names(&found)) };
        let mut conditions = scaler.status.iter().flat_map(|status| status.conditions.iter().flatten());
        let active = conditions.find(|condition| condition.type_ == "ScalingActive");
        let active = active.context("it has not looked yet")?;
        ensure!(active.status == "True", "{:?}: {:?}", active.reason, active.message);
        Ok(Some(()))
    })
    .await
}

fn names(found: &[HorizontalPodAutoscaler]) -> Vec<String> {
    found.iter().map(ResourceExt::name_any).collect()
}

/// So many pods of the old version, and of the new one, serve.
async fn until_serving(shop: &Shop, old: i32, new: i32) -> Result<()> {
    let expected = Serving::from([("shop:v1".to_owned(), old), ("shop:v2".to_owned(), new)]);
    let what = format!("{old} old pods and {new} new ones");
    until(&what, || async { Ok((shop.serving("stock").await? == expected).then_some(())) }).await
}

/// Who has said last how many pods there are to be.
fn writers(deployment: &Deployment) -> Vec<String> {
    let entries = deployment.metadata.managed_fields.iter().flatten();
    let ours = entries.filter(|entry| {
        entry.fields_v1.as_ref().is_some_and(|fields| fields.0.pointer("/f:spec/f:replicas").is_some())
    });
    ours.filter_map(|entry| entry.manager.clone()).collect()
}

/// How many pods a Deployment was to have, one number after the other.
struct Sizes {
    seen: Arc<Mutex<Vec<i32>>>,
    task: JoinHandle<()>,
}

impl Drop for Sizes {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sizes {
    /// Those of one Deployment, from here on.
    fn follow(api: Api<Deployment>, name: &str) -> Self {
        let seen = Arc::<Mutex<Vec<i32>>>::default();
        let all = Arc::clone(&seen);
        let events = watcher(api, watcher::Config::default().fields(&format!("metadata.name={name}")));
        let task = tokio::spawn(events.default_backoff().applied_objects().for_each(move |deployment| {
            let size = deployment.ok().and_then(|deployment| deployment.spec.replicas);
            let mut all = all.lock().unwrap();
            if size.as_ref() != all.last() {
                all.extend(size);
            }
            std::future::ready(())
        }));
        Self { seen, task }
    }

    fn seen(&self) -> Vec<i32> {
        self.seen.lock().unwrap().clone()
    }
}

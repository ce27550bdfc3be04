//! Faults: of pods, proxies, the API server, and the controller itself.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use graylane::api::{Phase, Reason};
use graylane_lab::Component;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::json;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::{SAMPLE, Scenario, expect_share, figure, scenario};
use crate::cluster::until;
use crate::load::Load;
use crate::manifests::BY_HALVES;
use crate::shop::{Chain, Shop};
use crate::window::Window;

/// For how long the API server is away: several times as long as a Lease holds, and as anything here waits for an answer.
const OUTAGE: Duration = Duration::from_secs(45);

/// How many people come again and again meanwhile, each every eight seconds.
const REGULARS: usize = 200;

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario!(a_proxy_that_is_cut_off_is_named_and_stops_the_step, "cut-off", Chain::Short),
        scenario!(a_version_whose_pods_are_not_ready_gets_nobody, "unready", Chain::Short),
        scenario!(nobody_notices_that_the_api_server_is_away, "outage", Chain::Short),
        scenario!(a_controller_that_is_killed_at_every_transition_ends_as_any_other, "killed", Chain::Short),
    ]
}

/// The way from istiod to a pod, taken away: what istiod sends does not leave.
struct CutOff {
    address: String,
}

impl CutOff {
    async fn of(pod: &Pod) -> Result<Self> {
        let address = pod.status.as_ref().and_then(|status| status.pod_ip.clone()).context("an address")?;
        let cut_off = Self { address };
        cut_off.rule("add").await?;
        Ok(cut_off)
    }

    async fn mend(self) -> Result<()> {
        self.rule("del").await
    }

    async fn rule(&self, verb: &str) -> Result<()> {
        let words = ["rule", verb, "to", &self.address, "ipproto", "tcp", "sport", "15010", "unreachable"];
        let said = Command::new("ip").args(words).output().await?;
        ensure!(said.status.success(), "{words:?}: {}", String::from_utf8_lossy(&said.stderr));
        Ok(())
    }
}

async fn a_proxy_that_is_cut_off_is_named_and_stops_the_step(shop: &Shop) -> Result<()> {
    let load = shop.load();
    shop.release_stock(BY_HALVES).await?;
    shop.set_image("stock", "shop:v2").await?;
    shop.until_paused_at(1).await?;
    let pods = shop.pods("stock").await?;
    let name = format!("{}/{}", shop.namespace, pods[0].name_any());
    let cut_off = CutOff::of(&pods[0]).await?;
    shop.tell("approve").await?;
    let is_named = |status: &graylane::api::GrayReleaseStatus| {
        status.phase == Phase::Propagating && status.proxies.lagging == [name.clone()]
    };
    shop.until_status("the one proxy is named", is_named).await?;
    load.next(SAMPLE / 2).await;
    let status = shop.status().await?;
    ensure!(is_named(&status), "it went on: {:?} {:?}", status.phase, status.proxies);
    ensure!(status.message.contains(&name), "{}", status.message);
    cut_off.mend().await?;
    shop.until_paused_at(3).await?;
    expect_share(&load, "v2", 50.).await?;
    load.stop().await.expect_nothing_lost()
}

async fn a_version_whose_pods_are_not_ready_gets_nobody(shop: &Shop) -> Result<()> {
    let load = shop.load();
    shop.release(&["stock"], BY_HALVES, "progressDeadlineSeconds: 8").await?;
    // It runs and would answer, but says that it is not ready.
    let never_ready = json!({"image": "shop:v2", "readinessProbe": {"httpGet": null, "tcpSocket": {"port": 9}}});
    shop.patch_container("stock", &never_ready).await?;
    shop.until_phase(Phase::Scaling).await?;
    let window = load.next(SAMPLE / 4).await;
    let status = shop.status().await?;
    ensure!((status.phase, status.traffic.weight.slots()) == (Phase::Scaling, 0), "{status:?}");
    ensure!(window.served("stock", "v2") == 0 && status.workloads[0].ready == 0);
    let status = shop.until_phase(Phase::Aborted).await?;
    ensure!(status.conditions.iter().any(|condition| condition.reason == Reason::Aborted), "{:?}", status.conditions);
    ensure!(status.message.contains("not ready"), "{}", status.message);

    // The next version is to serve, however slow the machine is.
    shop.kubectl(r#"patch grayrelease/checkout --type=merge -p '{"spec":{"progressDeadlineSeconds":600}}'"#).await?;
    let ready = json!({"image": "shop:v3", "readinessProbe": {"tcpSocket": null, "httpGet": {"path": "/healthz", "port": 8080}}});
    shop.patch_container("stock", &ready).await?;
    shop.until_paused_at(1).await?;
    expect_share(&load, "v3", 10.).await?;
    let window = load.stop().await;
    ensure!(window.served("stock", "v2") == 0, "the version that was never ready has served");
    window.expect_nothing_lost()
}

/// In the middle of a release, with people who come again and again.
async fn nobody_notices_that_the_api_server_is_away(shop: &Shop) -> Result<()> {
    let load = shop.load();
    shop.release_stock("[{setWeight: 30}, {pause: {}}, {setWeight: 60}, {pause: {}}]").await?;
    shop.set_image("stock", "shop:v2").await?;
    shop.until_paused_at(1).await?;
    expect_share(&load, "v2", 30.).await?;
    let regulars = shop.regulars(REGULARS);
    let at_rest = shop.until_at_rest().await?;
    shop.cluster.lab.kill(Component::ApiServer).await?;
    let killed = Instant::now();
    while killed.elapsed() < OUTAGE {
        expect_share(&load, "v2", 30.).await?;
    }
    shop.cluster.lab.start(Component::ApiServer).await?;
    let back = Instant::now();
    shop.cluster.until_led().await?;
    expect_share(&load, "v2", 30.).await?;
    ensure!(shop.versions().await? == at_rest, "something was written when the API server was back");

    let told = Instant::now();
    shop.tell("approve").await?;
    shop.until_status("the controller has gone on", |status| status.step > 1).await?;
    let gone_on = told.elapsed();
    // Istio's own watches pause for up to a minute; nobody can tell them to look.
    shop.until_paused_at(3).await?;
    figure(&format!(
        "API server away for {OUTAGE:?}: the next step was written {gone_on:?} after it was approved, and followed by all proxies {:?} after the API server was back",
        back.elapsed()
    ));
    ensure!(gone_on < Duration::from_secs(5), "the controller has waited for {gone_on:?}");
    expect_share(&load, "v2", 60.).await?;
    shop.tell("approve").await?;
    shop.until_phase(Phase::Completed).await?;
    let (outage, whole) = expect_regulars_stay(regulars.stop().await, told)?;
    let window = load.stop().await;
    figure(&format!(
        "API server away: {} requests and {whole} of {REGULARS} people, none lost; in {outage} of these nobody moved before it went on, and nobody went back after it",
        window.0.len()
    ));
    window.expect_nothing_lost()
}

/// Until it was `told` to go on nobody is moved, and after that to the new version only. How many requests were made before
/// that, and in all.
fn expect_regulars_stay(all: Window, told: Instant) -> Result<(usize, usize)> {
    all.expect_nothing_lost()?;
    ensure!(all.moved("stock", "v2")? > 0, "nobody moved when it went on");
    let whole = all.0.len();
    let outage = all.before(told);
    let requests = outage.0.len();
    ensure!(requests > 2 * REGULARS, "nobody came again: {requests} requests");
    ensure!(outage.served("stock", "v2") > 0, "nobody was on the new version");
    ensure!(outage.moved("stock", "v2")? == 0, "somebody moved before it went on");
    Ok((requests, whole))
}

async fn a_controller_that_is_killed_at_every_transition_ends_as_any_other(shop: &Shop) -> Result<()> {
    let load = shop.load();
    shop.release_stock("[{setWeight: 10}, {pause: {duration: 5s}}, {setWeight: 50}, {pause: {}}]").await?;
    shop.set_image("stock", "shop:v2").await?;
    let mut killed = Vec::new();
    let mut paused = None;
    loop {
        let status = until("a status", || async { Ok(Some(shop.status().await?)) }).await?;
        let now = (status.phase, status.step);
        if status.phase == Phase::Completed {
            break;
        }
        if now == (Phase::Pausing, 1) {
            paused.get_or_insert_with(Instant::now);
        } else if let Some(paused) = paused.take() {
            let waited = Instant::now() - paused;
            ensure!(waited > Duration::from_millis(4_500), "a pause of 5 s was over after {waited:?}");
        }
        if !killed.contains(&now) {
            killed.push(now);
            match now {
                (Phase::Routing, _) => shop.cluster.lose_leader().await?,
                _ => shop.cluster.kill_leader().await?,
            }
            if now == (Phase::Pausing, 3) {
                shop.tell("approve").await?;
            }
        }
        sleep(Duration::from_millis(10)).await;
    }
    figure(&format!("controller killed {} times: {killed:?}", killed.len()));
    ensure!(killed.len() >= 8, "it was killed only at {killed:?}");
    shop.until_served_by("stock", "shop:v2", 2).await?;
    ends_as_any_other(shop, load).await
}

/// As a release ends during which nobody was killed.
async fn ends_as_any_other(shop: &Shop, load: Load) -> Result<()> {
    let deeds: Vec<_> = shop.status().await?.history.into_iter().map(|deed| deed.what).collect();
    ensure!(deeds.len() == 3 && deeds[1] == "approve" && deeds[2].starts_with("completed"), "{deeds:?}");
    until("the routes are gone", || async { Ok(shop.routed().await?.is_none().then_some(())) }).await?;
    load.stop().await.expect_nothing_lost()
}

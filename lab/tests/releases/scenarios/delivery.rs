//! Delivery: how proxies get the filter, and that nobody notices when it is another way.

use anyhow::{Context, Result, ensure};
use graylane::api::{ConditionType, MeshPolicy, Phase, Reason};
use graylane_lab::node::ContainerName;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use serde_json::{Value, json};

use super::added::{expect_taken_out, until_told};
use super::{SAMPLE, Scenario, expect_share, figure, scenario};
use crate::cluster::until;
use crate::manifests::{BY_HALVES, policy};
use crate::shop::{Chain, Shop};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![scenario!(the_filter_comes_by_envoy_filter_and_the_way_back_loses_nobody, "delivery", Chain::Short)]
}

/// A module that is on no proxy; then one that is; then the usual way again, in the middle of a release.
async fn the_filter_comes_by_envoy_filter_and_the_way_back_loses_nobody(shop: &Shop) -> Result<()> {
    let load = shop.load();
    shop.release_stock(BY_HALVES).await?;
    shop.cluster.run_controller(&["--module-url", "file:///nowhere/graylane.wasm"]).await?;
    deliver(shop, "EnvoyFilter").await?;
    shop.kubectl("rollout restart deployment/stock").await?;
    shop.kubectl("rollout status deployment/stock --timeout=2m").await?;
    load.next(SAMPLE / 4).await.expect_nothing_lost()?;

    let module = std::env::var("GRAYLANE_MODULE")?;
    shop.cluster.run_controller(&["--module-url", &format!("file://{module}")]).await?;
    shop.set_image("stock", "shop:v2").await?;
    shop.until_paused_at(1).await?;
    expect_own_machine(shop).await?;
    expect_share(&load, "v2", 10.).await?;
    shop.tell("approve").await?;
    let status = shop.until_paused_at(3).await?;
    ensure!(status.proxies.total > 3 && status.proxies.lagging.is_empty(), "{:?}", status.proxies);
    expect_share(&load, "v2", 50.).await?;
    expect_additions_are_taken_out(shop).await?;
    expect_share(&load, "v2", 50.).await?;

    deliver(shop, "WasmPlugin").await?;
    expect_share(&load, "v2", 50.).await?;
    shop.tell("approve").await?;
    shop.until_phase(Phase::Completed).await?;
    let window = load.stop().await;
    figure(&format!("delivery by EnvoyFilter and back: {} requests, none lost", window.0.len()));
    window.expect_nothing_lost()
}

/// Changes the policy, and waits until it is followed.
async fn deliver(shop: &Shop, delivery: &str) -> Result<()> {
    shop.cluster.apply(&policy(delivery)).await?;
    let policies: Api<MeshPolicy> = Api::all(shop.cluster.client.clone());
    until("the policy is followed", || async {
        let policy = policies.get("default").await?;
        let status = policy.status.unwrap_or_default();
        let accepted = status.conditions.iter().find(|condition| condition.kind == ConditionType::Accepted);
        let valid = accepted.is_some_and(|accepted| accepted.reason == Reason::Valid);
        Ok((valid && Some(status.observed_generation) == policy.metadata.generation).then_some(()))
    })
    .await?;
    until("the filter is delivered so and not otherwise", || async {
        let ways = [("EnvoyFilter", shop.envoy_filters()), ("WasmPlugin", shop.wasm_plugins())];
        for (way, objects) in ways {
            if objects.list(&ListParams::default()).await?.items.is_empty() == (way == delivery) {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
    .await
}

/// A patch beside ours, and a selector by which no proxy would have the filter.
async fn expect_additions_are_taken_out(shop: &Shop) -> Result<()> {
    let api = shop.envoy_filters();
    let patch = json!({"applyTo": "CLUSTER", "match": {"context": "SIDECAR_OUTBOUND", "cluster": {"name": "nobody"}},
        "patch": {"operation": "MERGE", "value": {"connect_timeout": "9s"}}});
    for (name, place, value) in [
        ("graylane-outbound", "/spec/configPatches/-", patch),
        ("graylane-inbound", "/spec/workloadSelector", json!({"labels": {"app": "nobody"}})),
    ] {
        expect_taken_out(&api, name, &[(place, value)]).await?;
    }
    until_told(shop, "Repaired", 2).await
}

/// Every sidecar of stock has filters that start anew when they fail, and share memory with nobody else's.
async fn expect_own_machine(shop: &Shop) -> Result<()> {
    for pod in shop.pods("stock").await? {
        let container = "istio-proxy".to_owned();
        let name = ContainerName { namespace: shop.namespace.clone(), pod: pod.name_any(), container };
        let dump = "http://127.0.0.1:15000/config_dump?resource=ecds_filters";
        let told = shop.cluster.ask_inside(&name, dump, "localhost").await?;
        let told: Value = serde_json::from_slice(&told).context("no dump of filters")?;
        let filters: Vec<_> = told["configs"].as_array().into_iter().flatten().map(machine).collect();
        let expected = json!({"vm_id": "graylane", "failure_policy": "FAIL_RELOAD"});
        ensure!(filters == [expected.clone(), expected], "{}: {filters:?}", pod.name_any());
    }
    Ok(())
}

/// What a dumped filter says of its machine.
fn machine(dumped: &Value) -> Value {
    let config = &dumped["ecds_filter"]["typed_config"]["config"];
    json!({"vm_id": config["vm_config"]["vm_id"], "failure_policy": config["failure_policy"]})
}

//! The filter, delivered in either way, while requests go on.

use anyhow::Result;
use graylane::api::{ConditionType, MeshPolicy, Reason};
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};

use super::environments::{Environments, lane};
use super::standing;
use crate::cluster::{Cluster, until};

pub(crate) async fn changes(cluster: &Cluster) -> Result<()> {
    let shop = Environments::open(cluster, "delivery").await?;
    cluster.apply(&lane(shop.namespace, "tester")).await?;
    standing::ready(cluster, &shop).await?;
    let load = shop.load();
    for delivery in ["EnvoyFilter", "WasmPlugin"] {
        let policy = format!(
            "{{apiVersion: graylane.io/v1alpha1, kind: MeshPolicy, metadata: {{name: default}}, spec: {{delivery: {delivery}}}}}"
        );
        cluster.apply(&policy).await?;
        let (here, gone) = if delivery == "EnvoyFilter" { (true, false) } else { (false, true) };
        until("the filter is delivered as the policy says", || async {
            let by =
                (is_delivered(cluster, &shop, "EnvoyFilter").await?, is_delivered(cluster, &shop, "WasmPlugin").await?);
            Ok((by == (here, gone)).then_some(()))
        })
        .await?;
        accepted(cluster).await?;
        // A change that only the new filters can know of.
        cluster.apply(&lane(shop.namespace, delivery)).await?;
        until("the new filters decide", || async { Ok((shop.ask(delivery).await? == ["gray", "gray"]).then_some(())) })
            .await?;
    }
    load.stop().await.expect_nothing_lost()?;
    Ok(())
}

async fn is_delivered(cluster: &Cluster, shop: &Environments, kind: &str) -> Result<bool> {
    let gvk = match kind {
        "EnvoyFilter" => GroupVersionKind::gvk("networking.istio.io", "v1alpha3", kind),
        _ => GroupVersionKind::gvk("extensions.istio.io", "v1alpha1", kind),
    };
    let resource = ApiResource::from_gvk(&gvk);
    let objects: Api<DynamicObject> = Api::namespaced_with(cluster.client.clone(), shop.namespace, &resource);
    Ok(!objects.list(&ListParams::default()).await?.items.is_empty())
}

async fn accepted(cluster: &Cluster) -> Result<()> {
    let policies: Api<MeshPolicy> = Api::all(cluster.client.clone());
    until("the policy is followed", || async {
        let status = policies.get("default").await?.status.unwrap_or_default();
        let accepted = status.conditions.iter().find(|condition| condition.kind == ConditionType::Accepted);
        Ok(accepted.is_some_and(|accepted| accepted.reason == Reason::Valid).then_some(()))
    })
    .await
}

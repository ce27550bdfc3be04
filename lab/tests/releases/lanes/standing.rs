//! A lane from its making to its end, while requests go on.

use anyhow::{Context, Result, ensure};
use graylane::api::{ConditionStatus, ConditionType, Lane};
use graylane_lab::node::ContainerName;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, ResourceExt};
use serde_json::json;

use super::environments::{Environments, lane};
use crate::cluster::{Cluster, until};
use crate::manifests::deployment;
use crate::window::Hop;

pub(crate) async fn comes_and_goes(cluster: &Cluster) -> Result<()> {
    let shop = Environments::open(cluster, "standing").await?;
    let before = routes(&cluster.client, shop.namespace, "shop").await?;
    let load = shop.load();
    cluster.apply(&lane(shop.namespace, "tester")).await?;
    ready(cluster, &shop).await?;
    for _ in 0..20 {
        ensure!(shop.ask("tester").await? == ["gray", "gray"], "a tester is not in the lane");
        ensure!(shop.ask("somebody").await? == ["v1", "v1"], "somebody is in the lane");
    }
    job(cluster, &shop).await?;
    falls_back(cluster, &shop).await?;
    let lanes: Api<Lane> = Api::namespaced(cluster.client.clone(), shop.namespace);
    lanes.delete("gray", &DeleteParams::default()).await?;
    until("the lane goes", || async { Ok(lanes.get_opt("gray").await?.is_none().then_some(())) }).await?;
    load.stop().await.expect_nothing_lost()?;
    let after = routes(&cluster.client, shop.namespace, "shop").await?;
    ensure!(after == before, "routes of somebody's are not what they were: {after}");
    for kind in ["VirtualService", "DestinationRule"] {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("networking.istio.io", "v1", kind));
        let left: Api<DynamicObject> = Api::namespaced_with(cluster.client.clone(), shop.namespace, &resource);
        ensure!(left.get_opt("graylane-stock").await?.is_none(), "{kind} was left behind");
    }
    Ok(())
}

/// What a pod begins by itself is in the lane that its label names.
async fn job(cluster: &Cluster, shop: &Environments) -> Result<()> {
    let labels = "{app: import, graylane.io/lane: gray}";
    cluster.apply(&deployment(shop.namespace, "import", "web", "v1", labels, 1)).await?;
    let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), shop.namespace);
    let selected = ListParams::default().labels("app=import");
    until("a job is in its lane", || async {
        let pod = pods.list(&selected).await?.items.pop().context("a pod")?;
        let name =
            ContainerName { namespace: shop.namespace.to_owned(), pod: pod.name_any(), container: "app".to_owned() };
        let host = format!("cart.{}.svc.cluster.local", shop.namespace);
        let hop: Hop = serde_json::from_slice(&cluster.ask_inside(&name, "http://127.0.0.1:80/", &host).await?)?;
        Ok((hop.versions() == ["gray", "gray"]).then_some(()))
    })
    .await
}

/// Requests of the lane are served by base where its version has no ready endpoint.
async fn falls_back(cluster: &Cluster, shop: &Environments) -> Result<()> {
    let deployments: Api<k8s_openapi::api::apps::v1::Deployment> =
        Api::namespaced(cluster.client.clone(), shop.namespace);
    let none = Patch::Merge(json!({"spec": {"replicas": 0}}));
    deployments.patch("stock-gray", &PatchParams::default(), &none).await?;
    until("base serves for stock", || async { Ok((shop.ask("tester").await? == ["gray", "v1"]).then_some(())) }).await
}

/// Waits until the lane says that it is ready.
pub(super) async fn ready(cluster: &Cluster, shop: &Environments) -> Result<()> {
    let lanes: Api<Lane> = Api::namespaced(cluster.client.clone(), shop.namespace);
    until("the lane is ready", || async {
        let status = lanes.get("gray").await?.status.unwrap_or_default();
        let ready = status.conditions.iter().find(|condition| condition.kind == ConditionType::Ready);
        let is_ready = ready.is_some_and(|ready| ready.status == ConditionStatus::True);
        ensure!(is_ready, "{}: {:?}", status.message, status.conditions);
        Ok(Some(()))
    })
    .await
}

async fn routes(client: &Client, namespace: &str, name: &str) -> Result<String> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("networking.istio.io", "v1", "VirtualService"));
    let objects: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    Ok(objects.get(name).await?.data["spec"].to_string())
}

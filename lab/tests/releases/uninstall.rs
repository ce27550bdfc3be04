//! The way out, as the guide says it, in the middle of a release.

use std::sync::Arc;

use anyhow::{Result, ensure};
use kube::api::ListParams;

use crate::cluster::{Cluster, until};
use crate::journey::type_all;
use crate::manifests::BY_HALVES;
use crate::shop::{Chain, Shop};

const GUIDE: &str = include_str!("../../../docs/guides/releases.md");

/// Takes Graylane away while new pods serve a tenth: what is left is an ordinary Deployment, which rolls out what it says.
pub(crate) async fn leaves_nothing_behind(cluster: &Arc<Cluster>) -> Result<()> {
    let shop = Shop::open(cluster, "uninstalled", Chain::Short).await?;
    let load = shop.load();
    shop.release_stock(BY_HALVES).await?;
    shop.set_image("stock", "shop:v2").await?;
    shop.until_paused_at(1).await?;

    let section = GUIDE.split("\n## ").find(|section| section.starts_with("Uninstall"));
    type_all(cluster, section.unwrap_or_default(), 3).await?;

    shop.until_served_by("stock", "shop:v2", 2).await?;
    let labels = shop.deployment("stock").await?.metadata.labels.unwrap_or_default();
    ensure!(!labels.keys().any(|label| label.starts_with("graylane.io/")), "{labels:?}");
    for (kind, api) in [
        ("VirtualService", shop.routes()),
        ("DestinationRule", shop.destination_rules()),
        ("WasmPlugin", shop.wasm_plugins()),
        ("EnvoyFilter", shop.envoy_filters()),
    ] {
        until(&format!("no {kind} of ours is left"), || async {
            let left = api.list(&ListParams::default()).await?.items;
            let ours = left.iter().any(|object| object.metadata.name.iter().any(|name| name.starts_with("graylane")));
            Ok((!ours).then_some(()))
        })
        .await?;
    }
    let definitions = cluster.shell("kubectl get customresourcedefinitions -o name")?.output().await?;
    let definitions = String::from_utf8(definitions.stdout)?;
    ensure!(definitions.contains("istio.io") && !definitions.contains("graylane.io"), "{definitions}");
    load.stop().await.expect_nothing_lost()
}

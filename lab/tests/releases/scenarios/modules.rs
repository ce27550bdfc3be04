//! The filter's module: another one in the middle of a release, and one that is none.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use graylane::api::Phase;
use kube::api::ListParams;
use tempfile::TempDir;

use super::{SAMPLE, Scenario, expect_share, figure, scenario};
use crate::cluster::until;
use crate::manifests::BY_HALVES;
use crate::shop::{Chain, Shop};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![scenario!(another_module_in_the_middle_of_a_release_loses_nobody, "module", Chain::Short)]
}

async fn another_module_in_the_middle_of_a_release_loses_nobody(shop: &Shop) -> Result<()> {
    let load = shop.load();
    let folder = tempfile::tempdir()?;
    shop.release_stock(BY_HALVES).await?;
    shop.set_image("stock", "shop:v2").await?;
    let before = shop.until_paused_at(1).await?;
    let old = urls(shop).await?;

    let damaged = write(&folder, "damaged.wasm", b"\0asm and nothing that follows")?;
    let started = format!("graylane run --listen 127.0.0.1:0 --module {}", damaged.display());
    let refused = shop.cluster.shell(&started)?.output().await?;
    let told = String::from_utf8_lossy(&refused.stderr);
    ensure!(!refused.status.success() && told.contains("no valid WebAssembly module"), "{told}");

    let next = write(&folder, "next.wasm", &another(&fs::read(std::env::var("GRAYLANE_MODULE")?)?))?;
    shop.cluster.run_controller(&["--module", &next.to_string_lossy()]).await?;
    until("every filter comes by the other module", || async {
        let urls = urls(shop).await?;
        Ok((!urls.iter().any(|url| old.contains(url))).then_some(()))
    })
    .await?;
    ensure!(shop.status().await?.traffic == before.traffic, "a module changes no weight");
    expect_share(&load, "v2", 10.).await?;
    shop.tell("approve").await?;
    shop.until_paused_at(3).await?;
    expect_share(&load, "v2", 50.).await?;

    shop.cluster.run_controller(&[]).await?;
    until("every filter comes by the first module again", || async { Ok((urls(shop).await? == old).then_some(())) })
        .await?;
    shop.tell("approve").await?;
    shop.until_phase(Phase::Completed).await?;
    load.next(SAMPLE / 4).await.expect_nothing_lost()?;
    let window = load.stop().await;
    figure(&format!("another module, and the first one again: {} requests, none lost", window.0.len()));
    window.expect_nothing_lost()
}

fn write(folder: &TempDir, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let file = Path::new(folder.path()).join(name);
    fs::write(&file, bytes)?;
    Ok(file)
}

/// The same code with a custom section more (WebAssembly core specification, 5.5.3), so that it has another digest.
fn another(module: &[u8]) -> Vec<u8> {
    [module, &[0, 5, 4], b"next"].concat()
}

/// Where objects say that proxies get the module.
async fn urls(shop: &Shop) -> Result<Vec<String>> {
    let plugins = shop.wasm_plugins().list(&ListParams::default()).await?.items;
    let mut urls: Vec<String> =
        plugins.iter().filter_map(|plugin| Some(plugin.data["spec"]["url"].as_str()?.to_owned())).collect();
    urls.sort();
    urls.dedup();
    Ok(urls)
}

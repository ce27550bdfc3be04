//! Edits while requests come in.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use graylane::local::Event;
use libtest_mimic::Trial;

use crate::client::Load;
use crate::fixture::{Fixture, release};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("twenty_edits_of_a_weight_are_acknowledged_and_lose_no_request", shifts),
        trial("a_bad_edit_is_refused_by_file_and_field_and_changes_nothing_until_it_is_mended", refused),
    ]
}

async fn shifts() -> Result<()> {
    let fixture = Fixture::new()?;
    let mut mesh = fixture.ready().await?;
    let client = mesh.client();
    let load = Load::start(mesh.running.gateway_addr());
    let shifts = [("100", "cart-v2"), ("0", "cart-v1")].into_iter().cycle().take(20);
    for ((weight, serves), generation) in shifts.zip(2..) {
        fixture.write("release.yaml", &release(weight))?;
        assert_eq!(mesh.acknowledged().await?, generation);
        for _ in 0..5 {
            let answer = client.front().await?;
            ensure!(answer.contains(serves), "acknowledged, but {answer} at weight {weight}");
        }
    }
    let (served, lost) = load.end().await;
    ensure!(served > 500, "only {served} requests were made");
    ensure!(lost.is_empty(), "{} of {served} lost: {:?}", lost.len(), BTreeSet::from_iter(lost));
    mesh.end(&fixture).await
}

async fn refused() -> Result<()> {
    let fixture = Fixture::new()?;
    fixture.write("release.yaml", &release("100"))?;
    let mut mesh = fixture.ready().await?;
    let client = mesh.client();
    for (bad, parts) in [
        (release("250"), ["release.yaml:6", "spec.weight", "250"]),
        (release("50").replace("gray: v2", "gray: v7"), ["release.yaml:8", "spec.workloads[0].gray", "v7"]),
        ("kind: [".to_owned(), ["release.yaml:", "no YAML", ""]),
    ] {
        fixture.write("release.yaml", &bad)?;
        let refused = mesh.event(|event| matches!(event, Event::Refused { .. })).await?.to_string();
        for part in parts {
            ensure!(refused.contains(part), "{refused}");
        }
        ensure!(client.front().await?.contains("cart-v2"));
    }
    fixture.write("release.yaml", &release("0"))?;
    assert_eq!(mesh.acknowledged().await?, 2, "what was refused has not been published");
    ensure!(client.front().await?.contains("cart-v1"));
    mesh.end(&fixture).await
}

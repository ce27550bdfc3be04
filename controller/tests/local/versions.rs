//! Versions and replicas that come and go while requests come in.

use anyhow::{Result, ensure};
use graylane::local::Event;
use libtest_mimic::Trial;

use crate::client::Load;
use crate::fixture::{Fixture, mesh, release, version};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_version_can_be_added_released_and_the_old_one_removed_without_a_lost_request", succession),
        trial("a_replica_that_goes_finishes_its_requests", drained),
        trial("replicas_of_an_edited_app_replace_the_old_ones_without_a_lost_request", replaced),
    ]
}

async fn succession() -> Result<()> {
    let fixture = Fixture::new()?;
    fixture.write("mesh.yaml", &mesh(0, &version("v1", 1, "")))?;
    fixture.write("release.yaml", "")?;
    let mut running = fixture.ready().await?;
    let client = running.client();
    let load = Load::start(running.running.gateway_addr());

    fixture.write("mesh.yaml", &mesh(0, &[version("v1", 1, ""), version("v2", 2, "")].concat()))?;
    running.event(|event| matches!(event, Event::Rerouted { .. })).await?;
    fixture.write("release.yaml", &release("100"))?;
    loop {
        running.acknowledged().await?;
        if client.front().await?.contains("cart-v2") {
            break;
        }
    }
    fixture.write("release.yaml", "")?;
    fixture.write("mesh.yaml", &mesh(0, &version("v2", 2, "")))?;
    running.event(|event| matches!(event, Event::ReplicaStopped { replica } if replica == "cart-v1-0")).await?;
    ensure!(client.front().await?.contains("cart-v2"));
    ensure!(!fixture.processes()?.iter().any(|(name, _)| name.starts_with("cart-v1")));

    let (served, lost) = load.end().await;
    ensure!(served > 100 && lost.is_empty(), "{} of {served} lost: {lost:?}", lost.len());
    running.end(&fixture).await
}

async fn drained() -> Result<()> {
    let fixture = Fixture::new()?;
    fixture.write("release.yaml", "")?;
    fixture.write("mesh.yaml", &mesh(0, &version("v1", 2, "")).replace("service: web", "service: cart"))?;
    let mut running = fixture.ready().await?;
    let slow = async || running.client().get("shop.example.com", "/slow", &[]).await;
    let requests = tokio::join!(slow(), slow(), slow(), slow());
    let answers = [requests.0?.1, requests.1?.1, requests.2?.1, requests.3?.1];
    ensure!(answers.contains(&"cart-v1-1".to_owned()), "both replicas serve: {answers:?}");

    let client = running.client();
    let open: Vec<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.get("shop.example.com", "/slow", &[]).await })
        })
        .collect();
    fixture.write("mesh.yaml", &mesh(0, &version("v1", 1, "")).replace("service: web", "service: cart"))?;
    running.event(|event| matches!(event, Event::ReplicaStopped { replica } if replica == "cart-v1-1")).await?;
    let mut by_the_one_that_goes = 0;
    for request in open {
        let (status, instance) = request.await??;
        ensure!(status.is_success(), "{status} {instance}");
        by_the_one_that_goes += usize::from(instance == "cart-v1-1");
    }
    ensure!(by_the_one_that_goes > 0, "no request was open");
    running.end(&fixture).await
}

async fn replaced() -> Result<()> {
    let fixture = Fixture::new()?;
    let mut running = fixture.ready().await?;
    let client = running.client();
    let load = Load::start(running.running.gateway_addr());
    fixture.write("mesh.yaml", &mesh(0, &[version("v1", 1, "COLOUR: red"), version("v2", 1, "")].concat()))?;
    running.event(|event| matches!(event, Event::ReplicaStopped { replica } if replica == "cart-v1-0")).await?;
    assert_eq!(client.front().await?, "web-v1-0[x-gray-lane=base] -> cart-v1-1[x-gray-lane=base]");
    let (served, lost) = load.end().await;
    ensure!(served > 100 && lost.is_empty(), "{} of {served} lost: {lost:?}", lost.len());
    running.end(&fixture).await
}

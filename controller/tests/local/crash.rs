//! Processes that end by themselves.

use anyhow::{Context, Result, ensure};
use graylane::envoy::stats::Sample;
use graylane::local::{Event, ProcessName};
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};

use crate::fixture::{Fixture, eventually, release};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("an_app_that_is_killed_is_replaced_meanwhile_and_restarted", app),
        trial("a_proxy_that_is_killed_is_restarted_with_what_is_published_and_said_to_be", proxy),
        trial("a_proxy_that_hangs_is_named_holds_up_no_other_and_catches_up", hangs),
        trial("an_app_that_fails_is_reported_with_its_last_words", last_words),
    ]
}

pub(crate) fn kill(id: u32, signal: Signal) -> Result<()> {
    let id = Pid::from_raw(i32::try_from(id)?).expect("the number of a process");
    Ok(kill_process(id, signal)?)
}

async fn app() -> Result<()> {
    let fixture = Fixture::new()?;
    fixture.write("release.yaml", &release("100"))?;
    let mut mesh = fixture.ready().await?;
    let client = mesh.client();
    kill(fixture.process("cart-v2-0")?, Signal::KILL)?;
    let told = mesh.event(|event| matches!(event, Event::Exited { .. })).await?.to_string();
    ensure!(told.starts_with("cart-v2-0 ended by itself (signal: 9 (SIGKILL))"), "{told}");

    let fallen_back = mesh.event(|event| matches!(event, Event::Published { .. })).await?.to_string();
    ensure!(fallen_back.contains("cart.shop v2 has no ready replica"), "{fallen_back}");
    mesh.event(|event| matches!(event, Event::ReplicaReady { .. })).await?;
    eventually("v2 serves again", async || client.front().await.is_ok_and(|answer| answer.contains("cart-v2"))).await?;
    mesh.end(&fixture).await
}

async fn proxy() -> Result<()> {
    let fixture = Fixture::new()?;
    let mut mesh = fixture.ready().await?;
    fixture.write("release.yaml", &release("100"))?;
    let published = mesh.acknowledged().await?;
    let client = mesh.client();
    for (file, name) in
        [("web-v1-0_proxy", ProcessName::Proxy("web-v1-0".to_owned())), ("gateway_proxy", ProcessName::Gateway)]
    {
        kill(fixture.process(file)?, Signal::KILL)?;
        let exited = |event: &Event| matches!(event, Event::Exited { process, .. } if *process == name);
        mesh.event(exited).await?;
        let returned = mesh.event(|event| matches!(event, Event::ProxyReturned { .. })).await?;
        ensure!(
            matches!(&returned, Event::ProxyReturned { process, generation } if *process == name && *generation >= published),
            "{returned}"
        );
        eventually("it serves again", async || client.front().await.is_ok_and(|answer| answer.contains("cart-v2")))
            .await?;
    }
    mesh.end(&fixture).await
}

async fn hangs() -> Result<()> {
    let fixture = Fixture::new()?;
    let mut mesh = fixture.ready().await?;
    let web = mesh.running.proxies().into_iter().find(|proxy| proxy.name() == "web-v1-0").context("web's proxy")?;
    let generation = async || {
        let metrics = web.metrics().await.unwrap_or_default();
        metrics.iter().filter(|sample| sample.family == "graylane_generation").filter_map(Sample::whole).min()
    };
    let gateway = fixture.process("gateway_proxy")?;
    kill(gateway, Signal::STOP)?;
    for (weight, number) in [("100", 2), ("0", 3)] {
        fixture.write("release.yaml", &release(weight))?;
        eventually("the others go by it", async || generation().await == Some(number)).await?;
    }
    let lagging = mesh.event(|event| matches!(event, Event::Lagging { .. })).await?.to_string();
    ensure!(lagging.starts_with("generation 3 acknowledged by only 3 of 4 proxies after 10."), "{lagging}");
    ensure!(lagging.ends_with("\n    gateway does not answer within 1 s"), "{lagging}");

    kill(gateway, Signal::CONT)?;
    assert_eq!(mesh.acknowledged().await?, 3);
    ensure!(mesh.client().front().await?.contains("cart-v1"));
    mesh.end(&fixture).await
}

async fn last_words() -> Result<()> {
    let fixture = Fixture::new()?;
    let mut mesh = fixture.ready().await?;
    let failed = mesh.client().get("shop.example.com", "/fail", &[]).await?;
    ensure!(failed.0.is_server_error(), "{failed:?}");
    let told = mesh.event(|event| matches!(event, Event::Exited { .. })).await?.to_string();
    for part in
        ["web-v1-0 ended by itself (exit status: 3)", "starts again in 200 ms", "\n    the last words of web-v1-0"]
    {
        ensure!(told.contains(part), "{told}");
    }
    mesh.end(&fixture).await
}

//! From a folder to a mesh that serves, or a clear reason why not.

use std::fs;
use std::net::TcpListener;

use anyhow::{Result, ensure};
use axum::http::StatusCode;
use graylane::local::{Error, Event};
use libtest_mimic::Trial;

use crate::fixture::{Fixture, mesh, release, version};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_request_goes_through_gateway_and_proxies_to_the_apps", chain),
        trial("a_version_that_is_never_ready_gets_no_requests", never_ready),
        trial("a_port_in_use_is_named", port_in_use),
        trial("bad_resources_start_nothing_and_are_told_by_file_and_field", bad_resources),
        trial("one_mesh_at_a_time_uses_a_state_folder", busy),
    ]
}

async fn chain() -> Result<()> {
    let fixture = Fixture::new()?;
    let mut mesh = fixture.ready().await?;
    let client = mesh.client();
    assert_eq!(client.front().await?, "web-v1-0[x-gray-lane=base] -> cart-v1-0[x-gray-lane=base]");
    assert_eq!(mesh.running.proxies().len(), 4);

    fixture.write("release.yaml", &release("100"))?;
    mesh.acknowledged().await?;
    let gray = "web-v1-0[x-gray-lane=gray] -> cart-v2-0[x-gray-lane=gray]";
    assert_eq!(client.front().await?, gray, "every service sees the mark, none the version header");
    let forged = [("x-gray-version", "v1"), ("x-gray-lane", "base")];
    assert_eq!(client.get("shop.example.com:80", "/", &forged).await?.1, gray, "marks from outside count for nothing");

    let (status, answer) = client.get("other.example.com", "/", &[]).await?;
    assert_eq!(
        (status, answer.as_str()),
        (StatusCode::NOT_FOUND, "graylane: no route of the gateway takes this host and path\n")
    );
    let (_, answer) = client.get("shop.example.com", "/?call=elsewhere", &[]).await?;
    ensure!(answer.ends_with("502 Bad Gateway graylane: the host is no service of this mesh\n"), "{answer}");
    mesh.end(&fixture).await
}

async fn never_ready() -> Result<()> {
    let fixture = Fixture::new()?;
    fixture.write("release.yaml", &release("100"))?;
    let versions = |environment| mesh(0, &[version("v1", 1, ""), version("v2", 1, environment)].concat());
    fixture.write("mesh.yaml", &versions("DIES: at once"))?;
    let mut mesh = fixture.ready().await?;
    let client = mesh.client();
    let base = "web-v1-0[x-gray-lane=gray] -> cart-v1-0[x-gray-lane=gray]";
    assert_eq!(client.front().await?, base, "v2 fails, so base serves its lane");

    fixture.write("mesh.yaml", &versions("NEVER_READY: it runs though"))?;
    mesh.event(|event| matches!(event, Event::ReplicaLate { replica, .. } if replica == "cart-v2-1")).await?;
    assert_eq!(client.front().await?, base);
    ensure!(!mesh.told.0.iter().any(|told| told.starts_with("cart-v2-1 is ready")), "it was ready");
    mesh.end(&fixture).await
}

async fn port_in_use() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port();
    let fixture = Fixture::new()?;
    fixture.write("mesh.yaml", &mesh(port, &version("v1", 1, "")))?;
    fs::remove_file(fixture.resources().join("release.yaml"))?;
    let refusal = fixture.start().await.err().expect("the port is taken").to_string();
    for part in [&port.to_string(), "spec.gateway.port", "in use"] {
        ensure!(refusal.contains(part), "{refusal}");
    }
    ensure!(fixture.processes()?.is_empty());
    Ok(())
}

async fn bad_resources() -> Result<()> {
    let fixture = Fixture::new()?;
    fixture.write("release.yaml", &release("0").replace("gray: v2", "gray: v9"))?;
    let refusal = fixture.start().await.err().expect("there is no v9").to_string();
    for part in ["release.yaml:8", "spec.workloads[0].gray", "v9", "v1, v2", "nothing was started"] {
        ensure!(refusal.contains(part), "{refusal}");
    }
    fs::remove_file(fixture.resources().join("mesh.yaml"))?;
    let refusal = fixture.start().await.err().expect("there is no mesh").to_string();
    ensure!(refusal.contains("no file holds a LocalMesh"), "{refusal}");
    ensure!(!fixture.state().exists());
    Ok(())
}

async fn busy() -> Result<()> {
    let fixture = Fixture::new()?;
    let mesh = fixture.start().await?;
    let refusal = fixture.start().await.err().expect("the folder is in use");
    ensure!(matches!(refusal, Error::Busy { .. }), "{refusal}");
    mesh.running.shutdown().await;
    Ok(())
}

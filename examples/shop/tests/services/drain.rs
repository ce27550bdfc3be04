//! How an instance stops: what is open is finished, what is endless ends, what is new is refused.

use std::{process::Stdio, sync::Arc};

use axum::http::StatusCode;
use http_body_util::BodyExt;
use rustix::process::{Pid, Signal, kill_process};
use shop::{Config, Hop, Service, Update};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::support::{Gate, Running, calling, get, headers, open, refuses_connections, soon};

const STOCK: &str = r#"{"service":"stock","version":"v1","instance":"s","lane":null,"sawVersionHeader":false}"#;

#[tokio::test]
async fn an_open_request_is_answered_although_new_ones_are_refused() -> anyhow::Result<()> {
    let gate = Arc::new(Gate::default());
    let web = Running::start(calling(Service::Web, gate.start(STOCK.to_owned()).await?)?).await?;
    let address = web.address;
    let request = tokio::spawn(async move { get::<Hop>(address, "/", headers(&[])).await });
    soon("the request to arrive", gate.reached.notified()).await?;

    web.stop.cancel();
    refuses_connections(address).await?;
    gate.open.notify_one();

    let (status, answer) = soon("the answer", request).await???;
    assert_eq!((status, answer.chain().count()), (StatusCode::OK, 2));
    web.finished().await
}

#[tokio::test]
async fn events_are_whole_lines_that_end_properly_with_the_instance() -> anyhow::Result<()> {
    for service in [Service::Web, Service::Cart, Service::Stock] {
        let running = Running::start(Config::new(service, "v1")).await?;
        let mut body = open(running.address, "/events", headers(&[("x-gray-lane", "gray")])).await?.into_body();
        let first = soon("the first line", body.frame()).await?.unwrap()?.into_data().unwrap();
        running.stop.cancel();
        // An unfinished chunked body would be an error here.
        let rest = soon("the end of the stream", body.collect()).await??.to_bytes();

        let lines = [first, rest].concat();
        assert_eq!(lines.last(), Some(&b'\n'));
        for (expected, line) in (0..).zip(lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty())) {
            let update: Update = serde_json::from_slice(line)?;
            assert_eq!((update.number, update.by.service), (expected, service));
            assert_eq!(update.by.lane.as_deref(), Some("gray"));
        }
        running.finished().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_process_told_to_terminate_finishes_open_requests_and_exits_with_zero() -> anyhow::Result<()> {
    let gate = Arc::new(Gate::default());
    let next = gate.start(STOCK.to_owned()).await?;
    // Set up as a supervisor would do it: half by flags, half by environment.
    let mut web = Command::new(env!("CARGO_BIN_EXE_shop"))
        .args(["serve", "--service", "web", "--listen", "127.0.0.1:0"])
        .env("SHOP_APP_VERSION", "v2")
        .env("SHOP_INSTANCE", "web-v2-7")
        .env("SHOP_NEXT", next.to_string())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut output = BufReader::new(web.stdout.take().unwrap()).lines();
    let greeting = soon("the address", output.next_line()).await??.unwrap();
    let address = greeting.strip_prefix("web-v2-7 listens on http://").unwrap().parse()?;
    let request = tokio::spawn(async move { get::<Hop>(address, "/", headers(&[])).await });
    soon("the request to arrive", gate.reached.notified()).await?;

    let pid = web.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).unwrap();
    kill_process(pid, Signal::TERM)?;
    refuses_connections(address).await?;
    gate.open.notify_one();

    let (status, answer) = soon("the answer", request).await???;
    assert_eq!((status, answer.instance.as_str(), answer.version.as_str()), (StatusCode::OK, "web-v2-7", "v2"));
    assert_eq!(soon("the exit", web.wait()).await??.code(), Some(0));
    assert_eq!(output.next_line().await?.as_deref(), Some("web-v2-7 finished"));
    Ok(())
}

//! However a mesh ends, its processes end with it.

use std::env;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use graylane::local::Event;
use libtest_mimic::Trial;
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::crash::kill;
use crate::fixture::{Fixture, eventually, none_runs, runs};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("ctrl_c_and_sigterm_leave_no_process", signals),
        trial("a_killed_mesh_leaves_no_process", killed),
        trial("what_a_killed_mesh_and_its_guard_have_left_is_ended_by_the_next", leftovers),
    ]
}

/// The command as a process of its own, ready.
async fn command(fixture: &Fixture) -> Result<(Child, Lines<BufReader<ChildStdout>>)> {
    let mut mesh = Command::new(env::current_exe()?)
        .arg("mesh")
        .args([fixture.resources(), fixture.state()])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(mesh.stdout.take().context("it prints")?).lines();
    loop {
        let line = lines.next_line().await?.context("it ended before it was ready")?;
        if line.starts_with("ready: http://127.0.0.1:") {
            return Ok((mesh, lines));
        }
    }
}

async fn signals() -> Result<()> {
    let fixture = Fixture::new()?;
    for signal in [Signal::INT, Signal::TERM] {
        let (mut mesh, mut lines) = command(&fixture).await?;
        let processes = fixture.processes()?;
        ensure!(processes.len() == 7, "{processes:?}");
        kill(mesh.id().context("it runs")?, signal)?;
        ensure!(mesh.wait().await?.success());
        none_runs(&processes)?;
        let mut last = String::new();
        while let Some(line) = lines.next_line().await? {
            last = line;
        }
        assert_eq!(last, "everything has stopped");
    }
    Ok(())
}

async fn killed() -> Result<()> {
    let fixture = Fixture::new()?;
    let (mut mesh, _lines) = command(&fixture).await?;
    let processes = fixture.processes()?;
    ensure!(processes.iter().all(|(_, id)| runs(*id)));
    mesh.kill().await?;
    eventually("nothing runs", async || none_runs(&processes).is_ok()).await
}

async fn leftovers() -> Result<()> {
    let fixture = Fixture::new()?;
    let (mut mesh, _lines) = command(&fixture).await?;
    let processes = fixture.processes()?;
    for guard in children(mesh.id().context("it runs")?)?
        .into_iter()
        .filter(|id| !processes.iter().any(|(_, other)| other == id))
    {
        kill(guard, Signal::KILL)?;
    }
    mesh.kill().await?;
    ensure!(processes.iter().all(|(_, id)| runs(*id)), "nothing is left to be ended");

    let mut mesh = fixture.start().await?;
    let cleared = mesh.event(|event| matches!(event, Event::Cleared { .. })).await?.to_string();
    ensure!(cleared.contains("cart-v1-0") && cleared.contains("gateway_proxy"), "{cleared}");
    none_runs(&processes)?;
    mesh.told.0.clear();
    mesh.running.shutdown().await;
    Ok(())
}

/// The processes that the process `id` has started.
fn children(id: u32) -> Result<Vec<u32>> {
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
    Ok(children.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
}

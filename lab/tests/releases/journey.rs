//! The example, typed as it stands: what its README shows is what is seen.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::{Instant, sleep, timeout};

use crate::cluster::Cluster;

const README: &str = include_str!("../../../examples/canary/README.md");

/// What takes the place of anything else in a line that is shown.
const ANYTHING: char = '…';

/// How long is waited for what is shown.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long until a question is asked again that has another answer.
const PERIOD: Duration = Duration::from_millis(500);

/// A command, and lines that it is to print, in this order, among others.
struct Typed<'a> {
    command: &'a str,
    shown: Vec<&'a str>,
}

pub(crate) async fn play(cluster: &Arc<Cluster>) -> Result<()> {
    type_all(cluster, README, 10).await?;
    see(cluster, "kubectl delete namespace shop --timeout=2m", &[]).await
}

/// Types the commands of `text`, of which there are at least so many, and sees what it shows.
pub(crate) async fn type_all(cluster: &Cluster, text: &str, least: usize) -> Result<()> {
    let typed = typed(text);
    ensure!(typed.len() >= least, "only {} commands are shown", typed.len());
    for Typed { command, shown } in typed {
        // The lab is there already, and this is inside of it.
        if command.starts_with("cargo xtask lab up") || command.starts_with("export ") {
            continue;
        }
        let command = command.trim_start_matches("cargo xtask lab exec -- ");
        println!("typed: {command}");
        see(cluster, command, &shown).await.with_context(|| format!("`{command}`"))?;
    }
    Ok(())
}

/// The commands of a text, with what it shows of their output.
fn typed(text: &str) -> Vec<Typed<'_>> {
    let mut typed: Vec<Typed<'_>> = Vec::new();
    for block in text.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        for line in block.lines() {
            match (line.strip_prefix("$ "), typed.last_mut()) {
                (Some(command), _) => typed.push(Typed { command, shown: Vec::new() }),
                (None, Some(last)) => last.shown.push(line),
                (None, None) => {}
            }
        }
    }
    typed
}

/// Types it until it prints what is shown. Only questions are asked twice: a route comes a moment after its pods.
async fn see(cluster: &Cluster, command: &str, shown: &[&str]) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = timeout(PATIENCE, once(cluster, command, shown)).await.context("nothing more is printed")?;
        if seen.is_ok() || !command.starts_with("curl ") || Instant::now() > deadline {
            return seen;
        }
        sleep(PERIOD).await;
    }
}

async fn once(cluster: &Cluster, command: &str, shown: &[&str]) -> Result<()> {
    let mut child = cluster.shell(&format!("exec {command}"))?.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut printed = Vec::new();
    let mut awaited = shown.iter().peekable();
    let mut lines = BufReader::new(child.stdout.take().context("output")?).lines();
    while let Some(line) = lines.next_line().await? {
        if awaited.peek().is_some_and(|shown| matches(shown, &line)) {
            awaited.next();
        }
        printed.push(line);
        // It goes on for as long as somebody looks.
        if awaited.peek().is_none() && command.contains(" --watch") {
            child.kill().await?;
            return Ok(());
        }
    }
    let ended = child.wait_with_output().await?;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{}: {said}{printed:?}", ended.status);
    match awaited.next() {
        None => Ok(()),
        Some(line) => bail!("\"{line}\" is shown, but printed is {printed:#?}"),
    }
}

/// Whether a line is what is shown.
fn matches(shown: &str, line: &str) -> bool {
    let mut parts = shown.split(ANYTHING);
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty() || shown.ends_with(ANYTHING)
}

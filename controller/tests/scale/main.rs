//! What the controller holds in memory where there is much: the scenario scale-1000.
//!
//! The API server is imitated by this program in another role, in a process of its own, so that all that is counted here
//! is the controller's: its caches, its passes, and what it says and is told. The figures in `docs/benchmarks.md` are
//! printed by `cargo test -p graylane --release --test scale -- --nocapture`; with debug assertions, as everywhere, there
//! is a fifth of everything.
#![expect(clippy::indexing_slicing, reason = "test code")]

mod api_server;
mod controller;
mod objects;

use std::env;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::http::Request;
use kube::{Client, Config};
use libtest_mimic::{Arguments, Failed, Trial};
use peak_alloc::PeakAlloc;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::runtime::{Builder, Runtime};

use controller::Controller;
use objects::{ACTIVE, MANY};

/// Counts what is allocated.
#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// The most that may be allocated at any time, in bytes: pages of lists, and so much for each service with its release,
/// its pods and ten old `ReplicaSet`s.
const BUDGET: usize = (16 << 20) + MANY * (80 << 10);

/// How often a pass is measured.
const PASSES: usize = if cfg!(debug_assertions) { 10 } else { 50 };

fn main() -> anyhow::Result<ExitCode> {
    if env::args().nth(1).as_deref() == Some("api-server") {
        runtime()?.block_on(api_server::serve())?;
        return Ok(ExitCode::SUCCESS);
    }
    let name = "scale_1000_releases_of_which_100_are_active_are_held_within_the_budget_of_memory";
    let trial = Trial::test(name, || {
        let tested = runtime().map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(memory()));
        tested.map_err(|error| Failed::from(format!("{error:#}")))
    });
    Ok(libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code())
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// A controller takes over everything, a tenth of the releases goes to its first pause, and another controller starts.
async fn memory() -> anyhow::Result<()> {
    let (_server, url) = api_server().await?;
    let client = Client::try_from(Config::new(url.parse()?))?;
    let mut controller = Controller::start(client.clone());
    controller.ready().await;
    within_budget("first lists")?;
    let writes = controller.settle().await?;
    within_budget(&format!("{MANY} releases taken over by {writes} writes"))?;
    measure(&mut controller, "all at rest").await?;

    client.request_text(Request::post(api_server::NEW_IMAGES).body(Vec::new())?).await?;
    let writes = controller.until_paused(ACTIVE).await?;
    controller.settle().await?;
    within_budget(&format!("{ACTIVE} releases taken to their first step by {writes} writes"))?;
    measure(&mut controller, &format!("{ACTIVE} paused")).await?;
    controller.end().await;

    let mut another = Controller::start(client);
    another.ready().await;
    within_budget("lists of another controller")?;
    ensure!(another.settle().await? == 0, "another controller finds everything done");
    within_budget("its passes")?;
    another.end().await;
    let process = std::fs::read_to_string("/proc/self/status")?;
    println!("{}", process.lines().find(|line| line.starts_with("VmHWM")).context("no account of the kernel's")?);
    Ok(())
}

/// Tells what is allocated, and what was at most since the last time; fails above the budget.
fn within_budget(what: &str) -> anyhow::Result<()> {
    let (now, peak) = (ALLOCATED.current_usage(), ALLOCATED.peak_usage());
    ALLOCATED.reset_peak_usage();
    println!("{what}: {} MiB at most, {} MiB then", peak.div_ceil(1 << 20), now.div_ceil(1 << 20));
    ensure!(peak <= BUDGET, "{what}: {peak} bytes were allocated, and {BUDGET} are the budget");
    Ok(())
}

/// Passes in which nothing is to be done.
async fn measure(controller: &mut Controller, what: &str) -> anyhow::Result<()> {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..PASSES {
        let took = controller.pass().await?;
        ensure!(took.writes == 0, "nothing is to be done");
        times.push(took.deciding);
    }
    times.sort();
    let half = times.get(PASSES / 2).context("no pass")?;
    println!("{what}: half of the passes take {half:.1?}");
    within_budget("passes at rest")
}

/// The API server, and its address.
async fn api_server() -> anyhow::Result<(Child, String)> {
    let mut server =
        Command::new(env::current_exe()?).arg("api-server").stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut port = String::new();
    BufReader::new(server.stdout.take().context("no output")?).read_line(&mut port).await?;
    Ok((server, format!("http://127.0.0.1:{}", port.trim())))
}

//! What the controller holds in memory where there is much: the scenario scale-1000.
//!
//! The API server is imitated in a process of its own, so that all that is counted here is the controller's. The figures in
//! `docs/benchmarks.md` are printed by `cargo test -p graylane --release --test scale -- --nocapture`; with debug
//! assertions, as everywhere, there is a fifth of everything.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod api_server;
mod controller;
mod objects;

use std::env;
use std::process::{ExitCode, Stdio};

use anyhow::Context as _;
use kube::{Client, Config};
use libtest_mimic::{Arguments, Failed, Trial};
use peak_alloc::PeakAlloc;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::runtime::{Builder, Runtime};

use controller::Controller;

/// Counts what is allocated.
#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

fn main() -> anyhow::Result<ExitCode> {
    if env::args().nth(1).as_deref() == Some("api-server") {
        runtime()?.block_on(api_server::serve())?;
        return Ok(ExitCode::SUCCESS);
    }
    let trial = Trial::test("the_memory_of_the_controller_stays_within_the_budget_of_scale_1000", || {
        let tested = runtime().map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(memory()));
        tested.map_err(|error| Failed::from(format!("{error:#}")))
    });
    Ok(libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code())
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / (1024. * 1024.)
}

/// A line of the kernel's account of this process.
fn kernel(name: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned()
}

async fn memory() -> anyhow::Result<()> {
    let (_server, url) = api_server().await?;
    let client = Client::try_from(Config::new(url.parse()?))?;
    let mut controller = Controller::start(client.clone());
    controller.ready().await;
    println!(
        "listed: {:.1} MiB, peak {:.1}; {} {}",
        mib(ALLOCATED.current_usage()),
        mib(ALLOCATED.peak_usage()),
        kernel("VmRSS"),
        kernel("VmHWM")
    );
    controller.settle().await?;
    println!(
        "taken over: {:.1} MiB, peak {:.1}; {} {}",
        mib(ALLOCATED.current_usage()),
        mib(ALLOCATED.peak_usage()),
        kernel("VmRSS"),
        kernel("VmHWM")
    );
    ALLOCATED.reset_peak_usage();
    let at_rest = controller.pass().await?;
    println!("a pass at rest: peak {:.1}, {:?}", mib(ALLOCATED.peak_usage()), at_rest);
    let request = axum::http::Request::post(api_server::NEW_IMAGES).body(Vec::new())?;
    client.request_text(request).await?;
    let writes = controller.until_paused(objects::ACTIVE).await?;
    println!("{writes} writes until paused");
    controller.settle().await?;
    println!(
        "active: {:.1} MiB, peak {:.1}; {} {}",
        mib(ALLOCATED.current_usage()),
        mib(ALLOCATED.peak_usage()),
        kernel("VmRSS"),
        kernel("VmHWM")
    );
    ALLOCATED.reset_peak_usage();
    let at_rest = controller.pass().await?;
    println!("a pass when paused: peak {:.1}, {:?}", mib(ALLOCATED.peak_usage()), at_rest);
    controller.sizes();
    controller.end().await;
    println!("ended: {:.1}", mib(ALLOCATED.current_usage()));
    ALLOCATED.reset_peak_usage();
    let controller = Controller::start(client.clone());
    controller.ready().await;
    println!(
        "another one: {:.1} MiB, peak {:.1}; {} {}",
        mib(ALLOCATED.current_usage()),
        mib(ALLOCATED.peak_usage()),
        kernel("VmRSS"),
        kernel("VmHWM")
    );
    controller.end().await;
    Ok(())
}

/// The API server, and its address.
async fn api_server() -> anyhow::Result<(Child, String)> {
    let mut server =
        Command::new(env::current_exe()?).arg("api-server").stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut port = String::new();
    BufReader::new(server.stdout.take().context("no output")?).read_line(&mut port).await?;
    Ok((server, format!("http://127.0.0.1:{}", port.trim())))
}

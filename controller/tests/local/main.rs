//! The local mesh with real proxies and a real app, which is this program itself in another role.
//!
//! Needs Envoy (`cargo xtask setup`) and the filter's module (`cargo xtask module`), and fails without them.
#![expect(clippy::expect_used, reason = "test code")]

mod app;
mod client;
mod crash;
mod end;
mod fixture;
mod lanes;
mod shift;
mod start;
mod tracing;
mod versions;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// How long one test may take.
const PATIENCE: Duration = Duration::from_mins(2);

fn main() -> anyhow::Result<ExitCode> {
    match env::args().nth(1).as_deref() {
        Some("app") => runtime()?.block_on(app::serve())?,
        Some("mesh") => runtime()?.block_on(fixture::run_mesh())?,
        _ => return Ok(tests()),
    }
    Ok(ExitCode::SUCCESS)
}

fn tests() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each mesh is a dozen processes, which mostly wait.
    arguments.test_threads.get_or_insert(2);
    let trials = [
        start::trials(),
        shift::trials(),
        versions::trials(),
        crash::trials(),
        end::trials(),
        tracing::trials(),
        lanes::trials(),
    ];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit_code()
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// A test of that name.
fn trial<F>(name: &str, test: impl FnOnce() -> F + Send + 'static) -> Trial
where
    F: Future<Output = anyhow::Result<()>>,
{
    Trial::test(name, move || {
        let body = async { timeout(PATIENCE, test()).await };
        let ended = runtime()?.block_on(body).map_err(|_| Failed::from("took too long"))?;
        ended.map_err(|error| Failed::from(format!("{error:#}")))
    })
}

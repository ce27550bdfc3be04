//! The lab's promises, on real control planes: pods are what processes and probes say, and end as asked.
//!
//! Needs the programs of the lab (`cargo xtask lab tools`), Envoy and the built `shop`; fails without them.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod admission;
mod fixture;
mod mesh;

mod pods;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use graylane_lab::namespace::{self, Side};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use fixture::Cluster;

/// How long one test may take.
const PATIENCE: Duration = Duration::from_mins(2);

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = Arguments::from_args();
    // One test takes the API server away from all.
    arguments.test_threads.get_or_insert(1);
    if arguments.list {
        return Ok(libtest_mimic::run(&arguments, trials(&None)).exit_code());
    }
    if let Side::Outside(code) = namespace::enter()? {
        return Ok(code);
    }
    let runtime = Arc::new(Builder::new_multi_thread().worker_threads(2).enable_all().build()?);
    let cluster = Arc::new(runtime.block_on(Cluster::start())?);
    let shared = Some((runtime, cluster));
    Ok(libtest_mimic::run(&arguments, trials(&shared)).exit_code())
}

/// All tests use one lab, each a namespace of its own.
type Shared = Option<(Arc<Runtime>, Arc<Cluster>)>;

fn trials(shared: &Shared) -> Vec<Trial> {
    [pods::trials(shared), mesh::trials(shared), admission::trials(shared)].into_iter().flatten().collect()
}

/// A test of that name.
fn trial<F>(shared: &Shared, name: &str, test: impl FnOnce(Arc<Cluster>) -> F + Send + 'static) -> Trial
where
    F: Future<Output = anyhow::Result<()>>,
{
    let shared = shared.clone();
    Trial::test(name, move || {
        let Some((runtime, cluster)) = shared else { return Err(Failed::from("no lab")) };
        let body = async { timeout(PATIENCE, test(cluster)).await };
        let ended = runtime.block_on(body).map_err(|_| Failed::from("took too long"))?;
        ended.map_err(|error| Failed::from(format!("{error:#}")))
    })
}

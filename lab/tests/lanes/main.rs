//! Standing lanes on real control planes: what an API server refuses, a lane from its making to its end while requests go on,
//! and the filter delivered in either way.
//!
//! All tests share one lab. Needs what the tests of releases need.
#![expect(clippy::unwrap_used, reason = "test code")]

mod admission;
#[expect(dead_code, reason = "tests of releases need more of it")]
#[path = "../releases/cluster.rs"]
mod cluster;
mod delivery;
mod shop;
mod standing;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use graylane_lab::namespace::{self, Side};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use cluster::Cluster;

/// How long one test may take.
const PATIENCE: Duration = Duration::from_mins(3);

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = Arguments::from_args();
    // The last one changes how all proxies get the filter.
    arguments.test_threads = Some(1);
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

type Shared = Option<(Arc<Runtime>, Arc<Cluster>)>;

fn trials(shared: &Shared) -> Vec<Trial> {
    vec![
        trial(shared, "bad_objects_are_refused_at_admission_with_the_field", |cluster| async move {
            admission::refuses(&cluster).await
        }),
        trial(shared, "a_lane_serves_its_testers_and_nobody_else_and_leaves_nothing", |cluster| async move {
            standing::comes_and_goes(&cluster).await
        }),
        trial(shared, "the_filter_is_delivered_by_envoy_filter_and_back_without_a_lost_request", |cluster| async move {
            delivery::changes(&cluster).await
        }),
    ]
}

/// A test of that name.
fn trial<F>(shared: &Shared, name: &str, test: impl FnOnce(Arc<Cluster>) -> F + Send + 'static) -> Trial
where
    F: Future<Output = anyhow::Result<()>>,
{
    let shared = shared.clone();
    Trial::test(name, move || {
        let Some((runtime, cluster)) = shared else { return Err(Failed::from("no lab")) };
        let ended = runtime.block_on(async { timeout(PATIENCE, test(cluster.clone())).await });
        let ended = ended.unwrap_or_else(|_| Err(anyhow::anyhow!("not over after {} s", PATIENCE.as_secs())));
        ended.map_err(|error| Failed::from(format!("{error:#}\n\n{}", cluster.last_words())))
    })
}

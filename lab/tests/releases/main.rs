//! Releases of Deployments, with load, through a real mesh: Kubernetes' and Istio's own control planes, a gateway and
//! sidecars that are stock Envoys with the filter in them, and two controllers installed from `deploy/`.
//!
//! All scenarios share one lab, each has a namespace of its own. Needs the programs of the lab (`cargo xtask lab tools`),
//! Envoy, the built `graylane` and `shop`, and the filter's module (`GRAYLANE_MODULE`); fails without them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod cluster;
mod istio;
mod journey;
mod lanes;
mod load;
mod manifests;
mod scenarios;
mod shop;
mod streams;
mod window;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use graylane_lab::namespace::{self, Side};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use cluster::Cluster;

/// How long one test may take.
const PATIENCE: Duration = Duration::from_mins(8);

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = Arguments::from_args();
    // Each has the whole machine for its load, and some take the API server or the controller away from all.
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
    let journey =
        trial(shared, "the_example_shows_what_is_seen", |cluster| async move { journey::play(&cluster).await });
    let scenarios = scenarios::all()
        .into_iter()
        .map(|scenario| trial(shared, scenario.name, move |cluster| async move { scenario.play(&cluster).await }));
    let lane = trial(shared, "a_lane_serves_its_testers_and_nobody_else_and_leaves_nothing", |cluster| async move {
        lanes::comes_and_goes(&cluster).await
    });
    [journey, lane].into_iter().chain(scenarios).collect()
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
        let ended = ended.unwrap_or_else(|_| Err(anyhow!("not over after {} s", PATIENCE.as_secs())));
        ended.map_err(|error| {
            // At once: what comes after it may take long.
            eprintln!("{error:#}");
            Failed::from(format!("{error:#}\n\n{}", cluster.last_words()))
        })
    })
}

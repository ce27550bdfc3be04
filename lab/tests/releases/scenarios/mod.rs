//! What a release promises, told by what can be seen from outside.

mod added;
mod autoscaler;
mod delivery;
mod faults;
mod modules;
mod objects;
mod traffic;

use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Result, bail};

use crate::cluster::Cluster;
use crate::load::Load;
use crate::shop::{Chain, Shop};
use crate::window::Window;

/// How many requests a share is counted from.
const SAMPLE: usize = 1_000;

/// A promise.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// The namespace that it has for itself.
    namespace: &'static str,
    chain: Chain,
    play: for<'s> fn(&'s Shop) -> Played<'s>,
}

/// What becomes of a scenario.
type Played<'s> = Pin<Box<dyn Future<Output = Result<()>> + 's>>;

/// A scenario that is the function of that name.
macro_rules! scenario {
    ($name:ident, $namespace:literal, $chain:expr) => {
        $crate::scenarios::Scenario {
            name: stringify!($name),
            namespace: $namespace,
            chain: $chain,
            play: |shop| Box::pin($name(shop)),
        }
    };
}
use scenario;

pub(crate) fn all() -> Vec<Scenario> {
    // The last two change how the controller runs.
    let usual = [traffic::scenarios(), objects::scenarios(), autoscaler::scenarios(), faults::scenarios()];
    usual.into_iter().chain([modules::scenarios(), delivery::scenarios()]).flatten().collect()
}

impl Scenario {
    pub(crate) async fn play(&self, cluster: &Arc<Cluster>) -> Result<()> {
        let shop = Shop::open(cluster, self.namespace, self.chain).await?;
        (self.play)(&shop).await?;
        shop.close().await
    }
}

/// The share that a version of stock gets is that of the weight. Of a hundred fair samples one lies outside of its band, so
/// then another one decides.
async fn expect_share(load: &Load, version: &str, percent: f64) -> Result<()> {
    expect_share_of(load, "stock", version, percent).await
}

/// The same of any service.
async fn expect_share_of(load: &Load, service: &str, version: &str, percent: f64) -> Result<()> {
    for _ in 0..2 {
        let window = sample(load).await?;
        let served = window.served(service, version);
        figure(&format!(
            "weight {percent} %: {served} of {SAMPLE} on {version}, {:.0} requests a second, one percent took {:?} or longer",
            window.rate(),
            window.slowest_percent()
        ));
        if window.is_share(service, version, percent) {
            return Ok(());
        }
    }
    bail!("two samples in a row are outside of the band that holds 99 % of all samples of {percent} %")
}

/// A thousand requests, of which none is lost. A machine that has other things to do may send some of them late, and then
/// the next thousand counts.
async fn sample(load: &Load) -> Result<Window> {
    let mut rates = Vec::new();
    while rates.len() < 5 {
        let window = load.next(SAMPLE).await;
        window.expect_nothing_lost()?;
        if window.rate() >= 200. {
            return Ok(window);
        }
        rates.push(window.rate());
    }
    bail!("only {rates:.0?} requests a second")
}

/// What a run has measured, for whoever reads along.
fn figure(text: &str) {
    println!("figure: {text}");
}

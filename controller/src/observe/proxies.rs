//! What proxies report, asked of all of them at once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use kube::ResourceExt;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::debug;

use super::Watches;
use crate::cluster::{Kept, PodProxy, Report, Role};
use crate::local::client::HttpClient;

/// Where Istio's proxies tell of themselves.
const STATS_PORT: u16 = 15_090;

/// What is asked: nothing but generations and requests that went elsewhere, however much else there is.
const STATS_PATH: &str = "/stats/prometheus?filter=graylane_%28generation%7Csteering_mismatches%29";

/// How many proxies are asked at the same time.
const AT_ONCE: usize = 128;

/// How often proxies are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Something waits for them.
    Fast,
    /// Nothing does.
    Slow,
}

impl Pace {
    const fn period(self) -> Duration {
        match self {
            Self::Fast => Duration::from_millis(150),
            Self::Slow => Duration::from_secs(5),
        }
    }
}

/// What each proxy reported last, by `NAMESPACE/POD`.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Arc<Mutex<BTreeMap<String, Report>>>);

impl Proxies {
    /// What is known.
    #[must_use]
    pub fn reports(&self) -> BTreeMap<String, Report> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks again and again, as often as `pace` says, and wakes the controller when an answer changes.
    pub async fn ask(self, watches: Watches, mut pace: watch::Receiver<Pace>) {
        let http = HttpClient::new();
        loop {
            let reports = asked(&http, &watches.pods()).await;
            let changed = {
                let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let changed = *known != reports;
                *known = reports;
                changed
            };
            if changed {
                watches.changed().notify_one();
            }
            let period = pace.borrow_and_update().period();
            tokio::select! {
                () = sleep(period) => {}
                changed = pace.changed() => if changed.is_err() { return },
            }
        }
    }
}

async fn asked(http: &HttpClient, pods: &[Arc<Kept<PodProxy>>]) -> BTreeMap<String, Report> {
    let targets: Vec<_> = pods.iter().filter(|pod| pod.is_live).filter_map(|pod| target(pod)).collect();
    let answers = stream::iter(targets).map(|(name, role, address)| async move {
        match http.get(address, STATS_PATH).await {
            Ok((_, text)) => Some((name, Report::read(role, &text))),
            Err(error) => {
                debug!(proxy = name, %error, "tells nothing");
                None
            }
        }
    });
    answers.buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await
}

fn target(pod: &Kept<PodProxy>) -> Option<(String, Role, SocketAddr)> {
    let name = format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any());
    Some((name, pod.role?, SocketAddr::new(pod.address?, STATS_PORT)))
}

//! Who leads: one of several controllers, by a Lease.
//!
//! A leader stops well before another may begin. Should both write for a moment all the same, statuses go by resource
//! version, so only one of them gets on, and what follows from a stored status is the same whoever writes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{Api, ObjectMeta, PostParams};
use kube::{Client, ResourceExt};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::Options;

const NAME: &str = "graylane";

/// For how long a Lease holds that nobody renews.
const DURATION: Duration = Duration::from_secs(15);

/// For how long whoever has renewed it leads.
const LEADING: Duration = Duration::from_secs(10);

/// How often it is renewed, or looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// Whether this process leads.
#[derive(Debug, Clone)]
pub(super) struct Election {
    epoch: Instant,
    /// Milliseconds after the epoch until which this process leads; 0: it does not.
    until: Arc<AtomicU64>,
}

impl Election {
    /// Stands for election until `stop`, and gives the Lease back then.
    pub(super) fn start(client: &Client, options: &Options, tasks: &TaskTracker, stop: &CancellationToken) -> Self {
        let election = Self { epoch: Instant::now(), until: Arc::default() };
        let candidate = Candidate {
            api: Api::namespaced(client.clone(), &options.namespace),
            identity: options.identity.clone(),
            election: election.clone(),
        };
        tasks.spawn(candidate.run(stop.clone()));
        election
    }

    pub(super) fn leads(&self) -> bool {
        Instant::now() < self.epoch + Duration::from_millis(self.until.load(Ordering::Acquire))
    }

    fn lead(&self, asked: Instant) {
        let until = asked + LEADING - self.epoch;
        self.until.store(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Ordering::Release);
    }
}

struct Candidate {
    api: Api<Lease>,
    identity: String,
    election: Election,
}

/// A Lease of somebody else's, and since when it has looked like this here: clocks of machines differ.
struct Seen {
    version: Option<String>,
    since: Instant,
}

impl Candidate {
    async fn run(self, stop: CancellationToken) {
        let mut seen = Seen { version: None, since: Instant::now() };
        let mut led = false;
        while !stop.is_cancelled() {
            let asked = Instant::now();
            match self.stand(&mut seen).await {
                Ok(true) => self.election.lead(asked),
                Ok(false) => {}
                Err(error) => warn!(%error, "the Lease can not be had"),
            }
            if self.election.leads() != led {
                led = !led;
                info!(identity = self.identity, led, "leadership");
            }
            stop.run_until_cancelled(sleep(PERIOD)).await;
        }
        if led {
            self.give_back().await;
        }
    }

    /// Takes or renews the Lease, if it is free or ours.
    async fn stand(&self, seen: &mut Seen) -> Result<bool, kube::Error> {
        let Some(mut lease) = self.api.get_opt(NAME).await? else {
            let metadata = ObjectMeta { name: Some(NAME.to_owned()), ..ObjectMeta::default() };
            let lease = Lease { metadata, spec: Some(self.spec()) };
            return won(self.api.create(&PostParams::default(), &lease).await);
        };
        let holder = lease.spec.as_ref().and_then(|spec| spec.holder_identity.clone()).unwrap_or_default();
        if holder != self.identity && !holder.is_empty() {
            if seen.version != lease.resource_version() {
                *seen = Seen { version: lease.resource_version(), since: Instant::now() };
            }
            if seen.since.elapsed() < DURATION {
                return Ok(false);
            }
        }
        lease.spec = Some(self.spec());
        won(self.api.replace(NAME, &PostParams::default(), &lease).await)
    }

    async fn give_back(&self) {
        self.election.until.store(0, Ordering::Release);
        if let Ok(Some(mut lease)) = self.api.get_opt(NAME).await {
            lease.spec = None;
            // Whoever comes next waits for the time to pass otherwise.
            let _ = self.api.replace(NAME, &PostParams::default(), &lease).await;
        }
    }

    fn spec(&self) -> LeaseSpec {
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            renew_time: Some(MicroTime(Timestamp::now())),
            ..LeaseSpec::default()
        }
    }
}

/// Whether a write of the Lease was the first one.
fn won(written: Result<Lease, kube::Error>) -> Result<bool, kube::Error> {
    match written {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => Ok(false),
        Err(error) => Err(error),
    }
}

//! The controller's loop, with a clock of its own and with proxies that take at once what is published.

use std::time::Duration;

use anyhow::ensure;
use graylane::api::{GrayRelease, Phase};
use graylane::apply::{self, Outcome};
use graylane::cluster::{InForce, ModuleSource, Pass, Report, Settings, World, published_config};
use graylane::observe::{Proxies, Secrets, Watches, Written};
use graylane_core::Phase as Role;
use jiff::{SignedDuration, Timestamp};
use kube::{Client, ResourceExt};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long caches may take to show what was written.
const CATCHING_UP: Duration = Duration::from_secs(30);

/// How long releases may take to come to their first pause.
const PATIENCE: Duration = Duration::from_mins(2);

/// Changes that come together are looked at together.
const TOGETHER: Duration = Duration::from_millis(20);

/// So many passes without anything to do: requests under way are over then.
const REST: usize = 7;

/// What a pass took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Took {
    /// How many objects were written, statuses included.
    pub(super) writes: usize,
    /// How long looking and deciding took.
    pub(super) deciding: Duration,
}

fn is_paused(release: &GrayRelease) -> bool {
    release.status.as_ref().is_some_and(|status| status.phase == Phase::Pausing)
}

pub(super) struct Controller {
    client: Client,
    watches: Watches,
    secrets: Secrets,
    settings: Settings,
    now: Timestamp,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Controller {
    pub(super) fn start(client: Client) -> Self {
        let module = ModuleSource { url: "oci://registry.example.com/graylane-filter".to_owned(), sha256: None };
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        Self {
            watches: Watches::start(&client, &tasks, &stop),
            tasks,
            stop,
            secrets: Secrets::new(client.clone(), "graylane-system"),
            settings: Settings { module, namespace: "graylane-system".to_owned() },
            now: Timestamp::UNIX_EPOCH,
            client,
        }
    }

    pub(super) async fn ready(&self) {
        self.watches.ready().await;
    }

    /// Lets go of everything.
    pub(super) async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Passes until nothing is left to do; says how many objects were written.
    pub(super) async fn settle(&mut self) -> anyhow::Result<usize> {
        let (mut idle, mut writes) = (0, 0);
        for _ in 0..100 {
            let took = self.pass().await?;
            writes += took.writes;
            idle = if took.writes == 0 { idle + 1 } else { 0 };
            if idle == REST {
                return Ok(writes);
            }
        }
        anyhow::bail!("it never comes to rest")
    }

    /// Passes until `count` releases wait at their first pause; says how many objects were written.
    pub(super) async fn until_paused(&mut self, count: usize) -> anyhow::Result<usize> {
        let (deadline, mut writes) = (Instant::now() + PATIENCE, 0);
        while self.world().releases.iter().filter(|release| is_paused(release)).count() < count {
            ensure!(Instant::now() < deadline, "not all of {count} releases come to their pause");
            writes += self.pass().await?.writes;
        }
        Ok(writes)
    }

    /// One pass, a second after the last one.
    pub(super) async fn pass(&mut self) -> anyhow::Result<Took> {
        sleep(TOGETHER).await;
        self.now += SignedDuration::from_secs(1);
        let started = Instant::now();
        let in_force = InForce::of(self.world());
        let pass = Pass::begin(&in_force, &self.settings, self.now);
        let statuses: Vec<_> = pass.statuses().collect();
        let mut written = Vec::new();
        for status in &statuses {
            let (namespace, name, before) = status.address();
            ensure!(apply::store(&self.client, *status).await? != Outcome::Overtaken, "nobody else writes {name}");
            written.push(Written { kind: status.kind(), namespace, name, before });
        }
        let writes = pass.writes();
        let deciding = started.elapsed();
        let took = Took { writes: statuses.len() + writes.len(), deciding };
        for change in writes {
            let before = self.watches.version(change.kind, &change.namespace, &change.name);
            let outcome = apply::write(&self.client, &change).await?;
            if matches!(outcome, Outcome::Done(Some(_))) {
                written.push(Written { kind: change.kind, namespace: change.namespace, name: change.name, before });
            }
        }
        self.watches.until_seen(&written, Instant::now() + CATCHING_UP).await;
        Ok(took)
    }

    /// What is seen, and what proxies report.
    fn world(&self) -> World {
        let mut world = self.watches.world(&Proxies::default(), &self.secrets);
        let published = published_config(world.wasm_plugins.iter().map(AsRef::as_ref), Role::SidecarInbound);
        let mut report = Report::default();
        report.generation = published.map(|config| config.generation);
        let reports = world.pods.iter().map(|pod| {
            let name = format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any());
            (name, report.clone())
        });
        world.reports = reports.collect();
        world
    }
}

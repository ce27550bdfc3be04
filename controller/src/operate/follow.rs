//! Looking at a release for as long as it takes.

use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::Api;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Resource, ResourceExt};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::warn;

use super::{Error, Operator, view};
use crate::api::{ConditionStatus, ConditionType, GrayRelease, Phase};

/// How often Deployments are looked at while nothing happens to the release.
const PERIOD: Duration = Duration::from_secs(1);

/// Where a release is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// In place of what was shown before.
    Screen,
    /// After what was shown before.
    Log,
}

/// What a release has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its Deployments run what they say, and everybody is served by it.
    Released,
    /// It was aborted, or what it says can not be done.
    Failed,
}

impl Operator {
    /// Shows a release, again whenever it changes, for as long as it is there.
    ///
    /// # Errors
    /// When it is not there, or nobody reads.
    pub async fn watch(&self, name: &str, display: Display, out: &mut impl Write) -> Result<(), Error> {
        let mut shown = Shown::on(display);
        let mut states = pin!(self.states(name));
        while let Some(release) = states.next().await {
            shown.show(&release?, out)?;
        }
        Ok(())
    }

    /// Shows a release like [`watch`](Self::watch), until it has come to an end. The end of the release before does not
    /// count: a Deployment that says what its pods do not run yet is waited for.
    ///
    /// # Errors
    /// When it is not there, nobody reads, or `patience` ends first.
    pub async fn wait(
        &self,
        name: &str,
        patience: Duration,
        display: Display,
        out: &mut impl Write,
    ) -> Result<End, Error> {
        let deadline = Instant::now() + patience;
        let mut shown = Shown::on(display);
        let mut states = pin!(self.states(name));
        let mut release = None;
        loop {
            let next = async {
                tokio::select! { next = states.next() => next, () = sleep(PERIOD) => None }
            };
            match timeout_at(deadline, next).await {
                Ok(Some(next)) => shown.show(release.insert(next?), out)?,
                Ok(None) => {}
                Err(_) => return Err(Error::Patience { name: name.to_owned(), patience }),
            }
            if let Some(end) = match &release {
                Some(release) => self.end(release).await?,
                None => None,
            } {
                return Ok(end);
            }
        }
    }

    /// The release as it is, and whenever it changes. An API server that is away for a while is waited for.
    fn states(&self, name: &str) -> impl Stream<Item = Result<GrayRelease, Error>> {
        let missing = self.missing(name);
        let states = watcher::watch_object(self.releases(), name).default_backoff();
        states.filter_map(move |state| {
            let state = match state {
                Ok(Some(release)) => Some(Ok(release)),
                Ok(None) => Some(Err(missing())),
                Err(error) => {
                    warn!(%error, "the release can not be watched; trying again");
                    None
                }
            };
            std::future::ready(state)
        })
    }

    async fn end(&self, release: &GrayRelease) -> Result<Option<End>, Error> {
        let Some(status) = &release.status else { return Ok(None) };
        let refused = status.conditions.iter().any(|condition| {
            condition.kind == ConditionType::Accepted
                && condition.status == ConditionStatus::False
                && Some(condition.observed_generation) == release.meta().generation
        });
        Ok(match status.phase {
            _ if refused => Some(End::Failed),
            Phase::Aborted => Some(End::Failed),
            Phase::Idle | Phase::Completed if self.runs_what_it_says(release).await? => Some(End::Released),
            _ => None,
        })
    }

    /// Whether the pods of every Deployment are of its template, as `kubectl rollout status` sees it.
    async fn runs_what_it_says(&self, release: &GrayRelease) -> Result<bool, Error> {
        let namespace = release.namespace().unwrap_or_default();
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), &namespace);
        for name in release.spec.workloads.iter().filter_map(|workload| workload.deployment.as_ref()) {
            let deployment = deployments.get(name.as_str()).await.map_err(Error::api)?;
            if !is_up_to_date(&deployment) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn is_up_to_date(deployment: &Deployment) -> bool {
    let wanted = deployment.spec.replicas.unwrap_or(1);
    deployment.status.as_ref().is_some_and(|status| {
        status.observed_generation >= deployment.metadata.generation
            && status.updated_replicas.unwrap_or_default() >= wanted
            && status.available_replicas.unwrap_or_default() >= wanted
    })
}

/// What was shown last.
struct Shown {
    display: Display,
    text: String,
}

impl Shown {
    fn on(display: Display) -> Self {
        Self { display, text: String::new() }
    }

    fn show(&mut self, release: &GrayRelease, out: &mut impl Write) -> Result<(), Error> {
        let text = view(release);
        if text != self.text {
            // ECMA-48: the cursor to the first place (CUP), and nothing after it (ED).
            let before = match self.display {
                Display::Screen => "\x1b[H\x1b[J",
                Display::Log if self.text.is_empty() => "",
                Display::Log => "\n",
            };
            write!(out, "{before}{text}").and_then(|()| out.flush()).map_err(Error::Output)?;
            self.text = text;
        }
        Ok(())
    }
}

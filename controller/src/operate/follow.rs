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
use crate::api::{ConditionStatus, ConditionType, GrayRelease, GrayReleaseStatus, Kind, Phase, Reason, WorkloadStatus};
use crate::cluster::version_of;

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
        shown.show(&self.get(name).await?, out)?;
        let mut states = pin!(self.states(name));
        while let Some(release) = states.next().await {
            shown.show(&release?, out)?;
        }
        Ok(())
    }

    /// Shows a release like [`watch`](Self::watch), until it has come to an end. The end of the release before does not
    /// count: a Deployment that says something else since is waited for.
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
        let mut release = Some(self.get(name).await?);
        let mut states = pin!(self.states(name));
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
        let missing = self.missing(Kind::GrayRelease, name);
        let states = watcher::watch_object(self.releases(), name).default_backoff();
        states.filter_map(move |state| {
            let state = match state {
                Ok(Some(release)) => Some(Ok(release)),
                Ok(None) => Some(Err(missing())),
                Err(error) => {
                    warn!("the release can not be watched, trying again: {}", self.unwatched(error));
                    None
                }
            };
            std::future::ready(state)
        })
    }

    fn unwatched(&self, error: watcher::Error) -> Error {
        match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => self.fault(error),
            watcher::Error::WatchError(status) => self.fault(kube::Error::Api(status)),
            watcher::Error::NoResourceVersion => Error::Refused("it lists releases without a version".to_owned()),
        }
    }

    async fn end(&self, release: &GrayRelease) -> Result<Option<End>, Error> {
        let Some(status) = &release.status else { return Ok(None) };
        if is_refused(release, status) {
            return Ok(Some(End::Failed));
        }
        let (end, all): (End, fn(&Deployment, &WorkloadStatus) -> bool) = match status.phase {
            Phase::Idle | Phase::Completed => (End::Released, |deployment, _| is_up_to_date(deployment)),
            Phase::Aborted => (End::Failed, still_says_what_was_aborted),
            _ => return Ok(None),
        };
        let namespace = release.namespace().unwrap_or_default();
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), &namespace);
        for workload in &status.workloads {
            let deployment = deployments.get(workload.deployment.as_str()).await.map_err(|error| self.fault(error))?;
            if !all(&deployment, workload) {
                return Ok(None);
            }
        }
        Ok(Some(end))
    }
}

/// Whether what the object says now can not be done. A first version, which nothing could return from, is rolled out by its
/// Deployment.
fn is_refused(release: &GrayRelease, status: &GrayReleaseStatus) -> bool {
    status.conditions.iter().any(|condition| {
        condition.kind == ConditionType::Accepted
            && condition.status == ConditionStatus::False
            && condition.reason != Reason::NoStableVersion
            && Some(condition.observed_generation) == release.meta().generation
    })
}

fn still_says_what_was_aborted(deployment: &Deployment, known: &WorkloadStatus) -> bool {
    known.gray.is_none() || known.gray == version_of(deployment)
}

/// Whether its pods are of its template, as `kubectl rollout status` sees it.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(image: &str) -> Deployment {
        serde_json::from_value(json!({
            "spec": {
                "selector": {"matchLabels": {"app": "cart"}},
                "template": {"metadata": {"labels": {"app": "cart"}}, "spec": {"containers": [{"name": "app", "image": image}]}},
            },
        }))
        .unwrap()
    }

    fn release(accepted: &str, reason: &str, observed: i64) -> GrayRelease {
        serde_json::from_value(json!({
            "metadata": {"name": "checkout", "generation": 2},
            "spec": {"workloads": [{"service": "cart", "deployment": "cart"}]},
            "status": {"conditions": [{
                "type": "Accepted", "status": accepted, "reason": reason, "message": "",
                "lastTransitionTime": "2026-01-31T12:00:00Z", "observedGeneration": observed,
            }]},
        }))
        .unwrap()
    }

    #[test]
    fn an_aborted_version_is_no_end_once_the_deployment_says_another_one() {
        let gray = version_of(&deployment("cart:v2"));
        let known = WorkloadStatus {
            deployment: "cart".to_owned().try_into().unwrap(),
            stable: None,
            gray,
            ready: 0,
            replicas: 0,
        };
        assert!(still_says_what_was_aborted(&deployment("cart:v2"), &known));
        assert!(!still_says_what_was_aborted(&deployment("cart:v3"), &known));
        let unchanged = WorkloadStatus { gray: None, ..known };
        assert!(still_says_what_was_aborted(&deployment("cart:v3"), &unchanged), "another workload was aborted");
    }

    #[test]
    fn what_can_not_be_done_is_an_end_but_a_first_version_or_what_was_said_before_is_none() {
        let is_refused = |release: GrayRelease| is_refused(&release, release.status.as_ref().unwrap());
        assert!(is_refused(release("False", "ServiceNotFound", 2)));
        assert!(!is_refused(release("False", "NoStableVersion", 2)));
        assert!(!is_refused(release("False", "ServiceNotFound", 1)));
        assert!(!is_refused(release("True", "Valid", 2)));
    }
}

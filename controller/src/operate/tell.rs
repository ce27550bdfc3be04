//! Telling a release something, and what it answers.

use std::time::Duration;

use graylane_core::Percentage;
use jiff::Timestamp;
use kube::ResourceExt;
use kube::api::Patch;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{Error, Operator, params};
use crate::api::GrayReleaseStatus;
use crate::cluster::VERB_ANNOTATION;
use crate::release::Verb;

/// How long a patch is tried that somebody else overtakes, and how long an answer is waited for; and how often either is
/// done. A controller that writes a status each moment does not keep anybody from an abort.
const PATIENCE: Duration = Duration::from_secs(5);
const PERIOD: Duration = Duration::from_millis(50);

/// What became of a verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The release obeys.
    Obeyed,
    /// It does not, and says why.
    Refused(String),
    /// The controller has not answered so far; the verb stays on the object.
    Silence,
}

impl Operator {
    /// Tells a release what to do, and waits a moment for the answer.
    ///
    /// # Errors
    /// When it is not there, or is changed again and again while it is being told.
    pub async fn tell(&self, name: &str, verb: Verb) -> Result<Answer, Error> {
        let said = self.said(verb).await?;
        let metadata = |version| json!({"annotations": {VERB_ANNOTATION: said}, "resourceVersion": version});
        self.patch(name, |version| json!({"metadata": metadata(version)})).await?;
        self.answer(name, &said).await
    }

    /// Sets the weight of a release without a strategy, and says who did.
    ///
    /// # Errors
    /// As of [`tell`](Self::tell), or what admission says.
    pub async fn set_weight(&self, name: &str, weight: Percentage) -> Result<Answer, Error> {
        let said = self.said(Verb::Weight(weight)).await?;
        let metadata = |version| json!({"annotations": {VERB_ANNOTATION: said}, "resourceVersion": version});
        self.patch(name, |version| json!({"metadata": metadata(version), "spec": {"weight": weight}})).await?;
        self.answer(name, &said).await
    }

    /// Who tells what, and when.
    async fn said(&self, verb: Verb) -> Result<String, Error> {
        Ok(format!("{verb} by {} at {}", self.user().await?, Timestamp::now()))
    }

    /// Patches a release at the resource version that was read.
    async fn patch(&self, name: &str, patch: impl Fn(Option<String>) -> Value) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let release = self.get(name).await?;
            let patch = patch(release.resource_version());
            match self.releases().patch(name, &params(), &Patch::Merge(patch)).await {
                Ok(_) => return Ok(()),
                Err(kube::Error::Api(status)) if status.is_conflict() => sleep(PERIOD).await,
                Err(error) => return Err(self.fault(error)),
            }
        }
        Err(Error::Overtaken { name: name.to_owned() })
    }

    async fn answer(&self, name: &str, said: &str) -> Result<Answer, Error> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(answer) = self.get(name).await?.status.and_then(|status| heard(&status, said)) {
                return Ok(answer);
            }
            sleep(PERIOD).await;
        }
        Ok(Answer::Silence)
    }
}

/// What a status answers to what was `said`; `None`: it speaks of something else.
pub(super) fn heard(status: &GrayReleaseStatus, said: &str) -> Option<Answer> {
    if status.verb.as_deref() != Some(said) {
        return None;
    }
    let word = said.split(' ').next().unwrap_or(said);
    let mut answers = status.history.iter().rev().filter_map(|deed| deed.what.strip_prefix(word));
    let refused = answers.next().and_then(|rest| rest.strip_prefix(": refused: "));
    Some(refused.map_or(Answer::Obeyed, |why| Answer::Refused(why.to_owned())))
}

#[cfg(test)]
mod tests;

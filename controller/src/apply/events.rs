//! The story of releases and lanes, as events of the API server: for `kubectl describe`, and for whoever collects events.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};
use tracing::warn;

use crate::api::{Condition, ConditionStatus, ConditionType, Phase, Reason};
use crate::cluster::{FIELD_MANAGER, News, StoredStatus};

/// The longest note that the API server takes, in bytes.
const LONGEST: usize = 1_024;

/// Who tells events.
#[derive(Clone)]
pub struct Narrator(Recorder);

impl Narrator {
    /// A narrator called `identity`.
    #[must_use]
    pub fn new(client: Client, identity: &str) -> Self {
        let reporter = Reporter { controller: FIELD_MANAGER.to_owned(), instance: Some(identity.to_owned()) };
        Self(Recorder::new(client, reporter))
    }

    /// Tells what a status that was stored has come to, if that is news. An event that can not be told is lost, and
    /// nothing else.
    pub async fn tell(&self, stored: StoredStatus<'_>) {
        match stored {
            StoredStatus::Release { release, before, after } => {
                let object = release.object_ref(&());
                if before.phase != after.phase || before.step != after.step {
                    let type_ = if is_odd(after.phase) { EventType::Warning } else { EventType::Normal };
                    self.publish(&object, type_, format!("{:?}", after.phase), &after.message).await;
                }
                self.warn(&object, &before.conditions, &after.conditions).await;
            }
            StoredStatus::Lane { lane, before, after } => {
                let object = lane.object_ref(&());
                let is_ready = |conditions| condition(conditions, ConditionType::Ready).is_some_and(holds);
                if is_ready(&after.conditions) && !is_ready(&before.conditions) {
                    self.publish(&object, EventType::Normal, "Ready".to_owned(), &after.message).await;
                }
                self.warn(&object, &before.conditions, &after.conditions).await;
            }
            StoredStatus::Policy { policy, before, after } => {
                self.warn(&policy.object_ref(&()), &before.conditions, &after.conditions).await;
            }
        }
    }

    /// Tells of an object of ours that somebody else had changed or deleted, and that is now as it was.
    pub async fn tell_repair(&self, object: &ObjectReference) {
        let object = ObjectReference { resource_version: None, ..object.clone() };
        let note = "somebody else had changed or deleted it, and it is as releases and lanes need it again: change those instead";
        self.publish(&object, EventType::Warning, "Repaired".to_owned(), note).await;
    }

    /// Tells what a write was made for.
    pub async fn tell_news(&self, object: &ObjectReference, news: &News) {
        let object = ObjectReference { resource_version: None, ..object.clone() };
        match news {
            News::ReleaseGone { release } => {
                let note = format!(
                    "GrayRelease {release} is gone and was not ended, so this Deployment is not held any more: what its template says rolls out at once; to have it released in steps, create a GrayRelease anew"
                );
                self.publish(&object, EventType::Warning, "ReleaseGone".to_owned(), &note).await;
            }
        }
    }

    /// Warns of what is wrong with an object, once for each reason.
    async fn warn(&self, object: &ObjectReference, before: &[Condition], after: &[Condition]) {
        for kind in [ConditionType::Accepted, ConditionType::Ready, ConditionType::Stalled] {
            let wrong = |conditions| condition(conditions, kind).filter(|condition| is_wrong(condition));
            let Some(news) = wrong(after) else { continue };
            if wrong(before).is_none_or(|known| known.reason != news.reason) {
                self.publish(object, EventType::Warning, format!("{:?}", news.reason), &news.message).await;
            }
        }
    }

    async fn publish(&self, object: &ObjectReference, type_: EventType, reason: String, note: &str) {
        let mut note = note.to_owned();
        note.truncate(note.floor_char_boundary(LONGEST));
        let event = Event { type_, reason, note: Some(note), action: "Release".to_owned(), secondary: None };
        if let Err(error) = self.0.publish(&event, object).await {
            warn!(%error, "an event could not be told");
        }
    }
}

fn condition(conditions: &[Condition], kind: ConditionType) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.kind == kind)
}

fn holds(condition: &Condition) -> bool {
    condition.status == ConditionStatus::True
}

/// Whether a condition says that somebody should look. What a phase says is told by its own event.
fn is_wrong(condition: &Condition) -> bool {
    match condition.kind {
        ConditionType::Accepted => !holds(condition),
        ConditionType::Ready => matches!(condition.reason, Reason::NotEnoughReady | Reason::NotHeld),
        ConditionType::Stalled => holds(condition) && condition.reason != Reason::Aborted,
    }
}

/// Whether somebody should look.
fn is_odd(phase: Phase) -> bool {
    matches!(phase, Phase::Aborting | Phase::Aborted)
}

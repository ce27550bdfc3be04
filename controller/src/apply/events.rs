//! The story of a release, as events of the API server: for `kubectl describe`, and for whoever collects events.

use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};
use tracing::warn;

use crate::api::Phase;
use crate::cluster::{FIELD_MANAGER, StoredStatus};

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

    /// Tells what a status that was stored has come to, if that is another phase than before. An event that can not be
    /// told is lost, and nothing else.
    pub async fn tell(&self, stored: StoredStatus<'_>) {
        let StoredStatus { release, before, after } = stored;
        if before.phase == after.phase && before.step == after.step {
            return;
        }
        let mut note = after.message.clone();
        note.truncate(note.floor_char_boundary(LONGEST));
        let event = Event {
            type_: if is_odd(after.phase) { EventType::Warning } else { EventType::Normal },
            reason: format!("{:?}", after.phase),
            note: Some(note),
            action: "Release".to_owned(),
            secondary: None,
        };
        if let Err(error) = self.0.publish(&event, &release.object_ref(&())).await {
            warn!(%error, "an event could not be told");
        }
    }
}

/// Whether somebody should look.
fn is_odd(phase: Phase) -> bool {
    matches!(phase, Phase::Aborting | Phase::Aborted)
}

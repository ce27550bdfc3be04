//! What a status tells people of a lane.

use jiff::Timestamp;

use super::Facts;
use crate::api::{Condition, ConditionStatus, ConditionType, LaneStatus, Reason, Stage};
use crate::release::{Life, Objection, RefusedEdit};

/// Tells what `status` has come to.
pub(super) fn tell(status: &mut LaneStatus, facts: &Facts, now: Timestamp) {
    let (ready, reason, message) = ready(status, facts);
    status.message.clone_from(&message);
    let told = facts.edit.as_ref().map(RefusedEdit::told);
    let accepted = match told.or_else(|| facts.objection.clone()) {
        Some(Objection { reason, message }) => (false, reason, message),
        None => (true, Reason::Valid, "what the object says can be done".to_owned()),
    };
    if !accepted.0 {
        status.message.clone_from(&accepted.2);
    }
    for (kind, (holds, reason, message)) in
        [(ConditionType::Accepted, accepted), (ConditionType::Ready, (ready, reason, message))]
    {
        let condition = Condition {
            kind,
            status: ConditionStatus::from(holds),
            reason,
            message,
            last_transition_time: now,
            observed_generation: facts.generation,
        };
        condition.record(&mut status.conditions);
    }
}

fn ready(status: &LaneStatus, facts: &Facts) -> (bool, Reason, String) {
    let awaited = || {
        let proxies = &status.proxies;
        let not =
            if proxies.lagging.is_empty() { String::new() } else { format!("; not: {}", proxies.lagging.join(", ")) };
        format!("{} of {} proxies have confirmed{not}", proxies.acknowledged, proxies.total)
    };
    let unconfirmed = status.proxies.acknowledged < status.proxies.total;
    if facts.life == Life::Deleted {
        return (false, Reason::Progressing, format!("the lane is being taken away: {}", awaited()));
    }
    if let Some(known) = status.services.iter().find(|known| known.stage != Stage::Serving) {
        let what = match known.stage {
            Stage::Preparing => "endpoints are made known",
            Stage::Routing | Stage::Serving => "routes are laid",
            Stage::Leaving | Stage::Unrouting => "what is not wanted any more is taken away",
        };
        return (false, Reason::Progressing, format!("{what}: {}", awaited()));
    }
    let idle: Vec<String> = status
        .services
        .iter()
        .filter(|known| known.ready == 0)
        .map(|known| format!("{} of {} ({})", known.version, known.service, known.labels))
        .collect();
    if !idle.is_empty() {
        let message = format!("no ready endpoint, so the fallback serves: {}", idle.join(", "));
        return (false, Reason::NotEnoughReady, message);
    }
    if unconfirmed {
        return (false, Reason::LaggingProxies, awaited());
    }
    (!status.services.is_empty(), Reason::Valid, "all versions of the lane serve".to_owned())
}

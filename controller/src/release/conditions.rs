//! What a status tells people: a sentence, counts, and conditions.

use super::versions::NotHeld;
use super::{Filter, Machine, Objection, RefusedEdit, WorkloadFacts};
use crate::api::{
    Condition, ConditionStatus, ConditionType, DeploymentName, GrayReleaseStatus, Phase, Reason, WorkloadStatus,
};

impl Machine<'_> {
    /// Tells what the status has come to; `before` is the one that is stored.
    pub(super) fn tell(&mut self, before: &GrayReleaseStatus) {
        self.status.observed_generation = self.facts.generation;
        let steps = self.course.len();
        let stepping = self.status.phase.is_stepping();
        self.status.progress =
            if stepping { format!("{}/{steps}", (self.index() + 1).min(steps)) } else { String::new() };
        self.count_pods();
        self.status.message = self.message();
        self.status.conditions.clone_from(&before.conditions);
        for (kind, (holds, reason, message)) in [
            (ConditionType::Accepted, self.accepted()),
            (ConditionType::Ready, self.ready()),
            (ConditionType::Stalled, self.stalled()),
        ] {
            let condition = Condition {
                kind,
                status: ConditionStatus::from(holds),
                reason,
                message,
                last_transition_time: self.now,
                observed_generation: self.facts.generation,
            };
            condition.record(&mut self.status.conditions);
        }
    }

    fn count_pods(&mut self) {
        let desired = super::desired(self.facts, self.spec, &self.status);
        let workloads = self.status.workloads.iter_mut().zip(&self.facts.workloads).zip(&desired.workloads);
        for ((workload, facts), desired) in workloads {
            workload.replicas = desired.gray.as_ref().map_or(0, |gray| gray.replicas);
            let available = |gray| facts.as_ref().map_or(0, |facts| facts.available(gray));
            workload.ready = workload.gray.as_ref().map_or(0, available);
        }
    }

    fn message(&self) -> String {
        let status = &self.status;
        let proxies = &status.proxies;
        let awaited = || {
            let named = if proxies.lagging.is_empty() {
                String::new()
            } else {
                format!("; not: {}", proxies.lagging.join(", "))
            };
            match &status.publication {
                Some(published) if published.traffic == status.traffic => format!(
                    "{} of {} proxies have generation {}{named}",
                    proxies.acknowledged, proxies.total, published.generation
                ),
                Some(_) | None => "to be published".to_owned(),
            }
        };
        let held = match self.facts.filter {
            _ if status.paused_since.is_some() => "paused by somebody; ",
            _ if self.facts.edit.is_some() && status.phase.is_under_way() => "held while a change of it is refused; ",
            Filter::Exchanged if status.phase.is_under_way() => "held while proxies get another module; ",
            Filter::Exchanged | Filter::InPlace => "",
        };
        let text = match status.phase {
            Phase::Idle => "there is nothing to release".to_owned(),
            Phase::Completed => "the last release is complete".to_owned(),
            Phase::Preparing => format!("the new version is made known: {}", awaited()),
            Phase::Routing => format!("routes are laid: {}", awaited()),
            Phase::Scaling => format!("replicas are awaited: {}", self.pods()),
            Phase::Announcing => format!("proxies are told of the new pods: {}", awaited()),
            Phase::Propagating if self.index() >= self.course.len() && self.acknowledged() => {
                "everybody goes to the new version; requests under way end first".to_owned()
            }
            Phase::Propagating => format!("weight {}: {}", status.traffic.weight, awaited()),
            Phase::Pausing => match self.course.pause(self.index()).and_then(|pause| pause.duration) {
                Some(wait) => format!("weight {} for {wait}", status.traffic.weight),
                None => format!("weight {} until somebody approves: graylane approve", status.traffic.weight),
            },
            Phase::Switching => format!("everybody goes to the new version: {}", awaited()),
            Phase::Draining => format!("old pods stay for {} s", self.course.scale_down_delay().as_secs()),
            Phase::Adopting => "the Deployments take the new pods".to_owned(),
            Phase::Aborting if self.acknowledged() => {
                "everybody has returned to the stable version; requests under way end first".to_owned()
            }
            Phase::Aborting => format!("everybody returns to the stable version: {}", awaited()),
            Phase::Withdrawing => "the new pods are removed".to_owned(),
            Phase::Aborted => format!("aborted: {}", status.abort_reason.as_deref().unwrap_or_default()),
            Phase::Leaving => format!("routes of the release are removed: {}", awaited()),
            Phase::Withdrawn => "nothing of the release is left".to_owned(),
        };
        format!("{held}{text}")
    }

    fn pods(&self) -> String {
        let of = |(workload, facts): (&WorkloadStatus, &Option<WorkloadFacts>)| {
            let set = facts.as_ref().and_then(|facts| facts.sets.get(workload.gray.as_ref()?));
            let failure = set.and_then(|set| set.failure.as_ref());
            let why = failure.map(|failure| format!(" ({failure})")).unwrap_or_default();
            let WorkloadStatus { deployment, ready, replicas, .. } = workload;
            workload.gray.as_ref().map(|_| format!("{deployment} {ready} of {replicas}{why}"))
        };
        self.status.workloads.iter().zip(&self.facts.workloads).filter_map(of).collect::<Vec<_>>().join(", ")
    }

    fn accepted(&self) -> (bool, Reason, String) {
        let told = self.facts.edit.as_ref().map(RefusedEdit::told);
        if let Some(Objection { reason, message }) = told.or_else(|| self.facts.objection.clone()) {
            return (false, reason, message);
        }
        let named = self.spec.workloads.iter().filter_map(|workload| workload.deployment.as_ref());
        let missing = named.zip(&self.facts.workloads).find(|(_, facts)| facts.is_none());
        if let Some((deployment, _)) = missing {
            return (
                false,
                Reason::DeploymentNotFound,
                format!("there is no Deployment \"{deployment}\" in this namespace"),
            );
        }
        match self.without_stable() {
            Some(workload) => (false, Reason::NoStableVersion, first_version(&workload.deployment)),
            None => (true, Reason::Valid, "what the object says can be done".to_owned()),
        }
    }

    /// The first workload of which no version has served yet.
    fn without_stable(&self) -> Option<&WorkloadStatus> {
        self.status.workloads.iter().find(|workload| workload.stable.is_none())
    }

    fn ready(&self) -> (bool, Reason, String) {
        let reason = match self.status.phase {
            Phase::Idle | Phase::Leaving | Phase::Withdrawn => Reason::Idle,
            Phase::Completed => Reason::Completed,
            Phase::Aborted | Phase::Aborting => Reason::Aborted,
            _ if self.status.paused_since.is_some() => Reason::Paused,
            Phase::Pausing => Reason::Paused,
            Phase::Preparing
            | Phase::Routing
            | Phase::Scaling
            | Phase::Announcing
            | Phase::Propagating
            | Phase::Switching
            | Phase::Draining
            | Phase::Adopting
            | Phase::Withdrawing => Reason::Progressing,
        };
        if let Some(NotHeld(deployment)) = self.not_held() {
            let message = format!(
                "Deployment \"{deployment}\" changed and rolls out by itself: nothing paused it in time; is the admission policy installed and the Deployment labelled, or should hold be Always?"
            );
            return (false, Reason::NotHeld, message);
        }
        let at_rest = matches!(self.status.phase, Phase::Idle | Phase::Completed | Phase::Leaving | Phase::Withdrawn);
        if let Some(workload) = self.without_stable().filter(|_| at_rest) {
            return (false, Reason::NoStableVersion, first_version(&workload.deployment));
        }
        if let Some(workload) = self.not_taken_over().filter(|_| at_rest) {
            let message =
                format!("Deployment \"{}\" is being taken over: a change is not held yet", workload.deployment);
            return (false, Reason::Progressing, message);
        }
        (at_rest, reason, self.status.message.clone())
    }

    fn stalled(&self) -> (bool, Reason, String) {
        match self.status.phase {
            Phase::Aborted => (true, Reason::Aborted, self.status.message.clone()),
            _ if !self.status.steering.suspects.is_empty() => {
                (true, Reason::SteeringMismatch, super::steering::missteered(&self.status.steering.suspects))
            }
            _ if self.facts.edit.is_some() && self.status.phase.is_under_way() => {
                (true, Reason::Refused, "it is held at this step until what it was changed to is mended".to_owned())
            }
            Phase::Scaling | Phase::Announcing if self.is_overdue() && !self.enough_are_available() => {
                (true, Reason::NotEnoughReady, self.status.message.clone())
            }
            _ if self.is_overdue() => (true, Reason::LaggingProxies, self.status.message.clone()),
            _ => (false, Reason::Valid, "nothing stands in the way".to_owned()),
        }
    }
}

fn first_version(deployment: &DeploymentName) -> String {
    format!("no version of Deployment \"{deployment}\" has been available yet; the first one is rolled out by itself")
}

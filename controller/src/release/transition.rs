//! From phase to phase: one transition at a time, each for a reason that the facts give.

use std::time::Duration;

use graylane_core::Percentage;

use super::history::OURSELVES;
use super::versions::Wish;
use super::{Filter, Life, Machine, Owner};
use crate::api::{BaseRoute, Cohorts, NewPods, Phase, Steering, Traffic};

/// How long a deleted release waits at most for proxies to take its routes away: nobody goes by them any more.
const LAST_ROUTES: Duration = Duration::from_secs(10);

impl Machine<'_> {
    /// Makes the transition that is due, if one is.
    pub(super) fn advance(&mut self) {
        if self.status.phase.is_under_way() {
            let wish = self.compared();
            if wish != Wish::Same {
                self.supersede(wish);
                return;
            }
            if self.is_missteered() || self.deadline_has_passed() || self.waits_for_others() {
                return;
            }
        }
        match self.status.phase {
            Phase::Idle | Phase::Completed => self.idle(),
            Phase::Preparing if self.acknowledged() && self.twins_are_gone() => {
                self.status.traffic.base = BaseRoute::Stable;
                self.trust_steering();
                self.enter(Phase::Routing);
            }
            Phase::Routing if self.acknowledged() => self.go_to(self.index()),
            Phase::Scaling if self.enough_are_available() => self.announce(),
            Phase::Announcing if self.acknowledged() && self.enough_are_available() => self.give_weight(),
            Phase::Propagating if self.acknowledged() => self.step_is_taken(),
            Phase::Pausing if self.pause_is_over() => self.go_to(self.index() + 1),
            Phase::Switching if self.acknowledged() => self.enter(Phase::Draining),
            Phase::Draining if self.old_pods_may_go() => self.enter(Phase::Adopting),
            Phase::Adopting if self.are_adopted() => self.complete(),
            Phase::Aborting if self.settled() => self.enter(Phase::Withdrawing),
            Phase::Withdrawing if self.gray_is_gone() => self.withdraw(),
            Phase::Leaving if self.settled() || self.lasted(LAST_ROUTES) => self.enter(Phase::Withdrawn),
            Phase::Aborted if self.compared() != Wish::Same => self.rest(Phase::Idle),
            Phase::Preparing
            | Phase::Routing
            | Phase::Scaling
            | Phase::Announcing
            | Phase::Propagating
            | Phase::Pausing
            | Phase::Switching
            | Phase::Draining
            | Phase::Adopting
            | Phase::Aborting
            | Phase::Withdrawing
            | Phase::Aborted
            | Phase::Leaving
            | Phase::Withdrawn => {}
        }
    }

    /// Whether somebody has paused it, or changed it to something that is refused, or proxies get another module first.
    fn waits_for_others(&self) -> bool {
        self.status.paused_since.is_some() || self.facts.edit.is_some() || self.facts.filter == Filter::Exchanged
    }

    /// Returns everybody to the stable version. `reason` is what the release then stands still for; `None`: it goes on
    /// with what the Deployments say.
    pub(super) fn abort(&mut self, reason: Option<String>) {
        self.status.abort_reason = reason;
        self.status.paused_since = None;
        self.status.traffic.weight = Percentage::ZERO;
        self.status.traffic.cohorts = Cohorts::Out;
        if self.status.traffic.base == BaseRoute::Gray {
            self.status.traffic.base = BaseRoute::Stable;
        }
        self.enter(Phase::Aborting);
    }

    /// The index of the current step.
    pub(super) fn index(&self) -> usize {
        usize::try_from(self.status.step).unwrap_or(usize::MAX).min(self.course.len())
    }

    fn supersede(&mut self, wish: Wish) {
        let what = match (wish, self.facts.life) {
            (_, Life::Deleted) => "deleted: everybody returns to the stable version",
            (Wish::Back, Life::Kept) => "cancelled: the Deployments say the stable version again",
            (Wish::Other | Wish::Same, Life::Kept) => "superseded: a Deployment says another version",
        };
        self.note(OURSELVES, what);
        self.abort(None);
    }

    fn idle(&mut self) {
        self.look_at_deployments();
        if self.facts.life == Life::Deleted {
            self.enter(Phase::Leaving);
        } else if self.may_begin() && self.take_new_versions() > 0 {
            self.status.step = 0;
            self.status.abort_reason = None;
            self.status.publication = None;
            self.status.traffic = Traffic::default();
            self.note(OURSELVES, format!("released {}", self.released()));
            self.enter(Phase::Preparing);
        }
    }

    /// Lets proxies know the new pods, unless all do.
    fn announce(&mut self) {
        self.status.traffic.new_pods = NewPods::Announced;
        if self.acknowledged() {
            self.give_weight();
        } else {
            self.enter(Phase::Announcing);
        }
    }

    fn may_begin(&self) -> bool {
        self.facts.objection.is_none() && self.facts.edit.is_none() && self.facts.filter == Filter::InPlace
    }

    fn give_weight(&mut self) {
        self.status.traffic.weight = self.course.weight(self.index());
        self.status.traffic.cohorts = Cohorts::In;
        self.enter(Phase::Propagating);
    }

    fn step_is_taken(&mut self) {
        let index = self.index();
        if index >= self.course.len() {
            if self.settled() {
                self.status.traffic.base = BaseRoute::Gray;
                self.enter(Phase::Switching);
            }
        } else if self.course.pause(index).is_some() {
            self.enter(Phase::Pausing);
        } else {
            self.go_to(index + 1);
        }
    }

    fn pause_is_over(&self) -> bool {
        let pause = self.course.pause(self.index());
        pause.is_none_or(|pause| pause.duration.is_some_and(|wait| self.lasted(wait.duration())))
    }

    fn complete(&mut self) {
        self.note(OURSELVES, format!("completed {}", self.released()));
        for workload in &mut self.status.workloads {
            if let Some(gray) = workload.gray.take() {
                workload.stable = Some(gray);
            }
        }
        self.rest(Phase::Completed);
    }

    fn withdraw(&mut self) {
        let phase = match (self.facts.life, &self.status.abort_reason) {
            (Life::Deleted, _) => Phase::Leaving,
            (Life::Kept, Some(_)) if self.compared() == Wish::Same => Phase::Aborted,
            (Life::Kept, _) => Phase::Idle,
        };
        self.rest(phase);
    }

    /// Rests in `phase`, with requests on the way they would go without a release.
    pub(super) fn rest(&mut self, phase: Phase) {
        self.status.traffic = Traffic::default();
        self.status.step = 0;
        self.status.paused_since = None;
        if phase != Phase::Aborted {
            self.status.steering = Steering::default();
            self.status.abort_reason = None;
            self.status.workloads.iter_mut().for_each(|workload| workload.gray = None);
        }
        self.enter(phase);
    }

    /// Whether every new version has the pods that it is to have.
    pub(super) fn enough_are_available(&self) -> bool {
        let desired = super::desired(self.facts, self.spec, &self.status);
        let pairs = desired.workloads.iter().zip(&self.facts.workloads);
        let mut grays = pairs.filter_map(|(workload, facts)| Some((workload.gray.as_ref()?, facts.as_ref()?)));
        grays.all(|(gray, facts)| facts.available(&gray.version) >= gray.replicas)
    }

    fn old_pods_may_go(&self) -> bool {
        self.lasted(self.course.scale_down_delay()) && self.acknowledged() && self.enough_are_available()
    }

    fn twins_are_gone(&self) -> bool {
        let desired = super::desired(self.facts, self.spec, &self.status);
        desired.workloads.iter().all(|workload| workload.twins.is_empty())
    }

    /// Whether the Deployments have taken the new pods, and let the old ones go.
    fn are_adopted(&self) -> bool {
        self.status.workloads.iter().zip(&self.facts.workloads).all(|(workload, facts)| {
            let (Some(gray), Some(facts)) = (&workload.gray, facts) else { return true };
            let adopted = facts.sets.get(gray).is_some_and(|set| set.owner == Owner::Deployment);
            let let_go = facts.sets.iter().all(|(version, set)| version == gray || set.pods == 0);
            adopted && let_go
        })
    }

    fn gray_is_gone(&self) -> bool {
        self.status.workloads.iter().zip(&self.facts.workloads).all(|(workload, facts)| {
            let (Some(gray), Some(facts)) = (&workload.gray, facts) else { return true };
            facts.sets.get(gray).is_none_or(|set| set.pods == 0 && set.replicas == 0)
        })
    }

    fn released(&self) -> String {
        let grays = self
            .status
            .workloads
            .iter()
            .filter_map(|workload| workload.gray.as_ref().map(|gray| format!("{}-{gray}", workload.deployment)));
        grays.collect::<Vec<_>>().join(", ")
    }
}

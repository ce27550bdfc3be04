//! A world in which releases happen: Deployments, `ReplicaSet`s and proxies as the controllers of a cluster leave them,
//! and a controller of ours that may stop at any point of its pass.

use std::collections::BTreeMap;

use graylane_core::Percentage;
use graylane_core::name::VersionName;
use jiff::{SignedDuration, Timestamp};

use super::workload::{Set, Workload};
use crate::api::{BaseRoute, Cohorts, GrayReleaseSpec, GrayReleaseStatus, NewPods, Phase, Traffic};
use crate::release::{Custody, Desired, Facts, Filter, Finalizer, Life, Owner, Pausing, RefusedEdit, step};

/// Where a pass of the controller ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// Where it should.
    Whole,
    /// Before the status is stored.
    KilledBeforeStoring,
    /// After the status is stored, before anything is done.
    KilledAfterStoring,
    /// When half of it is done: the proxies' part, or the pods' part.
    KilledHalfWay,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// The controller comes by.
    Controller(Pass),
    /// Time passes, in seconds.
    Time(i64),
    /// Somebody changes the pod template of a Deployment; the admission policy pauses it.
    Template(usize, u8),
    /// Somebody restarts a Deployment.
    Restart(usize),
    /// The autoscaler of a Deployment, or its user, scales it.
    Scale(usize, u32),
    /// Pods of a version become ready, as many as there are; or one of them fails.
    Ready(u8),
    Unready(u8),
    /// Proxies take what is published; or but one of them does.
    Proxies,
    ProxiesButOne,
    /// A new pod brings a proxy that knows nothing yet.
    NewProxy,
    /// Somebody changes the release to something that is refused, or mends it.
    Edit(Option<RefusedEdit>),
    /// Somebody says something.
    Verb(&'static str),
}

/// Everything.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) spec: GrayReleaseSpec,
    /// What is stored in the API server.
    pub(super) status: GrayReleaseStatus,
    pub(super) verb: Option<String>,
    verbs: u32,
    pub(super) life: Life,
    pub(super) finalizer: bool,
    pub(super) workloads: Vec<Workload>,
    /// What is published: a number, and what it says.
    published: (u64, Traffic, Vec<Option<VersionName>>),
    pub(super) proxies: Vec<u64>,
    pub(super) filter: Filter,
    /// What the release was changed to, if that is refused.
    pub(super) edit: Option<RefusedEdit>,
    /// How many requests of the new version proxies have sent elsewhere.
    pub(super) mismatches: BTreeMap<String, u64>,
    /// How often anything was written.
    pub(super) writes: usize,
    /// When the present step was acknowledged by all, for the promise of dwell.
    acknowledged: Option<(u64, Timestamp)>,
    /// Whether every proxy has heard that the new pods serve.
    heard: bool,
}

/// The versions that have bad pods, which never become ready.
pub(super) const BAD: u8 = 9;

impl World {
    pub(super) fn new(spec: GrayReleaseSpec) -> Self {
        let stable = Set { template: 1, restarts: 0, owner: Owner::Deployment, replicas: 4, available: 4 };
        let workload = Workload {
            replicas: 4,
            paused: false,
            template: 1,
            restarts: 0,
            sets: BTreeMap::from([("v1".to_owned(), stable)]),
        };
        Self {
            now: Timestamp::from_second(1_000_000).unwrap(),
            workloads: vec![workload; spec.workloads.len()],
            spec,
            status: GrayReleaseStatus::default(),
            verb: None,
            verbs: 0,
            life: Life::Kept,
            finalizer: true,
            published: (1, Traffic::default(), Vec::new()),
            proxies: vec![1; 3],
            filter: Filter::InPlace,
            edit: None,
            mismatches: BTreeMap::new(),
            writes: 0,
            acknowledged: None,
            heard: false,
        }
    }

    pub(super) fn happen(&mut self, event: &Event) {
        match event {
            Event::Controller(pass) => self.pass(*pass),
            Event::Time(seconds) => self.now += SignedDuration::from_secs(*seconds),
            Event::Template(workload, template) => {
                let workload = self.workload(*workload);
                // What the admission policy does.
                workload.paused |= workload.template != *template;
                workload.template = *template;
            }
            Event::Restart(workload) => {
                let workload = self.workload(*workload);
                workload.restarts += 1;
                workload.paused = true;
            }
            Event::Scale(workload, replicas) => self.workload(*workload).replicas = *replicas,
            Event::Ready(template) => self.each_set(|set| {
                if set.template == *template && *template != BAD {
                    set.available = set.replicas;
                }
            }),
            Event::Unready(template) => self.each_set(|set| {
                if set.template == *template {
                    set.available = set.available.saturating_sub(1);
                }
            }),
            Event::Proxies => self.proxies.iter_mut().for_each(|proxy| *proxy = self.published.0),
            Event::ProxiesButOne => self.proxies.iter_mut().skip(1).for_each(|proxy| *proxy = self.published.0),
            Event::NewProxy if self.proxies.len() < 6 => self.proxies.push(0),
            Event::NewProxy => {}
            Event::Edit(edit) => self.edit.clone_from(edit),
            Event::Verb(verb) => {
                self.verbs += 1;
                self.verb = Some(format!("{verb} by alice at {}", self.verbs));
            }
        }
        self.workloads.iter_mut().for_each(Workload::controlled);
        self.note_acknowledgement();
    }

    /// Lets everything get well, and time pass, until nothing changes any more.
    pub(super) fn settle(&mut self) {
        let mut idle = 0;
        for _ in 0..400 {
            let before = (self.status.clone(), self.writes);
            for template in 1..BAD {
                self.happen(&Event::Ready(template));
            }
            self.happen(&Event::Proxies);
            self.happen(&Event::Controller(Pass::Whole));
            idle = if before == (self.status.clone(), self.writes) { idle + 1 } else { 0 };
            if idle > 1 {
                return;
            }
            self.now += SignedDuration::from_secs(61);
        }
        panic!("it never comes to rest: {:?}", self.status);
    }

    pub(super) fn facts(&self) -> Facts {
        let (generation, traffic, grays) = &self.published;
        let stored: Vec<_> = self.status.workloads.iter().map(|workload| workload.gray.clone()).collect();
        let says =
            *traffic == self.status.traffic && (self.status.traffic.base == BaseRoute::Service || *grays == stored);
        Facts {
            workloads: self.workloads.iter().map(|workload| Some(workload.facts())).collect(),
            proxies: self
                .proxies
                .iter()
                .enumerate()
                .map(|(index, proxy)| (format!("shop/{index}"), Some(*proxy)))
                .collect::<BTreeMap<_, _>>()
                .into(),
            mismatches: self.mismatches.clone(),
            published: says.then_some(*generation),
            filter: self.filter,
            verb: self.verb.clone(),
            life: self.life,
            generation: 1,
            objection: None,
            edit: self.edit.clone(),
        }
    }

    fn pass(&mut self, pass: Pass) {
        let (desired, status) = step(&self.facts(), &self.spec, &self.status, self.now);
        self.check(&status);
        if pass == Pass::KilledBeforeStoring {
            return;
        }
        if status != self.status {
            self.status = status;
            self.writes += 1;
        }
        match pass {
            Pass::Whole => {
                self.apply_to_pods(&desired);
                self.publish(&desired);
            }
            Pass::KilledHalfWay if self.writes.is_multiple_of(2) => self.apply_to_pods(&desired),
            Pass::KilledHalfWay => self.publish(&desired),
            Pass::KilledBeforeStoring | Pass::KilledAfterStoring => {}
        }
        self.finalizer &= desired.finalizer == Finalizer::Kept;
    }

    /// The promises of one transition.
    fn check(&self, next: &GrayReleaseStatus) {
        let raised = next.traffic.weight > self.status.traffic.weight
            || next.traffic.cohorts == Cohorts::In && self.status.traffic.cohorts == Cohorts::Out;
        let grays = || {
            next.workloads.iter().zip(&self.workloads).filter_map(|(known, real)| Some((real, known.gray.as_ref()?)))
        };
        if raised {
            assert_eq!(self.edit, None, "a step is taken although the release says something that is refused");
            assert!(
                self.heard,
                "weight, while proxies do not know that new pods serve: requests would meet both versions"
            );
            for (workload, gray) in grays() {
                let available = workload.sets.get(gray.as_str()).map_or(0, |set| set.available);
                let needed = (u32::from(next.traffic.weight.slots()) * workload.replicas).div_ceil(10_000).max(1);
                assert!(
                    available >= needed || self.spec.strategy.is_some_with_fixed_replicas(),
                    "weight {} on {available} of {needed} pods",
                    next.traffic.weight
                );
            }
        }
        let last_moment = [Phase::Switching, Phase::Withdrawing];
        if next.phase != self.status.phase && last_moment.contains(&next.phase) {
            let lasted = self.now.duration_since(self.acknowledged.unwrap().1).as_secs();
            assert!(lasted >= 5, "requests under way meet both versions: {:?} after {lasted} s", next.phase);
        }
        if next.phase == Phase::Adopting && self.status.phase != Phase::Adopting {
            assert!(self.everybody_has_it(), "pods go before proxies know");
            let lasted = self.now.duration_since(self.acknowledged.unwrap().1).as_secs();
            assert!(lasted >= 30, "old pods go after {lasted} s");
        }
        if self.status.phase == Phase::Withdrawing && next.phase != Phase::Withdrawing {
            assert!(
                grays().all(|(workload, gray)| workload.sets.get(gray.as_str()).is_none_or(|set| set.replicas == 0))
            );
        }
        if self.status.phase == Phase::Pausing
            && next.phase == Phase::Scaling
            && next.verb == self.status.verb
            && next.steps_hash == self.status.steps_hash
        {
            let (_, since) = self.acknowledged.unwrap();
            assert!(self.now.duration_since(since).as_secs() >= 20, "the pause was cut short");
        }
    }

    fn everybody_has_it(&self) -> bool {
        self.proxies.iter().all(|proxy| *proxy >= self.published.0)
    }

    fn note_acknowledgement(&mut self) {
        let generation = self.published.0;
        if self.acknowledged.is_none_or(|(known, _)| known != generation) && self.everybody_has_it() {
            self.acknowledged = Some((generation, self.now));
        }
        match self.published.1.new_pods {
            NewPods::Announced => self.heard |= self.everybody_has_it(),
            NewPods::Awaited => self.heard = false,
        }
    }

    fn publish(&mut self, desired: &Desired) {
        let grays: Vec<_> = self.status.workloads.iter().map(|workload| workload.gray.clone()).collect();
        let grays = if desired.is_routed() { grays } else { Vec::new() };
        if (&self.published.1, &self.published.2) != (&desired.traffic, &grays) {
            self.published = (self.published.0 + 1, desired.traffic.clone(), grays);
            self.writes += 1;
        }
    }

    fn apply_to_pods(&mut self, desired: &Desired) {
        for (workload, desired) in self.workloads.iter_mut().zip(&desired.workloads) {
            let paused = match desired.pausing {
                Pausing::Paused => true,
                Pausing::Running => false,
                Pausing::AsItIs => workload.paused,
            };
            self.writes += usize::from(paused != workload.paused);
            workload.paused = paused;
            for twin in &desired.twins {
                workload.sets.remove(twin.as_str());
                self.writes += 1;
            }
            let wanted = desired.gray.as_ref();
            let before = workload.sets.len();
            workload.sets.retain(|name, set| {
                set.owner == Owner::Deployment || wanted.is_some_and(|gray| gray.version.as_str() == name)
            });
            self.writes += before - workload.sets.len();
            if let Some(gray) = wanted {
                let (template, restarts) = (workload.template, workload.restarts);
                let set = workload.sets.entry(gray.version.to_string());
                let set =
                    set.or_insert_with(|| Set { template, restarts, owner: Owner::Release, replicas: 0, available: 0 });
                if set.owner == Owner::Release {
                    self.writes += usize::from(set.replicas != gray.replicas);
                    set.replicas = gray.replicas;
                    if gray.custody == Custody::Deployment {
                        set.owner = Owner::Deployment;
                        self.writes += 1;
                    }
                }
            }
        }
    }

    fn workload(&mut self, index: usize) -> &mut Workload {
        let count = self.workloads.len();
        &mut self.workloads[index % count]
    }

    fn each_set(&mut self, change: impl Fn(&mut Set)) {
        self.workloads.iter_mut().flat_map(|workload| workload.sets.values_mut()).for_each(change);
    }
}

trait FixedReplicas {
    fn is_some_with_fixed_replicas(&self) -> bool;
}

impl FixedReplicas for Option<crate::api::Strategy> {
    fn is_some_with_fixed_replicas(&self) -> bool {
        self.as_ref().is_some_and(|strategy| strategy.canary.replicas.is_some())
    }
}

pub(super) fn percent(percent: u16) -> Percentage {
    Percentage::from_slots(percent * 100).unwrap()
}

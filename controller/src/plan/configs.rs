//! The configuration of each role, from the parts that all roles share.

use std::collections::BTreeMap;

use graylane_core::config::{Correlation, Explain, Lane, LostMark, OverrideKey, Overrides, Service as ServiceConfig};
use graylane_core::name::{LaneName, ServiceName};
use graylane_core::{Digest, FilterConfig, Phase, Router};

use super::rules::Entrance;
use super::steering::Steering;
use super::{Configs, Observed, Origins, Refusals};
use crate::api::{ExplainPolicy, Kind, MeshPolicySpec, ObjectRef, OverrideKeyPolicy, OverridePolicy};

/// The configurations of all roles, of one generation: that of `previous` when nothing has changed, else the next.
pub(super) fn compose(
    observed: &Observed,
    previous: Option<&Configs>,
    lanes: &BTreeMap<LaneName, Lane>,
    entrance: &Entrance,
    steering: &Steering,
    origins: &mut Origins,
) -> Configs {
    let policy = of_policy(observed, origins);
    let decides = |phase, services: &BTreeMap<ServiceName, ServiceConfig>| FilterConfig {
        phase,
        lanes: lanes.clone().into(),
        rule_sets: entrance.rule_sets.clone(),
        splits: entrance.splits.clone().into(),
        services: services.clone().into(),
        ..policy.clone()
    };
    let mut configs = Configs {
        gateway: FilterConfig {
            // Who is outside comes through a gateway, so nobody else needs to know the keys.
            overrides: overrides(observed),
            // An edge has no app whose calls could lose a mark.
            correlation: None,
            ..decides(Phase::Gateway, &steering.gateway)
        },
        outbound: FilterConfig {
            lost_mark: lost_mark(observed),
            ..decides(Phase::SidecarOutbound, &steering.sidecars)
        },
        // In front of an app nothing is decided: the mark is all that matters.
        inbound: FilterConfig {
            headers: policy.headers.clone(),
            carriers: policy.carriers.clone(),
            trust: policy.trust.clone(),
            mode: policy.mode,
            explain: policy.explain.clone(),
            correlation: policy.correlation.clone(),
            ..FilterConfig::empty(Phase::SidecarInbound, 0)
        },
    };
    configs.number(previous);
    configs
}

/// Has the judge of configurations look at all of them.
pub(super) fn check(configs: &Configs, origins: &Origins, refusals: &mut Refusals) {
    let Configs { gateway, inbound, outbound } = configs;
    for config in [gateway, inbound, outbound] {
        if let Err(problems) = Router::compile(config) {
            for problem in problems.iter() {
                refusals.push(origins.trace(problem));
            }
        }
    }
}

/// What the policy of the mesh says, for no phase in particular.
fn of_policy(observed: &Observed, origins: &mut Origins) -> FilterConfig {
    let correlation = Some(Correlation::default());
    let said_nothing = FilterConfig { correlation, ..FilterConfig::empty(Phase::SidecarInbound, 0) };
    let Some(policy) = &observed.policy else {
        return said_nothing;
    };
    let object = ObjectRef::of(Kind::MeshPolicy, &policy.metadata);
    for part in ["headers", "carriers", "trust", "identity", "correlation", "explain", "overrides"] {
        origins.note(part.to_owned(), &object, format!("spec.{part}"));
    }
    let MeshPolicySpec {
        headers,
        carriers,
        trust,
        identity,
        correlation,
        lost_mark: _,
        explain,
        mode,
        overrides: _,
        delivery: _,
    } = policy.spec.clone();
    let explain = explain.map(|ExplainPolicy { allow }| Explain { allow });
    let correlation = Some(correlation).filter(|correlation| !correlation.sources.is_empty());
    FilterConfig { headers, carriers, trust, identity, correlation, explain, mode, ..said_nothing }
}

/// What becomes of calls without a mark, behind apps: where no other request comes from.
fn lost_mark(observed: &Observed) -> LostMark {
    observed.policy.as_ref().map(|policy| policy.spec.lost_mark).unwrap_or_default()
}

/// The overrides that gateways honour, by the keys that were found.
fn overrides(observed: &Observed) -> Option<Overrides> {
    let OverridePolicy { audience, max_age_seconds, keys } = observed.policy.as_ref()?.spec.overrides.as_ref()?;
    let found = |key: &OverrideKeyPolicy| {
        let secret = observed.secrets.get(&key.from)?.clone();
        Some(OverrideKey { id: key.id.clone(), secret })
    };
    let keys = keys.iter().filter_map(found).collect();
    Some(Overrides { audience: audience.clone(), max_age_seconds: *max_age_seconds, keys })
}

impl Configs {
    fn number(&mut self, previous: Option<&Configs>) {
        let generation = match previous {
            None => 1,
            Some(previous) if previous.digests() == self.digests() => previous.generation(),
            Some(previous) => previous.generation() + 1,
        };
        for config in [&mut self.gateway, &mut self.inbound, &mut self.outbound] {
            config.generation = generation;
        }
    }

    fn digests(&self) -> [Digest; 3] {
        let Self { gateway, inbound, outbound } = self;
        [gateway, inbound, outbound].map(FilterConfig::digest)
    }
}

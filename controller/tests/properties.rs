//! Promises of the planner that hold for all resources.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;

use graylane::api::{
    EntryRule, GrayRelease, GrayReleaseSpec, Hold, Lane, LaneMember, LaneSpec, OnLaggingProxies, OnSteeringMismatch,
    ServiceSplit, VersionWeight, Workload,
};
use graylane::plan::{Configs, Observed, Readiness, Service, ServiceFacts, plan};
use graylane_core::config::{Condition, HeaderMatch, IdentitySource, Isolation};
use graylane_core::{FilterConfig, Headers, NoDraw, Percentage, Router};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;

const SERVICES: [&str; 4] = ["cart", "pay", "stock", "web"];

fn percentage() -> impl Strategy<Value = Percentage> {
    prop_oneof![Just(0), Just(10_000), 0..=10_000_u16].prop_map(|slots| Percentage::from_slots(slots).unwrap())
}

fn rules() -> impl Strategy<Value = Vec<EntryRule>> {
    vec((0..3_u16, "[a-z]{0,8}", percentage()), 0..4).prop_map(|rules| {
        let rule = |(index, (priority, value, weight)): (usize, (u16, String, Percentage))| EntryRule {
            name: format!("r{index}").parse().unwrap(),
            priority,
            when: Condition::Header(HeaderMatch { exact: Some(value), ..HeaderMatch::on("x-user".parse().unwrap()) }),
            weight,
        };
        rules.into_iter().enumerate().map(rule).collect()
    })
}

fn release(index: usize) -> impl Strategy<Value = GrayRelease> {
    let services = subsequence(SERVICES.to_vec(), 1..=SERVICES.len());
    (services, percentage(), rules(), any::<bool>(), shares()).prop_map(
        move |(services, weight, rules, strict, shares)| {
            let workload = |service: &str| Workload {
                service: service.parse().unwrap(),
                deployment: None,
                stable: Some("v1".parse().unwrap()),
                gray: Some(format!("v{}", index + 2).parse().unwrap()),
                virtual_services: Vec::new(),
            };
            let spec = GrayReleaseSpec {
                lane: None,
                workloads: services.iter().map(|service| workload(service)).collect(),
                weight,
                rules,
                fallback: Vec::new(),
                isolation: if strict { Isolation::Strict } else { Isolation::Permissive },
                identity: Some(vec![IdentitySource::Header("x-user".parse().unwrap())]),
                keyless: None,
                // Only one object may split a service.
                service_splits: if index == 0 { vec![split(shares)] } else { Vec::new() },
                strategy: None,
                hold: Hold::Policy,
                progress_deadline_seconds: 600,
                on_lagging_proxies: OnLaggingProxies::Hold,
                on_steering_mismatch: OnSteeringMismatch::Hold,
            };
            GrayRelease::new(&format!("release-{index}"), spec)
        },
    )
}

/// Three shares that add up to all slots.
fn shares() -> impl Strategy<Value = [u16; 3]> {
    (0..=10_000_u16, 0..=10_000_u16).prop_map(|(one, two)| [one.min(two), one.abs_diff(two), 10_000 - one.max(two)])
}

fn split(shares: [u16; 3]) -> ServiceSplit {
    let weight = |(index, slots): (usize, u16)| VersionWeight {
        version: format!("v{}", index + 1).parse().unwrap(),
        weight: Percentage::from_slots(slots).unwrap(),
    };
    ServiceSplit { service: "pay".parse().unwrap(), weights: shares.into_iter().enumerate().map(weight).collect() }
}

fn lane() -> impl Strategy<Value = Lane> {
    (subsequence(SERVICES.to_vec(), 1..=SERVICES.len()), percentage(), rules()).prop_map(|(services, weight, rules)| {
        let member = |service: &str| LaneMember {
            service: service.parse().unwrap(),
            version: "v3".parse().unwrap(),
            labels: None,
            base: None,
            virtual_services: Vec::new(),
        };
        let spec = LaneSpec {
            services: services.iter().map(|service| member(service)).collect(),
            rules,
            weight,
            fallback: vec!["release-0".parse().unwrap()],
            isolation: Isolation::Permissive,
            identity: None,
            keyless: None,
        };
        Lane::new("standing", spec)
    })
}

fn facts(ready: [bool; 4]) -> BTreeMap<Service, ServiceFacts> {
    let readiness = |ready| if ready { Readiness::Ready } else { Readiness::NotReady };
    let versions = (1..5).map(|number| format!("v{number}").parse().unwrap()).zip(ready.map(readiness));
    let facts = ServiceFacts {
        port: 80,
        base: Some("v1".parse().unwrap()),
        gateway_hosts: Vec::new(),
        versions: versions.collect(),
    };
    let service = |name: &str| Service::resolve(&name.parse().unwrap(), "default").unwrap();
    SERVICES.into_iter().map(|name| (service(name), facts.clone())).collect()
}

fn observed() -> impl Strategy<Value = Observed> {
    (release(0), release(1), release(2), lane(), any::<[bool; 4]>()).prop_map(|(one, two, three, lane, ready)| {
        Observed { releases: vec![one, two, three], lanes: vec![lane], services: facts(ready), ..Observed::default() }
    })
}

fn all(configs: &Configs) -> [&FilterConfig; 3] {
    let Configs { gateway, inbound, outbound } = configs;
    [gateway, inbound, outbound]
}

/// The lanes that the user called `name` is put in on the way to `cart`.
fn lanes_of(configs: &Configs, name: &str) -> String {
    let router = Router::compile(&configs.outbound).unwrap();
    let request = Headers::from([(":authority", "cart"), (":path", "/"), ("x-user", name)]);
    let decision = router.decide(&request, &mut NoDraw);
    decision.lanes.iter().map(|lane| router.lane_name(*lane).unwrap().to_string()).collect::<Vec<_>>().join(" ")
}

/// Who has each of the 10,000 slots of the split of `pay`.
fn slots(configs: &Configs) -> Vec<String> {
    let service = configs.outbound.services.iter().find(|(name, _)| name.as_str() == "pay.default").unwrap().1;
    let runs = &service.split.as_ref().unwrap().slots;
    runs.iter().flat_map(|run| std::iter::repeat_n(run.to.to_string(), run.slots.into())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_published_compiles(observed in observed()) {
        let plan = plan(&observed, None).map_err(|refusals| TestCaseError::fail(refusals.to_string()))?;
        for config in all(&plan.configs) {
            prop_assert!(Router::compile(config).is_ok());
            prop_assert_eq!(&FilterConfig::from_json(&config.to_json()).unwrap(), config);
        }
    }

    #[test]
    fn equal_observations_give_equal_bytes(observed in observed(), turn in 0..3_usize) {
        let mut turned = observed.clone();
        turned.releases.rotate_left(turn);
        let bytes = |observed| all(&plan(observed, None).unwrap().configs).map(FilterConfig::to_json);
        prop_assert_eq!(bytes(&observed), bytes(&turned));
    }

    #[test]
    fn the_generation_changes_exactly_with_the_digest(before in observed(), after in observed()) {
        let first = plan(&before, None).unwrap().configs;
        let second = plan(&after, Some(&first)).unwrap().configs;
        let digests = |configs: &Configs| all(configs).map(FilterConfig::digest);
        let changed = digests(&first) != digests(&second);
        prop_assert_eq!(second.generation(), first.generation() + u64::from(changed));
    }

    #[test]
    fn a_larger_weight_only_adds_users(observed in observed(), one in percentage(), other in percentage()) {
        let with = |weight| {
            let mut observed = observed.clone();
            observed.releases[0].spec.weight = weight;
            plan(&observed, None).unwrap().configs
        };
        let (small, large) = (with(one.min(other)), with(one.max(other)));
        for user in 0..64 {
            let user = format!("user-{user}");
            let in_release = |configs| lanes_of(configs, &user).contains("release-0");
            prop_assert!(in_release(&large) || !in_release(&small), "{user} was moved back");
        }
    }

    #[test]
    fn new_shares_move_as_few_slots_as_can_be(before in shares(), after in shares(), observed in observed()) {
        let with = |shares: [u16; 3], previous: Option<&Configs>| {
            let mut observed = observed.clone();
            observed.releases[0].spec.service_splits = vec![split(shares)];
            plan(&observed, previous).unwrap().configs
        };
        let first = with(before, None);
        let second = with(after, Some(&first));
        let moved = slots(&first).iter().zip(slots(&second)).filter(|(old, new)| *old != new).count();
        let lost: u16 = before.iter().zip(after).map(|(old, new)| old.saturating_sub(new)).sum();
        prop_assert_eq!(moved, usize::from(lost));
    }
}

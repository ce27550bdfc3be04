//! Promises of a standing lane, from its making to its end.

use super::*;
use crate::api::{ConditionStatus, ConditionType, Reason};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn member(service: &str, version: &str) -> Member {
    let version: VersionName = version.parse().unwrap();
    Member {
        service: Service::resolve(&service.parse().unwrap(), "shop").unwrap(),
        labels: PodLabels::of_version(&version),
        base: PodLabels::of_version(&"v1".parse().unwrap()),
        version,
        virtual_services: Vec::new(),
    }
}

fn facts(members: Vec<Member>) -> Facts {
    let ready = members.iter().map(|member| ((member.service.clone(), member.version.clone()), 1)).collect();
    Facts {
        members,
        ready,
        proxies: Arc::new(BTreeMap::from([("shop/a".to_owned(), Some(7)), ("shop/b".to_owned(), Some(7))])),
        next: 8,
        generation: 1,
        life: Life::Kept,
        objection: None,
        edit: None,
    }
}

/// What happens until nothing does, with proxies that take what is published: the stages, in order.
fn settled(facts: &mut Facts, status: &mut LaneStatus) -> Vec<Vec<Stage>> {
    let mut seen = Vec::new();
    for _ in 0..20 {
        let next = step(facts, status, NOW);
        let stages: Vec<Stage> = next.services.iter().map(|known| known.stage).collect();
        if seen.last() != Some(&stages) {
            seen.push(stages);
        }
        let generation = next.services.iter().map(|known| known.generation).max().unwrap_or_default();
        let has_it = facts.proxies.values().all(|has| has.is_some_and(|has| has >= generation));
        if next == *status && has_it {
            return seen;
        }
        *status = next;
        for has in Arc::make_mut(&mut facts.proxies).values_mut() {
            *has = Some(generation);
        }
        facts.next = generation.max(facts.next) + 1;
    }
    panic!("it never comes to rest: {status:?}");
}

fn condition(status: &LaneStatus, kind: ConditionType) -> (ConditionStatus, Reason) {
    let found = status.conditions.iter().find(|condition| condition.kind == kind).unwrap();
    (found.status, found.reason)
}

#[test]
fn a_version_serves_when_proxies_have_confirmed_its_endpoints_and_then_its_routes() {
    let (mut facts, mut status) = (facts(vec![member("cart", "gray")]), LaneStatus::default());
    let stages = settled(&mut facts, &mut status);
    assert_eq!(stages, [[Stage::Preparing], [Stage::Routing], [Stage::Serving]]);
    assert_eq!(condition(&status, ConditionType::Ready), (ConditionStatus::True, Reason::Valid));
    assert_eq!(condition(&status, ConditionType::Accepted), (ConditionStatus::True, Reason::Valid));
}

#[test]
fn one_proxy_that_lags_stops_every_stage_and_is_named() {
    for stage in [Stage::Preparing, Stage::Routing, Stage::Leaving, Stage::Unrouting] {
        let wanted = if stage < Stage::Serving { vec![member("cart", "gray")] } else { vec![] };
        let mut facts = facts(wanted);
        Arc::make_mut(&mut facts.proxies).insert("shop/late".to_owned(), Some(7));
        Arc::make_mut(&mut facts.proxies).insert("shop/mute".to_owned(), None);
        Arc::make_mut(&mut facts.proxies).retain(|name, _| name != "shop/b");
        Arc::make_mut(&mut facts.proxies).insert("shop/a".to_owned(), Some(8));
        let mut known = member("cart", "gray").joined(8);
        known.stage = stage;
        let before = LaneStatus { services: vec![known], ..LaneStatus::default() };
        let after = step(&facts, &before, NOW);
        assert_eq!(after.services[0].stage, stage);
        assert_eq!(after.proxies.lagging, ["shop/late", "shop/mute"]);
        assert!(after.message.contains("shop/late"), "{}", after.message);
    }
}

#[test]
fn a_service_that_joins_disturbs_none_that_serves() {
    let (mut facts, mut status) = (facts(vec![member("cart", "gray")]), LaneStatus::default());
    settled(&mut facts, &mut status);
    facts.members.push(member("pay", "gray"));
    for stages in settled(&mut facts, &mut status) {
        assert_eq!(stages[0], Stage::Serving);
    }
    assert_eq!(status.services[1].stage, Stage::Serving);
}

#[test]
fn a_deleted_lane_goes_the_way_back_and_then_is_gone() {
    let (mut facts, mut status) = (facts(vec![member("cart", "gray")]), LaneStatus::default());
    settled(&mut facts, &mut status);
    facts.life = Life::Deleted;
    assert!(!is_gone(&facts, &status));
    let stages = settled(&mut facts, &mut status);
    assert_eq!(stages, [vec![Stage::Leaving], vec![Stage::Unrouting], vec![]]);
    assert!(is_gone(&facts, &status));
}

#[test]
fn a_version_that_is_wanted_again_comes_back_from_where_it_is() {
    for (stage, back) in [(Stage::Leaving, Stage::Serving), (Stage::Unrouting, Stage::Routing)] {
        let mut known = member("cart", "gray").joined(5);
        known.stage = stage;
        let before = LaneStatus { services: vec![known], ..LaneStatus::default() };
        let after = step(&facts(vec![member("cart", "gray")]), &before, NOW);
        assert_eq!((after.services[0].stage, after.services[0].generation), (back, 8));
    }
}

#[test]
fn what_is_wrong_with_an_object_changes_nothing_of_what_it_was() {
    let (mut facts, mut status) = (facts(vec![member("cart", "gray")]), LaneStatus::default());
    settled(&mut facts, &mut status);
    facts.members = vec![member("pay", "gray")];
    facts.objection = Some(Objection { reason: Reason::ServiceNotFound, message: "no pay".to_owned() });
    settled(&mut facts, &mut status);
    assert_eq!(status.services.len(), 1);
    assert_eq!((status.services[0].service.as_str(), status.services[0].stage), ("cart.shop", Stage::Serving));
    assert_eq!(condition(&status, ConditionType::Accepted), (ConditionStatus::False, Reason::ServiceNotFound));
    assert_eq!(status.message, "no pay");

    facts.life = Life::Deleted;
    settled(&mut facts, &mut status);
    assert!(is_gone(&facts, &status), "an object that is wrong can be deleted");
}

#[test]
fn a_version_without_ready_endpoints_is_told() {
    let (mut facts, mut status) = (facts(vec![member("cart", "gray")]), LaneStatus::default());
    facts.ready.clear();
    settled(&mut facts, &mut status);
    assert_eq!(condition(&status, ConditionType::Ready), (ConditionStatus::False, Reason::NotEnoughReady));
    assert!(status.message.contains("gray of cart.shop (version=gray)"), "{}", status.message);
}

#[test]
fn other_labels_of_a_version_are_taken_over_where_it_is() {
    let (mut facts, mut status) = (facts(vec![member("cart", "gray")]), LaneStatus::default());
    settled(&mut facts, &mut status);
    facts.members[0].labels = PodLabels::of_version(&"other".parse().unwrap());
    settled(&mut facts, &mut status);
    assert_eq!(status.services[0].stage, Stage::Serving);
    assert_eq!(status.services[0].labels.to_string(), "version=other");
}

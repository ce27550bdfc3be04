//! What holds for every configuration and every request.

use proptest::prelude::*;

use super::arbitrary::{config, good_config, internal_fields, plain_request, request};
use super::*;
use crate::Phase;
use crate::carrier::Mirror;
use crate::config::LostMark;
use crate::name::HeaderName;

const INTERNAL: [&str; 3] = ["x-gray-lane", "x-gray-id", "x-gray-version"];

fn enforcing(phase: Phase) -> impl Strategy<Value = Router> {
    good_config()
        .prop_map(move |config| Router::compile(&FilterConfig { phase, mode: Mode::Enforce, ..config }).unwrap())
}

/// Whether a header is the mesh's own; of the other carriers, those that are configured.
fn is_internal(router: &Router, name: &str) -> bool {
    let mirrors = router.carriers.mirrors.iter().map(|mirror| &mirror.header);
    name.starts_with("x-gray-") || router.carriers.aliases.iter().chain(mirrors).any(|header| header.as_str() == name)
}

fn values(headers: &Headers, name: &str) -> Vec<Vec<u8>> {
    headers.values(name).map(<[u8]>::to_vec).collect()
}

proptest! {
    #[test]
    fn a_configuration_is_used_or_every_problem_of_it_has_a_place(config in config()) {
        if let Err(problems) = Router::compile(&config) {
            prop_assert!(!problems.is_empty());
            for problem in problems.iter() {
                prop_assert!(!problem.path.is_empty() && !problem.found.is_empty(), "{:?}", problem);
            }
        }
    }

    #[test]
    fn a_configuration_reads_back_as_it_was_written(config in config()) {
        let written = config.to_json();
        let read = FilterConfig::from_json(&written).unwrap();
        prop_assert_eq!(&read, &config);
        prop_assert_eq!(read.to_json(), written);
    }

    #[test]
    fn the_order_of_members_and_numbers_as_doubles_mean_nothing(config in config()) {
        let document: Value = serde_json::from_slice(&config.to_json()).unwrap();
        let read = FilterConfig::from_json(reversed(&document).as_bytes()).unwrap();
        prop_assert_eq!(read.digest(), config.digest());
        prop_assert_eq!(read.to_json(), config.to_json());
    }

    #[test]
    fn the_generation_is_no_part_of_the_digest_and_everything_else_is(config in config(), other in config()) {
        let renumbered = FilterConfig { generation: config.generation + 1, ..config.clone() };
        prop_assert_eq!(renumbered.digest(), config.digest());
        prop_assert_eq!(other.digest() == config.digest(), other == config);
    }

    #[test]
    fn the_same_request_is_decided_the_same_whether_it_is_explained_or_not(config in good_config(), request in request()) {
        let router = Router::compile(&config).unwrap();
        let decision = router.decide(&request, &mut NoDraw);
        let (explained, steps) = router.explain(&request, &mut NoDraw);
        prop_assert_eq!(&decision, &explained);
        let (answered, told) = router.answer(&request, &mut NoDraw);
        prop_assert_eq!(&decision, &answered);
        if decision.outcome != Outcome::Pass {
            prop_assert!(!steps.is_empty());
        }
        prop_assert!(told.is_empty() || router.explain.is_some());
    }

    #[test]
    fn no_header_from_outside_changes_a_decision_at_a_gateway(
        router in enforcing(Phase::Gateway), request in plain_request(), internal in internal_fields()
    ) {
        let mut forged = request.clone();
        for (name, value) in internal.iter().filter(|(name, _)| is_internal(&router, name)) {
            forged.push(name, value);
        }
        let (plain, decided) = (router.decide(&request, &mut NoDraw), router.decide(&forged, &mut NoDraw));
        prop_assert_eq!(plain.outcome, decided.outcome);
        prop_assert_eq!((plain.target, plain.version), (decided.target, decided.version));
        prop_assert_eq!((plain.lane, &plain.lanes, plain.identity), (decided.lane, &decided.lanes, decided.identity));
        let aliases = router.carriers.aliases.iter().map(HeaderName::as_str);
        let mirrors = router.carriers.mirrors.iter().map(|mirror| mirror.header.as_str());
        for name in INTERNAL.into_iter().chain(aliases).chain(mirrors) {
            let (plain, decided) = (edited(&request, &plain), edited(&forged, &decided));
            prop_assert_eq!(values(&plain, name), values(&decided, name), "{}", name);
        }
    }

    #[test]
    fn where_a_lost_mark_means_base_neither_rules_nor_splits_put_a_call_in_a_lane(
        config in good_config(), request in plain_request()
    ) {
        let (phase, lost_mark) = (Phase::SidecarOutbound, LostMark::Base);
        let router = Router::compile(&FilterConfig { phase, lost_mark, mode: Mode::Enforce, ..config }).unwrap();
        let decision = router.decide(&request, &mut NoDraw);
        prop_assert!(decision.lanes.is_empty() && decision.cookie.is_none(), "{:?}", decision);
        // What leaves the mesh has lost nothing.
        prop_assert!(decision.outcome == Outcome::Pass || decision.events.uncorrelated == 1, "{:?}", decision);
    }

    #[test]
    fn a_workload_with_a_lane_begins_every_request_in_it(mut router in enforcing(Phase::SidecarOutbound), request in plain_request()) {
        router.begin_in("blue").unwrap();
        let decision = router.decide(&request, &mut NoDraw);
        let lanes: Vec<_> = decision.lanes.iter().filter_map(|lane| router.lane_name(*lane)).map(ToString::to_string).collect();
        let leaves = decision.outcome == Outcome::Pass && lanes.is_empty();
        prop_assert!(leaves || lanes == ["blue"], "{:?}", decision);
        prop_assert_eq!(decision.events.uncorrelated, 0);
    }

    #[test]
    fn no_mark_of_a_peer_that_is_not_believed_reaches_an_app(
        config in good_config(), request in plain_request(), internal in internal_fields()
    ) {
        let trust = serde_json::from_value(json!({"peers": ["spiffe://mesh/*"]})).unwrap();
        let config = FilterConfig { phase: Phase::SidecarInbound, mode: Mode::Enforce, trust, ..config };
        let router = Router::compile(&config).unwrap();
        let mut forged = request.clone();
        for (name, value) in &internal {
            forged.push(name, value);
        }
        let decision = router.decide(&forged, &mut NoDraw);
        let (after, plain) = (edited(&forged, &decision), edited(&request, &router.decide(&request, &mut NoDraw)));
        let aliases = router.carriers.aliases.iter().map(HeaderName::as_str);
        let mirrors = router.carriers.mirrors.iter().map(|mirror| mirror.header.as_str());
        for name in INTERNAL.into_iter().chain(aliases).chain(mirrors) {
            prop_assert_eq!(values(&after, name), values(&plain, name), "{}", name);
        }
        prop_assert_eq!(decision.identity, None);
    }

    #[test]
    fn what_goes_on_is_one_well_formed_mark_or_none(config in good_config(), request in request()) {
        let router = Router::compile(&FilterConfig { mode: Mode::Enforce, ..config }).unwrap();
        let decision = router.decide(&request, &mut NoDraw);
        let after = edited(&request, &decision);
        for name in INTERNAL {
            prop_assert!(values(&after, name).len() <= 1, "{}: {:?}", name, after);
        }
        for lanes in values(&after, "x-gray-lane") {
            prop_assert!(mark::decode_lanes(&lanes).is_ok(), "{:?}", lanes);
            prop_assert!(lanes.len() <= mark::LONGEST);
        }
        for identity in values(&after, "x-gray-id") {
            prop_assert!(mark::decode_identity(&identity).is_ok(), "{:?}", identity);
        }
        // A mirror says what the header says, or nothing that can be used.
        let lines: Vec<_> = after.headers().collect();
        let view = View::of(&after, &lines, &router.headers);
        let said = |mirror: &Mirror| mirror.format.read(&view.lines_of(view.sent.list(&mirror.format), mirror.header.as_str()));
        let lanes = values(&after, "x-gray-lane");
        for said in router.carriers.mirrors.iter().map(said).filter(|_| router.carriers.headers == HeaderCarrier::Enabled) {
            if let Some(text) = said.lanes {
                let text = text.unwrap();
                let header = lanes.first().map(|lanes| mark::decode_lanes(lanes).unwrap());
                prop_assert_eq!(mark::decode_lanes(&text).ok(), header);
            }
        }
    }

    #[test]
    fn the_next_proxy_agrees_and_leaves_the_mark_alone(router in enforcing(Phase::SidecarOutbound), request in request()) {
        let first = router.decide(&request, &mut NoDraw);
        if first.outcome != Outcome::Forward {
            return Ok(());
        }
        let mut onward = edited(&request, &first);
        onward.remove("x-gray-version");
        let second = router.decide(&onward, &mut NoDraw);
        prop_assert_eq!((first.target, &first.lanes, first.lane), (second.target, &second.lanes, second.lane));
        let version_only =
            |edit: &HeaderEdit<'_>| matches!(edit, HeaderEdit::Set(name, _) if **name == router.headers.version);
        prop_assert!(second.edits.iter().all(version_only), "{:?}", second.edits);
    }

    #[test]
    fn a_version_header_is_there_exactly_where_it_is_not_base(router in enforcing(Phase::SidecarOutbound), request in request()) {
        let decision = router.decide(&request, &mut NoDraw);
        let versions = values(&edited(&request, &decision), "x-gray-version");
        let expected = decision.version.filter(|version| version.as_str() != "v1");
        if decision.outcome == Outcome::Forward {
            prop_assert_eq!(versions, expected.map(|version| version.as_str().as_bytes().to_vec()).into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_dry_run_decides_the_same_and_shows_nothing(config in good_config(), request in request()) {
        let [enforced, dry] = [Mode::Enforce, Mode::DryRun]
            .map(|mode| Router::compile(&FilterConfig { mode, ..config.clone() }).unwrap());
        let (real, rehearsed) = (enforced.decide(&request, &mut NoDraw), dry.decide(&request, &mut NoDraw));
        prop_assert_eq!((real.target, real.version, real.reason), (rehearsed.target, rehearsed.version, rehearsed.reason));
        prop_assert_eq!((real.lane, real.lanes, real.events), (rehearsed.lane, rehearsed.lanes, rehearsed.events));
        prop_assert!(rehearsed.edits.is_empty() && rehearsed.cookie.is_none() && !rehearsed.explain);
        prop_assert!(rehearsed.outcome != Outcome::Refuse);
    }

    #[test]
    fn a_strict_lane_is_never_served_by_base(router in enforcing(Phase::SidecarOutbound), request in request()) {
        let decision = router.decide(&request, &mut NoDraw);
        let strict = |lane: &LaneId| id::get(&router.lanes, *lane).is_some_and(|lane| lane.isolation == Isolation::Strict);
        if decision.outcome != Outcome::Pass && decision.lanes.iter().any(strict) {
            let pinned = matches!(decision.reason, Reason::Rule | Reason::Split | Reason::Propagated);
            prop_assert!(decision.outcome == Outcome::Refuse || pinned, "{:?}", decision);
        }
    }
}

/// The same document with every object turned round and every number as a double, as a protobuf `Struct` may have it.
fn reversed(document: &Value) -> String {
    match document {
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().rev().map(|(name, value)| format!("{}:{}", json!(name), reversed(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(elements) => {
            format!("[{}]", elements.iter().map(reversed).collect::<Vec<_>>().join(","))
        }
        Value::Number(number) => format!("{number}.0"),
        Value::Null | Value::Bool(_) | Value::String(_) => document.to_string(),
    }
}

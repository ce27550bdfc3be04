//! A mark that an app has lost.

use super::*;
use crate::correlation::{Question, Recall, Remembered, RememberedLanes, Ticket};
use crate::hash::IdentityHash;
use crate::mark::LaneList;
use crate::slots::Slot;
use crate::{Draw, OpaqueId, SplitId, TraceId};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A memory that holds one answer, and what it was asked.
#[derive(Default)]
struct Fake {
    answers: Vec<Recall>,
    asked: Vec<TraceId>,
    remembered: Vec<(Option<Vec<String>>, Option<IdentityHash>, Question)>,
}

impl Memory for Fake {
    fn remember(
        &mut self,
        _: TraceId,
        lanes: Option<&LaneList<'_>>,
        identity: Option<IdentityHash>,
        question: Question,
    ) -> Option<Ticket> {
        let names = lanes.map(|lanes| lanes.iter().map(ToString::to_string).collect());
        self.remembered.push((names, identity, question));
        None
    }

    fn recall(&mut self, id: TraceId) -> Recall {
        self.asked.push(id);
        if self.answers.is_empty() { Recall::Unknown } else { self.answers.remove(0) }
    }
}

impl Draw for Fake {
    fn opaque_id(&mut self) -> OpaqueId {
        OpaqueId(0)
    }

    fn sequence_slot(&mut self, _: SplitId) -> Slot {
        Slot::of_phase(0)
    }
}

fn known(lanes: &str, question: Question) -> Recall {
    let lanes = match lanes {
        "" => RememberedLanes::Unmarked,
        "base" => RememberedLanes::Base,
        lanes => RememberedLanes::Lanes(lanes.into()),
    };
    Recall::Known(Remembered { lanes, identity: IdentityHash::parse(b"0cda3b18"), question })
}

fn outbound() -> Router {
    router("sidecarOutbound", json!({"correlation": {}, "explain": {"allow": {"method": {"exact": "BREW"}}}}))
}

fn call<const COUNT: usize>(fields: [(&str, &str); COUNT]) -> Headers {
    let mut headers = Headers::from([(":authority", "cart.shop"), ("traceparent", TRACE)]);
    for (name, value) in fields {
        headers.push(name, value);
    }
    headers
}

/// Version, reason, lane header, identity header, and how often nothing was found.
fn outcome(answers: Vec<Recall>, request: &Headers) -> (String, Reason, Vec<String>, u8) {
    let router = outbound();
    let decision = router.decide(request, &mut Fake { answers, ..Fake::default() });
    let after = edited(request, &decision);
    let text = |name| after.values(name).map(|value| String::from_utf8_lossy(value).into_owned());
    let marks = text("x-gray-lane").chain(text("x-gray-id")).collect();
    (decision.version.unwrap().to_string(), decision.reason, marks, decision.events.uncorrelated)
}

fn owned<const COUNT: usize>(texts: [&str; COUNT]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

#[test]
fn a_recalled_mark_counts_as_one_that_was_carried() {
    let gray = outcome(vec![known("gray", Question::None)], &call([("x-user", "alice")]));
    assert_eq!(gray, ("v2".into(), Reason::Correlated, owned(["gray", "0cda3b18"]), 0));
    let base = outcome(vec![known("base", Question::None)], &call([("x-user", "alice")]));
    assert_eq!(base, ("v1".into(), Reason::Correlated, owned(["base", "0cda3b18"]), 0), "no rule is asked");
    let foreign = outcome(vec![known("nowhere, gray", Question::None)], &call([]));
    assert_eq!(foreign, ("v2".into(), Reason::Correlated, owned(["nowhere, gray", "0cda3b18"]), 0));
}

#[test]
fn an_ambiguous_id_means_base() {
    let seen = outcome(vec![Recall::Ambiguous], &call([("x-user", "alice"), ("x-gray-id", "e8639d08")]));
    assert_eq!(seen, ("v1".into(), Reason::Ambiguous, owned(["base"]), 0));
}

#[test]
fn a_request_that_nobody_has_decided_is_decided_here() {
    let seen = outcome(vec![known("", Question::None)], &call([("x-user", "alice")]));
    assert_eq!(seen, ("v2".into(), Reason::Rule, owned(["gray", "0cda3b18"]), 0));
    let seen = outcome(vec![known("", Question::None)], &call([]));
    assert_eq!(seen, ("v1".into(), Reason::NoMatch, owned(["base", "0cda3b18"]), 0));
}

#[test]
fn a_lost_mark_is_counted_and_the_call_decided_here() {
    let seen = outcome(vec![], &call([]));
    assert_eq!(seen, ("v1".into(), Reason::Uncorrelated, owned(["base"]), 1));
    let seen = outcome(vec![], &call([("x-user", "alice")]));
    assert_eq!(seen, ("v2".into(), Reason::Rule, owned(["gray"]), 1));
    let seen = outcome(vec![], &Headers::from([(":authority", "cart.shop")]));
    assert_eq!(seen, ("v1".into(), Reason::Uncorrelated, owned(["base"]), 1));
}

#[test]
fn a_call_that_carries_its_mark_or_leaves_the_mesh_is_not_looked_up() {
    let router = outbound();
    for request in [call([("x-gray-lane", "gray")]), Headers::from([(":authority", "a.b"), ("traceparent", TRACE)])] {
        let mut memory = Fake::default();
        let decision = router.decide(&request, &mut memory);
        assert_eq!((memory.asked.len(), decision.events.uncorrelated), (0, 0));
    }
}

#[test]
fn every_id_is_tried_until_one_is_known() {
    let mut memory = Fake { answers: vec![Recall::Unknown, known("gray", Question::None)], ..Fake::default() };
    let router = outbound();
    let decision = router.decide(&call([("x-request-id", &"7".repeat(32)), ("x-datadog-trace-id", "7")]), &mut memory);
    assert_eq!((memory.asked.len(), decision.reason), (2, Reason::Correlated));
    assert_eq!(memory.asked[1], TraceId::new(7).unwrap());
}

#[test]
fn in_front_of_an_app_every_request_with_an_id_is_remembered() {
    let router = router("sidecarInbound", json!({"correlation": {}}));
    let mut memory = Fake::default();
    let marked = call([("x-gray-lane", "gray,nowhere"), ("x-gray-id", "0cda3b18")]);
    for request in [marked, call([("x-gray-lane", "base")]), call([]), call([("x-gray-lane", "N0 LANE")])] {
        router.decide(&request, &mut memory);
    }
    router.decide(&Headers::from([("x-gray-lane", "gray")]), &mut memory);
    let seen = |lanes: Option<Vec<&str>>, identity: Option<&str>| {
        let lanes = lanes.map(|lanes| lanes.into_iter().map(str::to_owned).collect());
        (lanes, identity.and_then(|id| IdentityHash::parse(id.as_bytes())), Question::None)
    };
    let expected = [
        seen(Some(vec!["gray", "nowhere"]), Some("0cda3b18")),
        seen(Some(vec![]), None),
        seen(None, None),
        seen(None, None),
    ];
    assert_eq!(memory.remembered, expected);
}

#[test]
fn where_it_is_not_configured_or_at_an_edge_nothing_is_remembered_or_looked_up() {
    for (phase, members) in
        [("sidecarInbound", json!({})), ("sidecarOutbound", json!({})), ("gateway", json!({"correlation": {}}))]
    {
        let mut memory = Fake::default();
        let router = router(phase, members);
        let decision = router.decide(&call([]), &mut memory);
        assert_eq!((memory.asked.len(), memory.remembered.len(), decision.events.uncorrelated), (0, 0, 0), "{phase}");
    }
}

#[test]
fn a_question_is_remembered_and_asked_on() {
    let explain = json!({"correlation": {}, "explain": {"allow": {"method": {"exact": "BREW"}}}});
    let inbound = router("sidecarInbound", explain);
    let mut memory = Fake::default();
    inbound.decide(&call([("x-gray-lane", "gray"), ("x-gray-explain", "1")]), &mut memory);
    assert_eq!(memory.remembered[0].2, Question::Explain);

    let router = outbound();
    let mut memory = Fake { answers: vec![known("gray", Question::Explain)], ..Fake::default() };
    let (decision, steps) = router.answer(&call([]), &mut memory);
    assert!(decision.explain && decision.way.is_some(), "{decision:?}");
    let told: Vec<String> = steps.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["service cart", "mark gray recalled by trace id", "v2 of gray (correlated)"]);
    assert_eq!(edited(&call([]), &decision).values("x-gray-explain").collect::<Vec<_>>(), [b"1"]);
}

#[test]
fn what_can_not_be_remembered_is_refused_with_its_place() {
    let problems = |correlation: Value| {
        let problems = Router::compile(&config(&document("gateway", json!({"correlation": correlation})))).unwrap_err();
        problems.iter().map(|problem| problem.path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(problems(json!({"sources": []})), ["correlation.sources"]);
    assert_eq!(problems(json!({"sources": ["b3", "b3"]})), ["correlation.sources"]);
    assert_eq!(problems(json!({"ttlSeconds": 0, "requests": 100})), ["correlation.ttlSeconds", "correlation.requests"]);
    assert_eq!(problems(json!({"ttlSeconds": 3601, "requests": 1_048_576})).len(), 2);
}

//! What takes the short way before and behind an app is decided, remembered and recalled as on the long one.

use proptest::prelude::*;

use super::arbitrary::{good_config, request};
use super::*;
use crate::config::TraceSource;
use crate::correlation::{Question, Recall, Remembered, RememberedLanes, Ticket};
use crate::decision::LaneLabel;
use crate::hash::IdentityHash;
use crate::mark::LaneList;
use crate::router::{Arrival, Recognised};
use crate::slots::Slot;
use crate::{Draw, OpaqueId, SplitId, TraceId};

/// The id of a request, its lanes and its identity, and whether its way is to be told.
type Note = (TraceId, Option<Vec<String>>, Option<IdentityHash>, Question);

/// A memory that notes what it is to remember, and has one answer.
#[derive(Clone)]
struct Notes {
    answer: Recall,
    remembered: Vec<Note>,
    asked: Vec<TraceId>,
}

impl Notes {
    fn with(answer: &Recall) -> Self {
        Self { answer: answer.clone(), remembered: Vec::new(), asked: Vec::new() }
    }
}

impl Memory for Notes {
    fn remember(
        &mut self,
        id: TraceId,
        lanes: Option<&LaneList<'_>>,
        identity: Option<IdentityHash>,
        question: Question,
    ) -> Option<Ticket> {
        let names = lanes.map(|lanes| lanes.iter().map(ToString::to_string).collect());
        self.remembered.push((id, names, identity, question));
        None
    }

    fn recall(&mut self, id: TraceId) -> Recall {
        self.asked.push(id);
        self.answer.clone()
    }
}

impl Draw for Notes {
    fn opaque_id(&mut self) -> OpaqueId {
        OpaqueId(0)
    }

    fn sequence_slot(&mut self, _: SplitId) -> Slot {
        Slot::of_phase(0)
    }

    fn unix_seconds(&mut self) -> u64 {
        0
    }
}

/// Edits by the bytes they write.
fn plain(mut decision: Decision<'_>) -> Decision<'_> {
    for edit in &mut decision.edits {
        if let HeaderEdit::Set(_, text) = edit {
            *text = HeaderText::List(text.as_bytes().to_vec());
        }
    }
    decision
}

/// What the short way decides in front of an app, as the long one would say it.
fn arrived<'r>(request: &Headers, router: &Router, arrival: Arrival<'r>) -> Decision<'r> {
    let mut decision = Decision::pass();
    decision.identity = request.values(router.headers.identity.as_str()).find_map(IdentityHash::parse);
    decision.edits.extend(arrival.mirror.map(|(name, list)| HeaderEdit::Set(name, HeaderText::List(list))));
    decision
}

/// What it decides behind one.
fn recognised<'r>(router: &'r Router, Recognised { hop, lanes, identity }: Recognised<'r>) -> Decision<'r> {
    let mut decision = Decision::pass();
    decision.outcome = Outcome::Forward;
    (decision.target, decision.reason, decision.lane) = (Some(hop.target), hop.reason, hop.lane);
    decision.version = router.version_name(hop.target);
    decision.lanes.extend(match hop.lane {
        LaneLabel::Lane(lane) => Some(lane),
        LaneLabel::Base | LaneLabel::Unknown => None,
    });
    decision.identity = identity;
    let names = &router.headers;
    decision.edits.push(HeaderEdit::Set(&names.lane, HeaderText::Static(lanes)));
    decision.edits.extend(identity.map(|id| HeaderEdit::Set(&names.identity, HeaderText::Identity(id))));
    decision.edits.extend(hop.version.map(|it| HeaderEdit::Set(&names.version, HeaderText::Static(it.as_str()))));
    decision
}

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Mostly what the short way is for, and a little of everything else.
fn usual_request() -> impl Strategy<Value = Headers> {
    let host = prop::sample::select(vec!["cart.shop", "Cart.shop.:80", "stock.shop", "cart.shop-shadow", "elsewhere"]);
    let lane = prop::sample::select(vec![None, None, Some("gray"), Some("base"), Some("blue,nowhere"), Some("no, ne")]);
    let identity = prop::sample::select(vec![None, Some("9f86d081"), Some("9F86D081")]);
    let trace = [
        ("traceparent", TRACE),
        ("traceparent", "nonsense"),
        ("b3", "a3ce929d0e0e4726-00f067aa0ba902b7"),
        ("x-request-id", "4bf92f35-77b3-4da6-a3ce-929d0e0e4700"),
    ];
    let traces = prop::sample::subsequence(trace.to_vec(), 0..=3);
    let more = [
        ("x-gray-version", "v2"),
        ("x-gray-explain", "1"),
        ("baggage", "gray-lane=blue"),
        ("tracestate", "gray-lane=blue"),
        ("tracestate", "vendor=x"),
        ("x-gray-override", "x"),
        ("x-tag", "blue"),
    ];
    let more = prop::option::weighted(0.3, prop::sample::select(more.to_vec()));
    (host, lane, identity, traces, more).prop_map(|(host, lane, identity, traces, more)| {
        let mark = [("x-gray-lane", lane), ("x-gray-id", identity)];
        let mark = mark.into_iter().filter_map(|(name, value)| Some((name, value?)));
        [(":path", "/a/b"), (":authority", host)].into_iter().chain(mark).chain(traces).chain(more).collect()
    })
}

fn answer() -> impl Strategy<Value = Recall> {
    let lanes = prop::sample::select(vec!["", "base", "gray", "gray", "blue", "nowhere", "gray, blue"]);
    let known = (lanes, any::<Option<u32>>(), prop::bool::weighted(0.2)).prop_map(|(lanes, identity, asked)| {
        let lanes = match lanes {
            "" => RememberedLanes::Unmarked,
            "base" => RememberedLanes::Base,
            lanes => RememberedLanes::Lanes(lanes.into()),
        };
        let question = if asked { Question::Explain } else { Question::None };
        Recall::Known(Remembered { lanes, identity: identity.map(IdentityHash::from_bits), question })
    });
    prop_oneof![6 => known, 1 => Just(Recall::Unknown), 1 => Just(Recall::Ambiguous)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn the_short_way_past_an_app_leads_where_the_long_one_does(
        config in good_config(), request in prop_oneof![4 => usual_request(), 1 => request()], answer in answer()
    ) {
        let router = Router::compile(&config).unwrap();
        let mut long = Notes::with(&answer);
        let (decision, told) = router.answer(&request, &mut long);
        let mut short = Notes::with(&answer);
        let glance = router.glance(request.headers());
        if let Some(arrival) = glance.and_then(|glance| router.arrive(&glance, &mut short)) {
            prop_assert_eq!(plain(arrived(&request, &router, arrival)), plain(decision.clone()));
            prop_assert_eq!((&short.remembered, short.asked.len()), (&long.remembered, 0));
            prop_assert!(told.is_empty());
        } else {
            prop_assert!(short.remembered.is_empty());
        }
        if let Ok(call) = glance.ok_or(None).and_then(|glance| router.recognise(&glance, &mut short)) {
            prop_assert_eq!(plain(recognised(&router, call)), plain(decision));
            prop_assert_eq!(&short.asked, &long.asked);
            prop_assert!(told.is_empty());
        } else {
            prop_assert!(short.asked.is_empty() || long.asked.starts_with(&short.asked), "{:?}", short.asked);
        }
    }
}

fn outbound() -> Router {
    router("sidecarOutbound", json!({"correlation": {}}))
}

fn gray(question: Question) -> Recall {
    let identity = IdentityHash::parse(b"0cda3b18");
    Recall::Known(Remembered { lanes: RememberedLanes::Lanes("gray".into()), identity, question })
}

#[test]
fn a_call_that_lost_a_usual_mark_takes_the_short_way_and_nothing_else() {
    let router = outbound();
    let way = |answer: &Recall, fields: &[(&str, &str)]| {
        let request: Headers = fields.iter().copied().collect();
        let call = router.recognise(&router.glance(request.headers())?, &mut Notes::with(answer)).ok()?;
        let version = call.hop.version.map(ToString::to_string);
        Some((call.lanes.to_owned(), version, call.identity.map(|identity| identity.to_string())))
    };
    let (cart, trace) = ((":authority", "cart.shop:80"), ("traceparent", TRACE));
    let gray = |question| gray(question);
    let expected = ("gray".to_owned(), Some("v2".to_owned()), Some("0cda3b18".to_owned()));
    assert_eq!(way(&gray(Question::None), &[cart, trace]), Some(expected));
    for unusual in [Recall::Unknown, Recall::Ambiguous, gray(Question::Explain)] {
        assert_eq!(way(&unusual, &[cart, trace]), None);
    }
    assert_eq!(way(&gray(Question::None), &[cart]), None);
    assert_eq!(way(&gray(Question::None), &[(":authority", "elsewhere"), trace]), None);
    for odd in [("x-gray-lane", "gray"), ("x-gray-version", "v1"), ("baggage", ""), ("x-gray-explain", "1"), cart] {
        assert_eq!(way(&gray(Question::None), &[cart, trace, odd]), None, "{odd:?}");
    }
}

#[test]
fn a_request_with_a_usual_mark_or_none_takes_the_short_way_to_the_app() {
    let router = router("sidecarInbound", json!({"correlation": {}}));
    let way = |fields: &[(&str, &str)]| {
        let request: Headers = [(":authority", "cart.shop")].iter().chain(fields).copied().collect();
        let mut memory = Notes::with(&Recall::Unknown);
        let arrival = router.arrive(&router.glance(request.headers())?, &mut memory)?;
        let mirror = arrival.mirror.map(|(_, list)| String::from_utf8(list).unwrap());
        Some((memory.remembered.len(), mirror.unwrap_or_default()))
    };
    let (gray, trace) = (("x-gray-lane", "gray"), ("traceparent", TRACE));
    assert_eq!(way(&[gray, trace]), Some((1, "gray-lane=gray".to_owned())));
    assert_eq!(way(&[gray]), Some((0, "gray-lane=gray".to_owned())));
    assert_eq!(way(&[trace, ("tracestate", "vendor=x")]), Some((1, String::new())));
    for odd in [("baggage", "a=b"), ("x-gray-explain", "1"), ("x-gray-id", "?"), gray] {
        assert_eq!(way(&[gray, trace, odd]), None, "{odd:?}");
    }
}

#[test]
fn a_request_is_remembered_under_the_first_of_its_ids_on_either_way() {
    let sources = [TraceSource::RequestId, TraceSource::Traceparent].map(|source| json!(source));
    let router = router("sidecarInbound", json!({"correlation": {"sources": sources}}));
    let id = "4bf92f35-77b3-4da6-a3ce-929d0e0e4700";
    let request = Headers::from([(":authority", "cart.shop"), ("traceparent", TRACE), ("x-request-id", id)]);
    let mut memory = Notes::with(&Recall::Unknown);
    assert!(router.arrive(&router.glance(request.headers()).unwrap(), &mut memory).is_some());
    assert_eq!(memory.remembered[0].0, TraceId::new(0x4bf9_2f35_77b3_0da6_a3ce_929d_0e0e_4700).unwrap());
}

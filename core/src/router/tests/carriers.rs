//! A mark in every carrier: which one counts, what the others become, and what it costs those who need none of it.

use super::*;

const TRACEPARENT: (&str, &str) = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

fn all_carriers() -> Value {
    json!({"carriers": {"tracestate": {"key": "gray-lane"}, "aliases": ["x-mse-tag", "x-tag"]}})
}

/// What comes of a request for cart with these headers: the decision, and all its headers of the names asked for.
fn sent(router: &Router, fields: &[(&str, &str)]) -> (Reason, Vec<LaneId>, Headers, crate::Events) {
    let headers: Headers = [(":authority", "cart.shop"), (":path", "/")].iter().chain(fields).copied().collect();
    let decision = router.decide(&headers, &mut NoDraw);
    (decision.reason, decision.lanes.to_vec(), edited(&headers, &decision), decision.events)
}

fn text(headers: &Headers, name: &str) -> Vec<String> {
    headers.values(name).map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}

#[test]
fn carriers_are_asked_in_their_order() {
    let router = router("sidecarOutbound", all_carriers());
    let all = [
        ("x-gray-lane", "canary2"),
        ("baggage", "gray-lane=gray"),
        ("tracestate", "gray-lane=base"),
        ("x-mse-tag", "gray"),
        ("x-tag", "canary2"),
    ];
    let of = |from: usize| {
        let (reason, _, headers, _) = sent(&router, all.split_at(from).1);
        (reason, text(&headers, "x-gray-lane"))
    };
    for (from, lane) in [(0, "canary2"), (1, "gray"), (2, "base"), (3, "gray"), (4, "canary2")] {
        let reason = if lane == "canary2" { Reason::FallbackLane } else { Reason::Propagated };
        assert_eq!(of(from), (reason, vec![lane.to_owned()]), "without the first {from}");
    }
    assert_eq!(of(5).0, Reason::NoMatch);
}

#[test]
fn a_malformed_carrier_is_passed_over_and_counted() {
    let router = router("sidecarOutbound", all_carriers());
    let fields =
        [("x-gray-lane", "Gray"), ("baggage", "a=b,gray-lane=G"), ("tracestate", "gray-lane"), ("x-mse-tag", "gray")];
    let (reason, _, headers, events) = sent(&router, &fields);
    assert_eq!((reason, text(&headers, "x-gray-lane")), (Reason::Propagated, vec!["gray".to_owned()]));
    assert_eq!((events.malformed_marks, events.conflicts), (3, 0));
    assert_eq!((text(&headers, "baggage"), text(&headers, "tracestate")), (vec!["a=b".to_owned()], vec![]));
}

#[test]
fn lanes_that_are_not_known_travel_from_carrier_to_carrier() {
    let router = router("sidecarOutbound", all_carriers());
    let (reason, _, headers, _) = sent(&router, &[("baggage", "gray-lane=foo%2Cgray,gray-id=0cda3b18")]);
    assert_eq!((reason, text(&headers, "x-gray-lane")), (Reason::Propagated, vec!["foo,gray".to_owned()]));
    assert_eq!(text(&headers, "x-gray-id"), ["0cda3b18"]);
}

#[test]
fn an_identity_that_only_a_mirror_has_is_taken_with_it() {
    let router = router("sidecarOutbound", all_carriers());
    let (_, _, headers, events) =
        sent(&router, &[("x-gray-lane", "gray"), ("baggage", "gray-lane=gray,gray-id=0cda3b18")]);
    assert_eq!(text(&headers, "x-gray-id"), ["0cda3b18"]);
    assert_eq!(events, crate::Events::default());
}

#[test]
fn what_contradicts_the_header_is_removed_behind_an_app_and_rewritten_in_front_of_one() {
    let fields = [
        TRACEPARENT,
        ("x-gray-lane", "gray"),
        ("baggage", "a=b,gray-lane=base"),
        ("baggage", "c=d"),
        ("tracestate", "a=1, gray-lane=base, b=2"),
    ];
    let (_, _, behind, events) = sent(&router("sidecarOutbound", all_carriers()), &fields);
    assert_eq!(events.conflicts, 2);
    assert_eq!(
        (text(&behind, "baggage"), text(&behind, "tracestate")),
        (vec!["a=b,c=d".to_owned()], vec!["a=1, b=2".to_owned()])
    );
    let (_, _, before, events) = sent(&router("sidecarInbound", all_carriers()), &fields);
    assert_eq!(events.conflicts, 2);
    assert_eq!(text(&before, "baggage"), ["a=b,gray-lane=gray,c=d"]);
    assert_eq!(text(&before, "tracestate"), ["gray-lane=gray,a=1, b=2"]);
}

#[test]
fn an_app_is_handed_the_mark_in_every_carrier_that_makes_sense() {
    let router = router("sidecarInbound", all_carriers());
    let mark = [("x-gray-lane", "a, b"), ("x-gray-id", "0cda3b18")];
    let (_, _, headers, _) = sent(&router, &mark);
    assert_eq!(text(&headers, "baggage"), ["gray-lane=a%2Cb,gray-id=0cda3b18"]);
    assert!(text(&headers, "tracestate").is_empty(), "a tracestate means nothing without traceparent");
    let (_, _, headers, _) = sent(&router, &[mark[0], mark[1], TRACEPARENT]);
    assert_eq!(text(&headers, "tracestate"), ["gray-lane=a/b;id:0cda3b18"]);
    let (_, _, headers, _) = sent(&router, &[("x-mse-tag", "gray")]);
    assert_eq!(
        (text(&headers, "x-gray-lane"), text(&headers, "baggage")),
        (vec!["gray".to_owned()], vec!["gray-lane=gray".to_owned()])
    );
    assert_eq!(text(&headers, "x-mse-tag"), ["gray"]);
    let (_, _, headers, _) = sent(&router, &[("baggage", "a=b")]);
    assert_eq!((text(&headers, "x-gray-lane"), text(&headers, "baggage")), (vec![], vec!["a=b".to_owned()]));
}

#[test]
fn a_mirror_without_room_is_left_out_and_counted() {
    let router = router("sidecarInbound", all_carriers());
    let full = vec!["k=v"; 64].join(",");
    let (_, _, headers, events) = sent(&router, &[("x-gray-lane", "gray"), ("baggage", &full)]);
    assert_eq!((events.left_out, text(&headers, "baggage")), (1, vec![full]));
}

#[test]
fn without_its_headers_a_mark_travels_in_baggage() {
    let members = json!({"carriers": {"headers": "disabled"}});
    let [gateway, inbound, outbound] =
        ["gateway", "sidecarInbound", "sidecarOutbound"].map(|phase| router(phase, members.clone()));
    let (reason, lanes, headers, _) =
        sent(&gateway, &[("x-user", "alice"), ("x-gray-lane", "base"), ("baggage", "gray-lane=base,a=b")]);
    assert_eq!((reason, lanes.len()), (Reason::Rule, 1));
    assert_eq!(
        (text(&headers, "x-gray-lane"), text(&headers, "baggage")),
        (vec![], vec!["a=b,gray-lane=gray".to_owned()])
    );
    let (_, _, headers, _) = sent(&inbound, &[("baggage", "a=b,gray-lane=gray")]);
    assert_eq!(text(&headers, "baggage"), ["a=b,gray-lane=gray"]);
    let (reason, lanes, headers, _) = sent(&outbound, &[("baggage", "a=b,gray-lane=gray"), ("x-gray-lane", "canary2")]);
    assert_eq!((reason, lanes.len()), (Reason::Propagated, 1));
    assert_eq!(
        (text(&headers, "x-gray-lane"), text(&headers, "baggage")),
        (vec![], vec!["a=b,gray-lane=gray".to_owned()])
    );
    let (_, _, headers, _) = sent(&outbound, &[]);
    assert_eq!(text(&headers, "baggage"), ["gray-lane=base"]);
}

#[test]
fn conditions_see_nothing_of_what_the_next_proxy_does_not_get() {
    for (header, value) in [
        ("x-gray-lane", "gray"),
        ("x-gray-version", "v2"),
        ("x-gray-override", "k1.nonsense"),
        ("x-mse-tag", "N0 LANE"),
        ("baggage", "gray-id=0cda3b18"),
        ("tracestate", "gray-lane"),
    ] {
        let absent = json!({"header": {"name": header, "present": true, "invert": true}});
        let rules = json!([{"name": "r", "priority": 10, "when": absent, "then": {"lane": "gray"}}]);
        let router = router(
            "sidecarOutbound",
            json!({
                "carriers": {"headers": "disabled", "tracestate": {"key": "gray-lane"}, "aliases": ["x-mse-tag"]},
                "ruleSets": [{"name": "shop", "rules": rules}],
            }),
        );
        let (reason, lanes, headers, _) = sent(&router, &[TRACEPARENT, (header, value)]);
        assert_eq!((reason, lanes.len()), (Reason::Rule, 1), "{header}");
        let next = router.decide(&headers, &mut NoDraw);
        assert_eq!(next.lanes.as_slice(), lanes, "{header}");
    }
}

#[test]
fn a_request_with_the_header_and_agreeing_mirrors_is_left_alone() {
    let router = router("sidecarOutbound", all_carriers());
    let request = Headers::from([
        (":authority", "cart.shop"),
        ("x-gray-lane", "base"),
        ("baggage", "a=b,gray-lane=base;p=1"),
        ("tracestate", "a=1,gray-lane=base"),
        ("x-mse-tag", "other"),
    ]);
    let decision = router.decide(&request, &mut NoDraw);
    assert!(decision.edits.is_empty(), "{:?}", decision.edits);
    assert_eq!(decision.events, crate::Events::default());
}

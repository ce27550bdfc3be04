//! Whatever takes the short way is decided as on the long one.

use proptest::prelude::*;

use super::arbitrary::{good_config, request};
use super::*;
use crate::decision::LaneLabel;
use crate::hash::IdentityHash;
use crate::name::VersionName;
use crate::router::{Hop, Shortcut};

/// What the short way decides, as the long one would say it.
fn written_out<'r>(router: &'r Router, request: &Headers, shortcut: &Shortcut<'r>) -> Decision<'r> {
    let mut decision = Decision::pass();
    match shortcut {
        Shortcut::Hop(Hop { target, lane, reason, version }) => {
            let written = version.map(|version| HeaderText::Static(version.as_str()));
            decision.outcome = Outcome::Forward;
            (decision.target, decision.reason, decision.lane) = (Some(*target), *reason, *lane);
            decision.version = router.version_name(*target);
            decision.lanes.extend(match lane {
                LaneLabel::Lane(lane) => Some(*lane),
                LaneLabel::Base | LaneLabel::Unknown => None,
            });
            decision.identity = request.values(router.headers.identity.as_str()).find_map(IdentityHash::parse);
            decision.edits.extend(written.map(|text| HeaderEdit::Set(&router.headers.version, text)));
        }
        Shortcut::Foreign(removed) => decision.edits.extend(removed.iter().map(|name| HeaderEdit::Remove(name))),
    }
    decision
}

/// Mostly what the short way is for, and a little of everything else.
fn usual_request() -> impl Strategy<Value = Headers> {
    let host = prop::sample::select(vec![
        "cart.shop",
        "Cart.shop.:80",
        "stock.shop:8080",
        "cart.shop-shadow",
        "elsewhere.example",
        "",
    ]);
    let lane = prop::sample::select(vec![None, Some("gray"), Some("gray"), Some("blue"), Some("base"), Some("no, ne")]);
    let identity = prop::sample::select(vec![None, Some("9f86d081"), Some("9F86D081")]);
    let more = prop::option::weighted(
        0.2,
        prop::sample::select(vec![
            ("x-gray-version", "v2"),
            ("x-gray-lane", "gray"),
            ("x-gray-explain", "1"),
            ("baggage", "gray-lane=blue"),
            ("tracestate", "gray=x"),
            (":authority", "cart.shop"),
            ("x-gray-override", "x"),
            ("x-tag", "blue"),
        ]),
    );
    (host, lane, identity, more).prop_map(|(host, lane, identity, more)| {
        let mark = [("x-gray-lane", lane), ("x-gray-id", identity)];
        let mark = mark.into_iter().filter_map(|(name, value)| Some((name, value?)));
        [(":path", "/a/b"), (":authority", host)].into_iter().chain(mark).chain(more).collect()
    })
}

proptest! {
    #[test]
    fn the_short_way_leads_where_the_long_one_does(
        config in good_config(), request in prop_oneof![usual_request(), request()]
    ) {
        let router = Router::compile(&config).unwrap();
        if let Some(shortcut) = router.glance(request.headers()).and_then(|glance| router.shortcut(&glance)) {
            let (answered, told) = router.answer(&request, &mut NoDraw);
            prop_assert_eq!(written_out(&router, &request, &shortcut), answered);
            prop_assert!(told.is_empty());
        }
    }
}

#[test]
fn what_is_usual_takes_the_short_way_and_nothing_else() {
    let config = r#"{"version": "v1", "generation": 1, "phase": "sidecarOutbound", "lanes": {"gray": {}},
        "services": {"cart": {"hosts": ["cart.shop"], "base": "v1", "lanes": {"gray": "v2"}}}}"#;
    let router = Router::compile(&FilterConfig::from_json(config.as_bytes()).unwrap()).unwrap();
    let way = |fields: &[(&str, &str)]| {
        let request: Headers = fields.iter().copied().collect();
        match router.glance(request.headers()).and_then(|glance| router.shortcut(&glance)) {
            Some(Shortcut::Hop(hop)) => hop.version.map_or("base", VersionName::as_str).to_owned(),
            Some(Shortcut::Foreign(removed)) => format!("{} removed", removed.len()),
            None => "long".to_owned(),
        }
    };
    let (cart, gray, identity) = ((":authority", "cart.shop:80"), ("x-gray-lane", "gray"), ("x-gray-id", "9f86d081"));
    assert_eq!(way(&[cart, gray]), "v2");
    assert_eq!(way(&[gray, identity, cart]), "v2");
    assert_eq!(way(&[cart, ("x-gray-lane", "base")]), "base");
    assert_eq!(way(&[(":authority", "pay.shop"), gray, identity]), "2 removed");
    assert_eq!(way(&[(":authority", "pay.shop")]), "0 removed");
    for odd in [gray, ("x-gray-version", "v1"), ("baggage", ""), ("x-gray-explain", "1"), cart, identity] {
        assert_eq!(way(&[cart, gray, identity, odd]), "long", "{odd:?}");
    }
    assert_eq!(way(&[cart]), "long");
    assert_eq!(way(&[cart, ("x-gray-lane", "gray, blue")]), "long");
    assert_eq!(way(&[gray]), "long");
}

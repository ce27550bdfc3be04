//! Whom a router believes, and to whom it lets marks go.

use super::*;
use crate::Phase;

/// A request whose sender has shown a certificate.
struct From(Headers, Option<&'static str>);

impl Request for From {
    fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.headers()
    }

    fn principal(&self) -> Option<Vec<u8>> {
        self.1.map(|id| id.as_bytes().to_vec())
    }
}

/// A request whose sender must not be asked for.
struct Unasked(Headers);

impl Request for Unasked {
    fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.headers()
    }

    fn principal(&self) -> Option<Vec<u8>> {
        panic!("nobody needs to know who sent this")
    }
}

fn marked() -> Headers {
    Headers::from([
        (":authority", "cart.shop"),
        ("x-gray-lane", "gray"),
        ("x-gray-id", "0cda3b18"),
        ("x-gray-version", "v2"),
        ("x-gray-explain", "1"),
        ("baggage", "a=b,gray-lane=gray"),
    ])
}

#[test]
fn only_peers_whose_certificate_fits_are_believed_in_front_of_an_app() {
    let peers =
        json!({"trust": {"peers": ["spiffe://cluster.local/ns/*/sa/web", "spiffe://cluster.local/ns/shop/sa/cart"]}});
    let router = router("sidecarInbound", peers);
    for (id, believed) in [
        (Some("spiffe://cluster.local/ns/front/sa/web"), true),
        (Some("spiffe://cluster.local/ns/shop/sa/cart"), true),
        (Some("spiffe://cluster.local/ns/front/sa/cart"), false),
        (Some("spiffe://evil/ns/front/sa/web"), false),
        (Some(""), false),
        (None, false),
    ] {
        let decision = router.decide(&From(marked(), id), &mut NoDraw);
        let after = edited(&marked(), &decision);
        let left: Vec<&str> = ["x-gray-lane", "x-gray-id", "x-gray-version", "x-gray-explain"]
            .into_iter()
            .filter(|name| after.values(name).next().is_some())
            .collect();
        let expected: &[&str] = if believed { &["x-gray-lane", "x-gray-id", "x-gray-explain"] } else { &[] };
        assert_eq!(left, expected, "{id:?}");
        assert_eq!(decision.events.stripped_marks, if believed { 0 } else { 4 }, "{id:?}");
        assert_eq!(decision.identity.is_some(), believed, "{id:?}");
        let baggage: Vec<&[u8]> = after.values("baggage").collect();
        let expected: &[u8] = if believed { b"a=b,gray-lane=gray,gray-id=0cda3b18" } else { b"a=b" };
        assert_eq!(baggage, [expected], "{id:?}");
    }
}

#[test]
fn nobody_is_asked_who_they_are_where_that_means_nothing() {
    for phase in ["gateway", "sidecarInbound", "sidecarOutbound"] {
        let router = router(phase, json!({}));
        assert!(matches!(router.phase(), Phase::Gateway | Phase::SidecarInbound | Phase::SidecarOutbound));
        router.decide(&Unasked(marked()), &mut NoDraw);
    }
}

#[test]
fn a_mesh_host_gets_the_mark_and_no_other_unknown_host_does() {
    let hosts = json!({"trust": {"meshHosts": ["*.svc"]}});
    let [outbound, gateway] = ["sidecarOutbound", "gateway"].map(|phase| router(phase, hosts.clone()));
    let mark_of = |router: &Router, fields: &[(&str, &str)]| {
        let headers: Headers = fields.iter().copied().collect();
        let decision = router.decide(&headers, &mut NoDraw);
        assert_eq!((decision.outcome, decision.target), (Outcome::Pass, None));
        let after = edited(&headers, &decision);
        assert!(after.values("x-gray-version").next().is_none());
        after.values("x-gray-lane").map(|lane| String::from_utf8_lossy(lane).into_owned()).collect::<Vec<_>>()
    };
    let carried = [(":authority", "legacy.shop.svc:80"), ("x-gray-lane", "gray"), ("x-gray-version", "v2")];
    assert_eq!(mark_of(&outbound, &carried), ["gray"]);
    assert_eq!(mark_of(&outbound, &[(":authority", "legacy.svc"), ("x-user", "alice")]), ["gray"]);
    assert_eq!(mark_of(&gateway, &carried), ["base"]);
    assert_eq!(mark_of(&gateway, &[(":authority", "legacy.svc"), ("x-user", "alice")]), ["gray"]);
    assert!(mark_of(&outbound, &[(":authority", "svc"), ("x-gray-lane", "gray")]).is_empty());
    assert!(mark_of(&gateway, &[(":authority", "api.example.com"), ("x-user", "alice")]).is_empty());
}

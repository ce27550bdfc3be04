//! What an instance passes on, and under which name it calls.

use anyhow::Context;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version, header::HOST};
use serde_json::Value;
use shop::{Config, Forward, Service};

use crate::support::{Received, Running, chain, get, headers, origin, soon, stand_in};

const SENT: &[(&str, &str)] = &[
    ("x-gray-lane", "gray"),
    ("x-gray-id", "0123abcd"),
    ("x-request-id", "r1"),
    ("x-b3-traceid", "0123456789abcdef"),
    ("x-b3-spanid", "0123456789abcdef"),
    ("x-repeated", "one"),
    ("x-repeated", "two"),
    ("b3", "0"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("tracestate", "a=1"),
    ("baggage", "user=a"),
    ("cookie", "session=1"),
    ("authorization", "Bearer t"),
    ("user-agent", "test"),
];

const TRACEPARENT: &[(&str, &str)] = &[("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")];

/// The headers that `service` calls on with when it received [`SENT`].
async fn passed_on(service: Service, forward: Forward) -> anyhow::Result<HeaderMap> {
    let (sidecar, mut received) = stand_in(StatusCode::SERVICE_UNAVAILABLE).await?;
    let config = Config { egress: Some(origin(sidecar)?), forward, ..Config::new(service, "v1") };
    let running = Running::start(config).await?;
    let (status, _): (_, Value) = get(running.address, "/", headers(SENT)).await?;
    assert_eq!(status, StatusCode::BAD_GATEWAY, "the stand-in does not answer as a service");
    let mut passed_on = soon("the call", received.recv()).await?.context("the stand-in is gone")?.headers;
    // The protocols' own.
    for name in ["host", "te", "content-type", "user-agent"] {
        let of_protocol = passed_on.remove(name);
        assert_ne!(of_protocol.as_ref().map(HeaderValue::as_bytes), Some(&b"test"[..]), "{name}");
    }
    Ok(passed_on)
}

#[tokio::test]
async fn all_passes_on_x_headers_and_trace_context_and_nothing_private() -> anyhow::Result<()> {
    for service in [Service::Web, Service::Cart] {
        assert_eq!(passed_on(service, Forward::All).await?, headers(&SENT[..11]), "{service}");
    }
    Ok(())
}

#[tokio::test]
async fn trace_id_passes_on_the_trace_parent_alone() -> anyhow::Result<()> {
    for service in [Service::Web, Service::Cart] {
        assert_eq!(passed_on(service, Forward::TraceId).await?, headers(TRACEPARENT), "{service}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_passes_on_nothing() -> anyhow::Result<()> {
    for service in [Service::Web, Service::Cart] {
        assert_eq!(passed_on(service, Forward::Nothing).await?, headers(&[]), "{service}");
    }
    Ok(())
}

#[tokio::test]
async fn the_lane_is_seen_as_far_as_it_is_passed_on() -> anyhow::Result<()> {
    for (forward, expected) in [
        (Forward::All, [Some("a, b"), Some("a, b"), Some("a, b")]),
        (Forward::TraceId, [Some("a, b"), None, None]),
        (Forward::Nothing, [Some("a, b"), None, None]),
    ] {
        let [web, _cart, _stock] = chain(|config| Config { forward, ..config }).await?;
        let sent = headers(&[("x-gray-lane", "a"), ("x-gray-lane", "b")]);
        let (_, answer): (_, shop::Hop) = get(web.address, "/", sent).await?;
        let lanes: Vec<_> = answer.chain().map(|hop| hop.lane.as_deref()).collect();
        assert_eq!(lanes, expected, "{forward:?}");
    }
    Ok(())
}

#[tokio::test]
async fn calls_go_to_the_egress_under_the_name_of_the_service() -> anyhow::Result<()> {
    let (sidecar, mut received) = stand_in(StatusCode::SERVICE_UNAVAILABLE).await?;
    let mut call_of = async |service| -> anyhow::Result<Received> {
        let config = Config { egress: Some(origin(sidecar)?), ..Config::new(service, "v1") };
        let running = Running::start(config).await?;
        let _: (_, Value) = get(running.address, "/", headers(&[])).await?;
        Ok(soon("the call", received.recv()).await?.unwrap())
    };

    let of_web = call_of(Service::Web).await?;
    assert_eq!(of_web.version, Version::HTTP_11);
    assert_eq!((of_web.headers[HOST].to_str()?, of_web.uri.path()), ("cart.shop", "/"));

    let of_cart = call_of(Service::Cart).await?;
    assert_eq!(of_cart.version, Version::HTTP_2);
    assert_eq!(of_cart.uri.authority().unwrap(), "stock.shop");
    assert_eq!(of_cart.uri.path(), "/shop.v1.Stock/Reserve");
    Ok(())
}

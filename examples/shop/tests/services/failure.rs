//! A broken chain says which hop broke, and why.

use std::{net::SocketAddr, num::NonZeroU64};

use axum::http::StatusCode;
use serde_json::{Value, json};
use shop::{Config, Failure, Hop, Service};

use crate::support::{Running, calling, get, headers, nobody, origin, stand_in};

#[tokio::test]
async fn an_unreachable_service_is_named_by_its_caller() -> anyhow::Result<()> {
    let (address, _socket) = nobody()?;
    for (caller, hop) in [(Service::Web, "cart"), (Service::Cart, "stock")] {
        let running = Running::start(calling(caller, address)?).await?;
        let (status, answer): (_, Value) = get(running.address, "/", headers(&[])).await?;
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        assert_eq!((&answer["failedHop"], &answer["seenBy"]), (&json!(hop), &json!(format!("{caller}-v1-0"))));
        assert!(answer["cause"].as_str().unwrap().contains("Connection refused"), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_failure_further_down_is_passed_on_unchanged() -> anyhow::Result<()> {
    let (address, _socket) = nobody()?;
    let cart = Running::start(calling(Service::Cart, address)?).await?;
    let web = Running::start(calling(Service::Web, cart.address)?).await?;
    let (status, failure): (_, Failure) = get(web.address, "/", headers(&[])).await?;

    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert_eq!((failure.hop, failure.seen_by.as_str()), (Service::Stock, "cart-v1-0"));
    Ok(())
}

#[tokio::test]
async fn what_a_proxy_answers_instead_is_quoted() -> anyhow::Result<()> {
    let (proxy, _received) = stand_in((StatusCode::SERVICE_UNAVAILABLE, "no healthy upstream")).await?;
    assert_eq!(cause_seen_by(Service::Web, proxy).await?, "answered 503 Service Unavailable: no healthy upstream");

    let status = [("content-type", "application/grpc"), ("grpc-status", "14"), ("grpc-message", "no healthy upstream")];
    let (proxy, _received) = stand_in(status).await?;
    assert_eq!(cause_seen_by(Service::Cart, proxy).await?, "gRPC status Unavailable: no healthy upstream");
    Ok(())
}

/// Why `caller` got no answer through `proxy`.
async fn cause_seen_by(caller: Service, proxy: SocketAddr) -> anyhow::Result<String> {
    let config = Config { egress: Some(origin(proxy)?), ..Config::new(caller, "v1") };
    let running = Running::start(config).await?;
    let (status, failure): (_, Failure) = get(running.address, "/", headers(&[])).await?;
    anyhow::ensure!(status == StatusCode::BAD_GATEWAY, "{status}");
    Ok(failure.cause)
}

#[tokio::test]
async fn what_is_no_hop_is_no_answer() -> anyhow::Result<()> {
    let (proxy, _received) = stand_in("welcome").await?;
    let web = Running::start(calling(Service::Web, proxy)?).await?;
    let (status, failure): (_, Failure) = get(web.address, "/", headers(&[])).await?;

    assert_eq!((status, failure.hop), (StatusCode::BAD_GATEWAY, Service::Cart));
    assert!(failure.cause.starts_with("answered 200 with what is no hop"), "{failure}");
    Ok(())
}

#[tokio::test]
async fn one_request_in_n_fails_and_the_others_do_not() -> anyhow::Result<()> {
    let failing = Config { fail_every: NonZeroU64::new(3), ..Config::new(Service::Stock, "v2") };
    let stock = Running::start(failing).await?;
    let cart = Running::start(calling(Service::Cart, stock.address)?).await?;

    let mut statuses = Vec::new();
    for _ in 0..6 {
        let (status, answer): (_, Value) = get(cart.address, "/", headers(&[])).await?;
        if status != StatusCode::OK {
            assert_eq!(answer["failedHop"], "stock");
            let cause = answer["cause"].as_str().unwrap();
            assert!(cause.starts_with("gRPC status Internal: told to fail one request in 3"), "{answer}");
        }
        statuses.push(status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 502, 200, 200, 502]);
    Ok(())
}

#[tokio::test]
async fn a_fault_of_its_own_is_an_internal_error() -> anyhow::Result<()> {
    let failing = Config { fail_every: NonZeroU64::new(1), ..Config::new(Service::Stock, "v2") };
    let stock = Running::start(failing).await?;
    let (status, failure): (_, Failure) = get(stock.address, "/", headers(&[])).await?;

    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!((failure.hop, failure.seen_by.as_str()), (Service::Stock, "stock-v2-0"));
    Ok(())
}

#[tokio::test]
async fn a_caller_recovers_as_soon_as_the_service_is_there() -> anyhow::Result<()> {
    for caller in [Service::Web, Service::Cart] {
        let (address, socket) = nobody()?;
        let running = Running::start(calling(caller, address)?).await?;
        let (status, _): (_, Value) = get(running.address, "/", headers(&[])).await?;
        assert_eq!(status, StatusCode::BAD_GATEWAY);

        // Stock answers whoever asks over HTTP or gRPC, so it can stand behind either caller.
        drop(socket);
        let _stock = Running::start(Config { listen: address, ..Config::new(Service::Stock, "v1") }).await?;
        let (status, answer): (_, Hop) = get(running.address, "/", headers(&[])).await?;
        assert_eq!((status, answer.chain().count()), (StatusCode::OK, 2), "{caller}");
    }
    Ok(())
}

#[tokio::test]
async fn stock_refuses_to_be_told_whom_to_call() -> anyhow::Result<()> {
    let config = Config { next: Some("cart.shop".parse()?), ..Config::new(Service::Stock, "v1") };
    let error = Running::start(config).await.err().unwrap().to_string();
    assert!(error.contains("`cart.shop`") && error.contains("--next"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_is_named() -> anyhow::Result<()> {
    let (address, _socket) = nobody()?;
    let config = Config { listen: address, ..Config::new(Service::Stock, "v1") };
    let error = Running::start(config).await.err().unwrap().to_string();
    assert!(error.contains(&address.to_string()), "{error}");
    Ok(())
}

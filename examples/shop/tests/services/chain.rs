//! The chain as clients see it, over HTTP and over gRPC.

use std::net::SocketAddr;

use axum::{
    body::Bytes,
    http::{self, StatusCode},
};
use http_body_util::{BodyExt, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use shop::{
    Config, Hop, Service,
    proto::{ReserveRequest, WatchRequest, stock_client::StockClient},
};
use tonic::transport::{Channel, Endpoint};

use crate::support::{Running, chain, get, headers, open, soon};

#[tokio::test]
async fn three_services_answer_with_three_hops() -> anyhow::Result<()> {
    let [web, _cart, _stock] = chain(|config| config).await?;
    let (status, answer): (_, Value) = get(web.address, "/", headers(&[("x-gray-lane", "gray")])).await?;

    let hop = |service: &str, next: Value| {
        let mut hop = json!({
            "service": service,
            "version": "v1",
            "instance": format!("{service}-v1-0"),
            "lane": "gray",
            "sawVersionHeader": false,
        });
        if !next.is_null() {
            hop["next"] = next;
        }
        hop
    };
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer, hop("web", hop("cart", hop("stock", Value::Null))));
    Ok(())
}

#[tokio::test]
async fn the_readme_shows_the_answer_as_it_is() -> anyhow::Result<()> {
    let [web, _cart, _stock] = chain(|config| config).await?;
    let (_, answer): (_, Hop) = get(web.address, "/", headers(&[("x-gray-lane", "gray")])).await?;

    let shown = serde_json::to_string_pretty(&answer)?;
    assert!(include_str!("../../README.md").contains(&shown), "the README lacks:\n{shown}");
    Ok(())
}

#[tokio::test]
async fn a_client_walks_the_hops_in_the_order_of_the_calls() -> anyhow::Result<()> {
    let [web, _cart, _stock] = chain(|config| Config { app_version: "v3".to_owned(), ..config }).await?;
    let (_, answer): (_, Hop) = get(web.address, "/", headers(&[])).await?;

    let hops: Vec<_> = answer.chain().map(|hop| (hop.service, hop.version.as_str(), hop.lane.as_deref())).collect();
    assert_eq!(hops, [(Service::Web, "v3", None), (Service::Cart, "v3", None), (Service::Stock, "v3", None)]);
    Ok(())
}

#[tokio::test]
async fn any_path_and_method_is_answered() -> anyhow::Result<()> {
    let stock = Running::start(Config::new(Service::Stock, "v1")).await?;
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    for method in ["GET", "POST", "DELETE"] {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}/a/b?c=d", stock.address))
            .body(Empty::new())?;
        let response = soon(method, client.request(request)).await??;
        assert_eq!(response.status(), StatusCode::OK, "{method}");
        let hop: Hop = serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?;
        assert_eq!(hop.service, Service::Stock);
    }
    Ok(())
}

#[tokio::test]
async fn a_version_header_that_reaches_an_app_is_reported() -> anyhow::Result<()> {
    let [web, _cart, _stock] = chain(|config| config).await?;
    let (_, answer): (_, Hop) = get(web.address, "/", headers(&[("x-gray-version", "v2")])).await?;

    // No proxy stands between these services to strip it, and they forward every `x-` header.
    let saw: Vec<_> = answer.chain().map(|hop| hop.saw_version_header).collect();
    assert_eq!(saw, [true, true, true]);
    Ok(())
}

#[tokio::test]
async fn every_service_is_ready_as_soon_as_it_listens() -> anyhow::Result<()> {
    for running in chain(|config| config).await? {
        assert_eq!(open(running.address, "/healthz", headers(&[])).await?.status(), StatusCode::OK);
    }
    Ok(())
}

#[tokio::test]
async fn stock_speaks_grpc_and_http_on_one_port() -> anyhow::Result<()> {
    let stock = Running::start(Config::new(Service::Stock, "v2")).await?;
    let mut request = tonic::Request::new(ReserveRequest {});
    request.metadata_mut().insert("x-gray-lane", "gray".parse()?);
    let answer = soon("reserve", grpc(stock.address)?.reserve(request)).await??.into_inner();

    let (_, over_http): (_, Hop) = get(stock.address, "/", headers(&[("x-gray-lane", "gray")])).await?;
    assert_eq!(Hop::from(answer), over_http);
    assert_eq!(over_http.lane.as_deref(), Some("gray"));
    assert_eq!(over_http.instance, "stock-v2-0");
    Ok(())
}

#[tokio::test]
async fn watch_counts_without_gaps_and_ends_with_the_instance() -> anyhow::Result<()> {
    let stock = Running::start(Config::new(Service::Stock, "v1")).await?;
    let mut updates = soon("watch", grpc(stock.address)?.watch(WatchRequest {})).await??.into_inner();

    for expected in 0..3 {
        let update = soon("an update", updates.message()).await??.unwrap();
        assert_eq!(update.number, expected);
        assert_eq!(update.by.unwrap().instance, "stock-v1-0");
    }
    stock.stop.cancel();
    soon("the end of the stream", async {
        while updates.message().await?.is_some() {}
        anyhow::Ok(())
    })
    .await??;
    stock.finished().await
}

#[tokio::test]
async fn a_slow_answer_comes_late_and_whole() -> anyhow::Result<()> {
    let [web, _cart, _stock] = chain(|config| config).await?;
    let begin = std::time::Instant::now();
    let (status, answer): (_, Hop) = get(web.address, "/slow?ms=150", headers(&[])).await?;

    assert!(begin.elapsed().as_millis() >= 150);
    assert_eq!((status, answer.chain().count()), (StatusCode::OK, 3));
    Ok(())
}

fn grpc(address: SocketAddr) -> anyhow::Result<StockClient<Channel>> {
    Ok(StockClient::new(Endpoint::from_shared(format!("http://{address}"))?.connect_lazy()))
}

//! Spans, as a collector gets them.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use libtest_mimic::Trial;
use tokio::net::TcpListener;

use crate::fixture::{Fixture, eventually, mesh, release, version};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("the_span_of_every_proxy_on_the_way_names_the_lanes_of_the_request", spans)]
}

/// The requests that a collector has got.
type Got = Arc<Mutex<Vec<Bytes>>>;

async fn spans() -> Result<()> {
    let (listener, got) = (TcpListener::bind("127.0.0.1:0").await?, Got::default());
    let collector = listener.local_addr()?;
    tokio::spawn(axum::serve(listener, self::collector(got.clone())).into_future());

    let fixture = Fixture::new()?;
    let services = mesh(0, &[version("v1", 1, ""), version("v2", 1, "")].concat());
    fixture.write("mesh.yaml", &format!("{services}  tracing: {{otlp: \"{collector}\"}}\n"))?;
    fixture.write("release.yaml", &release("100"))?;
    let mesh = fixture.ready().await?;
    assert!(mesh.client().front().await?.contains("cart-v2"));
    for (group, lanes) in [("gateway", "gray"), ("web.shop/v1", "gray"), ("cart.shop/v2", "gray")] {
        let named = async || {
            let got = got.lock().unwrap_or_else(PoisonError::into_inner);
            got.iter().any(|request| contains(request, &text(group)) && contains(request, &attribute(lanes)))
        };
        eventually(&format!("a span of {group} that names lane {lanes}"), named).await.context("spans")?;
    }
    mesh.end(&fixture).await
}

fn collector(got: Got) -> Router {
    let take = async |State(got): State<Got>, body: Bytes| {
        got.lock().unwrap_or_else(PoisonError::into_inner).push(body);
    };
    Router::new().route("/v1/traces", post(take)).with_state(got)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The `KeyValue` of OTLP, as protobuf: field 1 is the key, field 2 an `AnyValue`, of which field 1 is a string.
fn attribute(lanes: &str) -> Vec<u8> {
    let value = [&[0x0a][..], &text(lanes)].concat();
    let length = u8::try_from(value.len()).unwrap_or(u8::MAX);
    [&[0x0a][..], &text("graylane.lanes"), &[0x12, length], &value].concat()
}

/// A short text as protobuf has it: its length, then its bytes.
fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    [&[length], text.as_bytes()].concat()
}

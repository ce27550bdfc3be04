//! The app of the tests: says who it is and what it was told, and calls the service behind it, if there is one.

use std::env;
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::client::Client;

/// Serves until SIGTERM, then finishes what is open.
pub(crate) async fn serve() -> Result<()> {
    if env::var("DIES").is_ok() {
        fail().await;
    }
    let listener = TcpListener::bind(env::var("GRAYLANE_LISTEN")?).await?;
    let app =
        Router::new().route("/ready", get(ready)).route("/slow", get(slow)).route("/fail", get(fail)).fallback(chain);
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        terminate.recv().await;
    };
    Ok(axum::serve(listener, app).with_graceful_shutdown(stop).await?)
}

async fn ready() -> StatusCode {
    if env::var("NEVER_READY").is_ok() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

/// `web-v1-0 -> cart-v2-0`, with what each was told in brackets.
async fn chain(request: Request) -> (StatusCode, String) {
    let Heard { me, handed_on, next } = Heard::from(&request);
    let Some(next) = next else { return (StatusCode::OK, me) };
    let headers: Vec<_> = handed_on.iter().map(|(name, value)| (*name, value.as_str())).collect();
    match EGRESS.get(&next, "/", &headers).await {
        Ok((StatusCode::OK, answer)) => (StatusCode::OK, format!("{me} -> {answer}")),
        Ok((status, answer)) => (StatusCode::BAD_GATEWAY, format!("{me} -> {status} {answer}")),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{me} -> {error:#}")),
    }
}

/// The way to every other service.
static EGRESS: LazyLock<Client> = LazyLock::new(|| {
    let address = env::var("GRAYLANE_EGRESS").expect("GRAYLANE_EGRESS");
    Client::new(address.parse().expect("an address"))
});

struct Heard {
    me: String,
    /// What the calls made for it get.
    handed_on: Vec<(&'static str, String)>,
    /// The service to call: what the query names, else what `NEXT` does.
    next: Option<String>,
}

impl From<&Request> for Heard {
    fn from(request: &Request) -> Self {
        let told = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let marks = ["x-gray-lane", "x-gray-version"];
        let marks: Vec<_> = marks.into_iter().filter_map(|name| Some(format!("{name}={}", told(name)?))).collect();
        let asked = request.uri().query().and_then(|query| query.strip_prefix("call="));
        Self {
            me: format!("{}[{}]", instance(), marks.join(" ")),
            handed_on: handed_on().iter().filter_map(|name| Some((*name, told(name)?))).collect(),
            next: asked.map(str::to_owned).or_else(|| env::var("NEXT").ok()),
        }
    }
}

/// The headers that this app hands on, by what `FORWARDS` says: the mark if nothing.
fn handed_on() -> &'static [&'static str] {
    match env::var("FORWARDS").as_deref() {
        Ok("everything") => &["x-gray-lane", "x-gray-id", "traceparent"],
        Ok("trace id") => &["traceparent"],
        Ok("nothing") => &[],
        _ => &["x-gray-lane"],
    }
}

fn instance() -> String {
    env::var("GRAYLANE_INSTANCE").unwrap_or_default()
}

/// Answers when everybody has begun to stop.
async fn slow() -> String {
    sleep(Duration::from_millis(1_500)).await;
    instance()
}

async fn fail() {
    eprintln!("the last words of {}", instance());
    std::process::exit(3);
}

//! Load: requests at a steady rate, whatever becomes of those before.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use http::{Request as HttpRequest, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, sleep, timeout};

use crate::window::{Hop, Request, Window};

/// How many people there are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// 208 requests a second.
    Usual,
    /// 25 requests a second.
    Calm,
}

impl Pace {
    /// Between one request and the next.
    fn pause(self) -> Duration {
        match self {
            Self::Usual => Duration::from_micros(4_800),
            Self::Calm => Duration::from_millis(40),
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Users {
    /// Somebody else each time.
    New,
    /// So many people, one after the other, again and again.
    Regular(usize),
}

impl Users {
    /// Who makes the request of this number.
    fn asking(self, number: usize) -> String {
        match self {
            Self::New => format!("user-{number}"),
            Self::Regular(all) => format!("regular-{}", number % all),
        }
    }
}

/// How long an answer may take; one that takes longer is lost.
const PATIENCE: Duration = Duration::from_secs(10);

type HttpClient = Client<HttpConnector, Empty<&'static [u8]>>;

/// Load that goes on until it is stopped.
pub(crate) struct Load {
    requests: Arc<Mutex<Vec<Option<Request>>>>,
    task: JoinHandle<()>,
}

impl Drop for Load {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Load {
    /// Requests of `users` to `host` by the gateway at `address`.
    pub(crate) fn start(address: &str, host: &str, pace: Pace, users: Users) -> Self {
        let requests = Arc::<Mutex<Vec<Option<Request>>>>::default();
        let client: HttpClient = Client::builder(TokioExecutor::new()).build_http();
        let (all, url, host) = (Arc::clone(&requests), format!("http://{address}/"), host.to_owned());
        let task = tokio::spawn(async move {
            let mut tick = interval(pace.pause());
            loop {
                tick.tick().await;
                let number = {
                    let mut all = all.lock().unwrap();
                    all.push(None);
                    all.len() - 1
                };
                let (all, client, url, host) = (Arc::clone(&all), client.clone(), url.clone(), host.clone());
                tokio::spawn(async move {
                    let request = ask(&client, &url, &host, users.asking(number)).await;
                    all.lock().unwrap()[number] = Some(request);
                });
            }
        });
        Self { requests, task }
    }

    /// The next `number` requests, when each of them has an answer or is lost.
    pub(crate) async fn next(&self, number: usize) -> Window {
        let first = self.requests.lock().unwrap().len();
        loop {
            let all = self.requests.lock().unwrap().get(first..first + number).and_then(whole);
            if let Some(window) = all {
                return window;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops, and tells of all requests that were made.
    pub(crate) async fn stop(self) -> Window {
        self.task.abort();
        loop {
            if let Some(window) = whole(&self.requests.lock().unwrap()) {
                return window;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Requests that are all over.
fn whole(requests: &[Option<Request>]) -> Option<Window> {
    // Looked at first: copies are dear while requests are under way.
    requests.iter().all(Option::is_some).then(|| Window(requests.iter().flatten().cloned().collect()))
}

async fn ask(client: &HttpClient, url: &str, host: &str, user: String) -> Request {
    let asked = Instant::now();
    let way = timeout(PATIENCE, answer(client, url, host, &user)).await;
    let way = way.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {} s", PATIENCE.as_secs())));
    Request { user, asked, took: asked.elapsed(), way: way.map_err(|error| format!("{error:#}")) }
}

async fn answer(client: &HttpClient, url: &str, host: &str, user: &str) -> Result<Hop> {
    let request = HttpRequest::get(url).header("host", host).header("x-user-id", user).body(Empty::new())?;
    let (head, body) = client.request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    anyhow::ensure!(head.status == StatusCode::OK, "{}: {}", head.status, String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).context("no hop")
}

/// The versions that one request of `user` meets, the first one first.
pub(crate) async fn versions(address: &str, host: &str, user: &str) -> Result<Vec<String>> {
    let client: HttpClient = Client::builder(TokioExecutor::new()).build_http();
    Ok(answer(&client, &format!("http://{address}/"), host, user).await?.versions())
}

/// Waits until requests are answered at all.
pub(crate) async fn until_served(address: &str, host: &str) -> Result<()> {
    let client: HttpClient = Client::builder(TokioExecutor::new()).build_http();
    let url = format!("http://{address}/");
    crate::cluster::until("the shop answers", || async { answer(&client, &url, host, "nobody").await.map(Some) })
        .await?;
    Ok(())
}

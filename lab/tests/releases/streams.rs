//! Streams that stay open: gRPC calls that are asked once and answered for as long as somebody is there.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::shop::proto::stock_client::StockClient;
use ::shop::proto::{Update, WatchRequest};
use anyhow::{Context, Result, ensure};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

/// The path of the service that streams.
pub(crate) const PATH: &str = "/shop.v1.Stock";

/// How long the next update may take: they come ten times a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// A stream, and what has come of it.
pub(crate) struct Stream {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// What has come of a stream.
#[derive(Debug, Clone, Default)]
struct Seen {
    version: Option<String>,
    updates: u64,
    /// When it ended, and why, if not because the app said so.
    ended: Option<(Instant, Result<(), String>)>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens `number` streams to `host` by the gateway at `address`, each of another user; an error unless all begin.
pub(crate) async fn open(address: &str, host: &str, number: usize) -> Result<Vec<Stream>> {
    let origin = format!("http://{host}").parse()?;
    let channel = Endpoint::from_shared(format!("http://{address}"))?.origin(origin).connect().await?;
    let streams: Vec<_> = (0..number).map(|user| Stream::open(&channel, user)).collect();
    for stream in &streams {
        let seen = crate::cluster::until("a stream begins or ends", || async {
            let seen = stream.seen();
            Ok((seen.version.is_some() || seen.ended.is_some()).then_some(seen))
        });
        let seen = seen.await?;
        ensure!(seen.version.is_some(), "a stream has not begun: {:?}", seen.ended);
    }
    Ok(streams)
}

impl Stream {
    fn open(channel: &Channel, user: usize) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let (client, told) = (StockClient::new(channel.clone()), Arc::clone(&seen));
        let task = tokio::spawn(async move {
            let why = watch(client, user, &told).await.map_err(|error| format!("{error:#}"));
            told.lock().unwrap().ended = Some((Instant::now(), why));
        });
        Self { seen, task }
    }

    fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    /// The version that serves it, once it has begun.
    pub(crate) fn version(&self) -> Option<String> {
        self.seen().version
    }

    /// It goes on: it is not over, and something comes.
    pub(crate) async fn expect_life(&self) -> Result<()> {
        let before = self.seen();
        let grown = async {
            while self.seen().updates < before.updates + 2 && self.seen().ended.is_none() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, grown).await.context("a stream is silent")?;
        ensure!(self.seen().ended.is_none(), "a stream is over: {:?}", self.seen());
        Ok(())
    }

    /// When its app ended it, having said all that it had to say.
    pub(crate) async fn end(&self) -> Result<Instant> {
        let ended = crate::cluster::until("a stream is over", || async { Ok(self.seen().ended) }).await?;
        ensure!(ended.1.is_ok(), "a stream was cut off: {:?}", self.seen());
        Ok(ended.0)
    }
}

/// Takes what comes until the stream is over; an error when it breaks off, or when something is missing or from elsewhere.
async fn watch(mut client: StockClient<Channel>, user: usize, seen: &Mutex<Seen>) -> Result<()> {
    let mut request = Request::new(WatchRequest {});
    request.metadata_mut().insert("x-user-id", format!("watcher-{user}").parse()?);
    let mut updates = client.watch(request).await?.into_inner();
    while let Some(Update { number, by }) = timeout(PATIENCE, updates.message()).await.context("silence")?? {
        let by = by.context("an update of nobody's")?;
        ensure!(!by.saw_version_header, "the app saw the version header");
        let mut seen = seen.lock().unwrap();
        ensure!(number == seen.updates, "update {number} came after {}", seen.updates);
        let version = seen.version.get_or_insert_with(|| by.version.clone());
        ensure!(*version == by.version, "{} goes on for {version}", by.version);
        seen.updates += 1;
    }
    Ok(())
}

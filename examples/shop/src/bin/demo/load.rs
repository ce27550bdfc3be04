//! The background: requests at an even pace, from the first act to the last, whatever becomes of them.
//!
//! Knows nothing of acts and claims. Invariant: every request that is announced as sent is followed by its answer.

use std::{error::Error, iter, net::SocketAddr, time::Duration};

use axum::{
    body::Bytes,
    http::{Request, StatusCode, Uri, uri::InvalidUri},
};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use shop::Hop;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time,
};
use tokio_util::sync::CancellationToken;

use crate::{
    chain::Chain,
    clock::Clock,
    ledger::{Answer, Caller, Moment},
};

/// How many users there are.
pub(crate) const USERS: usize = 400;
/// How many requests are sent in a second. Comfortable on two cores, with a dozen and more proxies and services on them.
pub(crate) const RATE: u32 = 200;
/// Every so many requests, one is the tester's.
const TESTER_EVERY: usize = 20;
/// How long a request may take before it counts as lost.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer read, in bytes. A chain is well under one kilobyte.
const LARGEST_ANSWER: usize = 64 * 1024;

/// What happens on the wire.
#[derive(Debug)]
pub(crate) enum Traffic {
    Sent(Moment),
    Ended(Answer),
}

/// The running load.
#[derive(Debug)]
pub(crate) struct Load {
    stop: CancellationToken,
    traffic: UnboundedReceiver<Traffic>,
}

impl Load {
    /// Starts to send requests to the gateway.
    pub(crate) fn start(gateway: SocketAddr, clock: Clock) -> Result<Self, InvalidUri> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        // A request on a connection that the gateway has just closed is lost like any other.
        let client = Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build(tcp);
        let shopper = Shopper { client, uri: format!("http://{gateway}/").parse()?, clock };
        let (sender, traffic) = unbounded_channel();
        let stop = CancellationToken::new();
        tokio::spawn(shopper.shop(sender, stop.clone()));
        Ok(Self { stop, traffic })
    }

    /// The next thing that happens; `None` once the load was stopped and every request has ended.
    pub(crate) async fn next(&mut self) -> Option<Traffic> {
        self.traffic.recv().await
    }

    /// Sends no more requests.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }
}

#[derive(Debug, Clone)]
struct Shopper {
    client: Client<HttpConnector, Empty<Bytes>>,
    uri: Uri,
    clock: Clock,
}

impl Shopper {
    async fn shop(self, traffic: UnboundedSender<Traffic>, stop: CancellationToken) {
        let mut pace = time::interval(Duration::from_secs(1) / RATE);
        for caller in callers() {
            tokio::select! {
                _ = pace.tick() => (),
                () = stop.cancelled() => break,
                () = traffic.closed() => break,
            }
            let (shopper, traffic) = (self.clone(), traffic.clone());
            let sent = shopper.clock.now();
            let _ = traffic.send(Traffic::Sent(sent));
            tokio::spawn(async move {
                let outcome = shopper.ask(caller).await;
                let answer = Answer { caller, sent, seen: shopper.clock.now(), outcome };
                let _ = traffic.send(Traffic::Ended(answer));
            });
        }
    }

    async fn ask(&self, caller: Caller) -> Result<Chain, String> {
        match time::timeout(PATIENCE, self.get(caller)).await {
            Ok(answer) => answer.map_err(|error| causes(&*error)),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }

    async fn get(&self, caller: Caller) -> Result<Chain, Box<dyn Error + Send + Sync>> {
        let request = Request::get(self.uri.clone()).header("x-user", name(caller)).body(Empty::new())?;
        let (head, body) = self.client.request(request).await?.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await?.to_bytes();
        if head.status != StatusCode::OK {
            return Err(format!("{}: {}", head.status, String::from_utf8_lossy(&body).trim()).into());
        }
        let hop: Hop = serde_json::from_slice(&body)?;
        Ok(Chain::read(&hop)?)
    }
}

/// What a caller calls itself in `x-user`.
pub(crate) fn name(caller: Caller) -> String {
    match caller {
        Caller::Tester => "tester".to_owned(),
        Caller::User(number) => format!("user-{number:03}"),
    }
}

/// Who asks, one after the other: every user equally often, and in between the tester.
fn callers() -> impl Iterator<Item = Caller> + Send {
    let mut users = (0..USERS).cycle().map(Caller::User);
    (1..).map_while(
        move |turn: usize| {
            if turn.is_multiple_of(TESTER_EVERY) { Some(Caller::Tester) } else { users.next() }
        },
    )
}

/// An error and what caused it, down to what the system said.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut links: Vec<_> = iter::successors(Some(error), |&link| link.source()).map(ToString::to_string).collect();
    // Some layers only repeat the one below them.
    links.dedup();
    links.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_asks_equally_often_and_the_tester_all_along() {
        let turns = USERS * TESTER_EVERY;
        let mut asked = vec![0; USERS];
        let mut tester = 0;
        for caller in callers().take(turns) {
            match caller {
                Caller::Tester => tester += 1,
                Caller::User(number) => asked[number] += 1,
            }
        }
        assert_eq!(tester, turns / TESTER_EVERY);
        assert!(asked.iter().all(|&times| times == TESTER_EVERY - 1), "{asked:?}");
    }

    #[tokio::test]
    async fn what_can_not_be_answered_is_told_with_its_cause() -> anyhow::Result<()> {
        let nobody = tokio::net::TcpSocket::new_v4()?;
        nobody.bind("127.0.0.1:0".parse()?)?;
        let mut load = Load::start(nobody.local_addr()?, Clock::start())?;
        let (mut sent, mut ended) = (0, 0);
        while let Some(traffic) = load.next().await {
            match traffic {
                Traffic::Sent(_) => sent += 1,
                Traffic::Ended(Answer { outcome, .. }) => {
                    let cause = outcome.unwrap_err();
                    assert!(cause.contains("refused"), "{cause}");
                    ended += 1;
                }
            }
            if ended == 3 {
                load.stop();
            }
        }
        assert!(ended >= 3 && sent == ended, "{sent} sent, {ended} ended");
        Ok(())
    }
}

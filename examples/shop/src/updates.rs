//! An endless stream of numbered updates, for whoever wants to see what becomes of a long request.

use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::time::{self, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::Hop;

/// The time from one update to the next.
const PERIOD: Duration = Duration::from_millis(100);

/// One update: a line of `GET /events`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Counts from 0 in each request, without gaps.
    pub number: u64,
    /// Who sends it. The headers it reports are those that the request came with.
    pub by: Hop,
}

/// The updates of one request: the first at once, the last before `stop`.
pub(crate) fn updates(by: Hop, stop: CancellationToken) -> impl Stream<Item = Update> + Send + 'static {
    let mut ticks = time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ticks = stream::unfold(ticks, |mut ticks| async move {
        ticks.tick().await;
        Some(((), ticks))
    });
    let numbered = stream::iter(0..).zip(ticks);
    numbered.map(move |(number, ())| Update { number, by: by.clone() }).take_until(stop.cancelled_owned())
}

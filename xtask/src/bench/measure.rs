//! Interleaved rounds: in each one every variant gets the same number of requests, in a new order,
//! so that whatever disturbs the machine for a while disturbs all of them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::load::{self, Connection, Observed};
use super::proxy::Proxy;
use super::request;
use super::variant::Variant;

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Wanted, and by default sent within `time`.
    pub(crate) rounds: u32,
    /// After this no further round is begun, unless there are too few.
    pub(crate) time: Duration,
}

/// Fewer rounds have no quartiles to speak of.
pub(crate) const FEWEST_ROUNDS: u32 = 7;

/// Requests of one variant in one round, on each connection. Short rounds, and many: a disturbance then spoils few of
/// them, and what is compared lies close together.
const REQUESTS: u32 = 25;

/// Requests of each variant on each connection before the first round: V8 compiles hot functions once more.
const WARM_UP: u32 = 250;

/// Requests of one variant in one round, over all connections.
pub(crate) const REQUESTS_PER_ROUND: u32 = REQUESTS * CONNECTIONS;

/// Connections in parallel. With a few, the proxy's core is never idle, so that neither sleep nor
/// wake-up is measured; with many, queues would be.
const CONNECTIONS: u32 = 16;

/// A variant and what was seen of it.
#[derive(Debug)]
pub(crate) struct Measured<'v> {
    pub(crate) variant: &'v Variant,
    /// The proxy's CPU microseconds per request, one figure a round.
    pub(crate) cpu: Vec<f64>,
    /// Latencies of all requests of all rounds, in microseconds.
    pub(crate) latencies: Vec<f64>,
}

/// Measures `variants`; the answer has their order.
pub(crate) fn rounds<'v>(proxy: &Proxy, variants: &'v [Variant], effort: Effort) -> Result<Vec<Measured<'v>>> {
    let listeners = proxy.listeners()?;
    let mut subjects = variants
        .iter()
        .map(|variant| {
            let address = listeners
                .get(&variant.name)
                .with_context(|| format!("the proxy has no listener {:?}", variant.name))?;
            Subject::prepare(variant, *address)
        })
        .collect::<Result<Vec<_>>>()?;
    for subject in &mut subjects {
        subject.send(WARM_UP)?;
        subject.check()?;
    }
    let started = Instant::now();
    for round in 0..effort.rounds {
        if round >= FEWEST_ROUNDS && started.elapsed() > effort.time {
            eprintln!("bench: {:?} are over, so it stays at {round} rounds", effort.time);
            break;
        }
        for index in shuffled(subjects.len(), round) {
            if let Some(subject) = subjects.get_mut(index) {
                subject.measure(proxy, REQUESTS)?;
            }
        }
        if (round + 1) % 20 == 0 {
            eprintln!("bench: round {} of {}", round + 1, effort.rounds);
        }
    }
    for subject in &subjects {
        subject.check()?;
    }
    Ok(subjects.into_iter().map(|subject| subject.measured).collect())
}

/// A variant with its open connections.
struct Subject<'v> {
    measured: Measured<'v>,
    connections: Vec<Connection>,
    requests: Vec<Vec<u8>>,
    answers: usize,
    from_gray: usize,
}

impl<'v> Subject<'v> {
    fn prepare(variant: &'v Variant, address: SocketAddr) -> Result<Self> {
        Ok(Self {
            measured: Measured { variant, cpu: Vec::new(), latencies: Vec::new() },
            connections: (0..CONNECTIONS).map(|_| Connection::open(address)).collect::<Result<_>>()?,
            requests: request::requests(variant.request),
            answers: 0,
            from_gray: 0,
        })
    }

    fn measure(&mut self, proxy: &Proxy, each: u32) -> Result<()> {
        let before = proxy.cpu_time()?;
        let observed = self.send(each)?;
        let spent = proxy.cpu_time()?.since(before).running;
        self.measured.cpu.push(microseconds(spent / (each * CONNECTIONS)));
        self.measured.latencies.extend(observed.latencies.into_iter().map(microseconds));
        Ok(())
    }

    fn send(&mut self, each: u32) -> Result<Observed> {
        // On from where the last round ended, so that all users come in turn and few are in any cache.
        let sent = self.answers / self.connections.len().max(1);
        let observed = load::burst(&mut self.connections, &self.requests, sent, each)
            .with_context(|| format!("while measuring {:?}", self.measured.variant.name))?;
        self.answers += observed.latencies.len();
        self.from_gray += observed.gray;
        Ok(observed)
    }

    /// A filter that does not do its work would look fast.
    fn check(&self) -> Result<()> {
        let Variant { name, expect, .. } = self.measured.variant;
        let Self { answers, from_gray, .. } = self;
        ensure!(
            expect.holds(*from_gray, *answers),
            "{name:?} does not route as it should ({expect:?}): {from_gray} of {answers} answers \
             came from the gray version"
        );
        Ok(())
    }
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The numbers below `count` in an order of this round's own, the same in every run. Each variant
/// so follows each other one, and none always profits from a neighbour that left caches warm.
fn shuffled(count: usize, round: u32) -> Vec<usize> {
    let mut order: Vec<_> = (0..count).collect();
    order.sort_by_cached_key(|index| {
        let mut hasher = DefaultHasher::new();
        (round, index).hash(&mut hasher);
        hasher.finish()
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_measures_every_variant_once_in_another_order() {
        let (first, second) = (shuffled(20, 0), shuffled(20, 1));
        assert_ne!(first, second);
        for mut order in [first, second] {
            order.sort_unstable();
            assert!(order.into_iter().eq(0..20));
        }
        assert_eq!(shuffled(20, 5), shuffled(20, 5));
    }
}

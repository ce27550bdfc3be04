//! A closed-loop load generator: each connection sends its next request when the last one has been
//! answered. It refuses to measure failures: any answer but a 200 of a known version ends the run.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use super::upstream::Version;

const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// One keep-alive connection to a listener of the proxy.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

/// What a burst of requests saw.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    /// Time from sending a request to the end of its answer.
    pub(crate) latencies: Vec<Duration>,
    /// How many of the answers came from the gray version.
    pub(crate) gray: usize,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream =
            TcpStream::connect(address).with_context(|| format!("cannot connect to the proxy at {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        Ok(Self { stream, answer: Vec::with_capacity(1024) })
    }

    /// Sends one request and says which version answered it.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Result<Version> {
        self.stream.write_all(request)?;
        self.answer.clear();
        let mut chunk = [0; 4096];
        loop {
            let length = self.stream.read(&mut chunk).with_context(|| {
                let so_far = String::from_utf8_lossy(&self.answer);
                format!("no whole answer from the proxy, only {so_far:?}")
            })?;
            if length == 0 {
                bail!("the proxy closed the connection");
            }
            self.answer.extend_from_slice(chunk.get(..length).unwrap_or_default());
            if let Some(version) = answered_by(&self.answer) {
                return Ok(version);
            }
        }
    }
}

/// The version whose whole answer this is. The upstream's bodies have a known end, which saves
/// parsing lengths.
fn answered_by(answer: &[u8]) -> Option<Version> {
    if !answer.starts_with(b"HTTP/1.1 200 ") {
        return None;
    }
    let (head, body) = answer.split_at_checked(answer.len().checked_sub(2)?)?;
    let version = [Version::Base, Version::Gray].into_iter().find(|version| version.body().as_bytes() == body)?;
    head.ends_with(b"\r\n\r\n").then_some(version)
}

/// Sends `each` requests over every connection at once, cycling through `requests`. Each connection has a share of them, of which
/// the first `sent` were sent before.
pub(crate) fn burst(connections: &mut [Connection], requests: &[Vec<u8>], sent: usize, each: u32) -> Result<Observed> {
    let share = requests.len() / connections.len().max(1);
    thread::scope(|scope| {
        let running: Vec<_> = (0..)
            .zip(connections.iter_mut())
            .map(|(nth, connection)| {
                let own = requests.iter().cycle().skip(nth * share + sent % share.max(1));
                scope.spawn(move || send_all(connection, own.zip(0..each)))
            })
            .collect();
        let mut total = Observed::default();
        for thread in running {
            let observed = thread.join().map_err(|_| anyhow!("a load thread died"))??;
            total.latencies.extend(observed.latencies);
            total.gray += observed.gray;
        }
        Ok(total)
    })
}

fn send_all<'r>(connection: &mut Connection, requests: impl Iterator<Item = (&'r Vec<u8>, u32)>) -> Result<Observed> {
    let mut observed = Observed::default();
    for (request, _nth) in requests {
        let sent = Instant::now();
        let version = connection.exchange(request)?;
        observed.latencies.push(sent.elapsed());
        observed.gray += usize::from(version == Version::Gray);
    }
    Ok(observed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::upstream::Upstreams;

    #[test]
    fn only_a_whole_200_of_a_known_version_counts() {
        assert_eq!(answered_by(b"HTTP/1.1 200 OK\r\nserver: envoy\r\n\r\nv2"), Some(Version::Gray));
        assert_eq!(answered_by(b"HTTP/1.1 200 OK\r\nserver: v2"), None);
        assert_eq!(answered_by(b"HTTP/1.1 200 OK\r\n\r\nv"), None);
        assert_eq!(answered_by(b"HTTP/1.1 503 No\r\n\r\nv2"), None);
        assert_eq!(answered_by(b""), None);
    }

    #[test]
    fn every_connection_sends_its_share_and_every_answer_is_seen() {
        let upstreams = Upstreams::start().unwrap();
        for (address, gray) in [(upstreams.base, 0), (upstreams.gray, 20)] {
            let mut connections = [Connection::open(address).unwrap(), Connection::open(address).unwrap()];
            let requests = [b"GET / HTTP/1.1\r\nhost: a\r\n\r\n".to_vec()];
            let observed = burst(&mut connections, &requests, 0, 10).unwrap();
            assert_eq!((observed.latencies.len(), observed.gray), (20, gray));
        }
    }
}

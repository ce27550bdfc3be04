//! The services behind the measured proxy: one tiny HTTP/1.1 server for each version, in this
//! process and on the core of the load generator, so that none of its work is counted.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

/// Which version answered a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// The one that serves whoever is in no lane.
    Base,
    /// The one of the lane `gray`.
    Gray,
}

impl Version {
    /// The whole body of this version's answers.
    pub(crate) const fn body(self) -> &'static str {
        match self {
            Self::Base => "v1",
            Self::Gray => "v2",
        }
    }
}

/// Addresses of the two running versions. Their threads live as long as this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upstreams {
    pub(crate) base: SocketAddr,
    pub(crate) gray: SocketAddr,
}

impl Upstreams {
    /// Starts both servers on ports that the system chooses.
    pub(crate) fn start() -> Result<Self> {
        Ok(Self { base: serve(Version::Base)?, gray: serve(Version::Gray)? })
    }
}

fn serve(version: Version) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on loopback")?;
    let address = listener.local_addr()?;
    let body = version.body();
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || answer_all(connection, answer.as_bytes()));
        }
    });
    Ok(address)
}

/// Answers bodiless requests, one at a time, until the proxy closes the connection.
fn answer_all(mut connection: TcpStream, answer: &[u8]) {
    let mut received = Vec::new();
    let mut chunk = [0; 8192];
    while let Ok(length) = connection.read(&mut chunk) {
        let Some(bytes) = chunk.get(..length).filter(|bytes| !bytes.is_empty()) else {
            return;
        };
        received.extend_from_slice(bytes);
        if received.ends_with(b"\r\n\r\n") {
            received.clear();
            if connection.write_all(answer).is_err() {
                return;
            }
        }
    }
}

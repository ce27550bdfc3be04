//! One request through a proxy, in whatever protocol it is spoken.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};

use super::http1::{Connection, Head};
use super::http2::{Call, Client, Ending};
use super::token;
use super::upstream::{FAILS, MIRROR, REDIRECT, Record};
use crate::host::Headers;
use crate::scenario::{Arrival, Message, Place, Protocol, Response, Seen};

/// What is sent for a message: with a token for its claims, and with what upstreams need to know.
pub(super) fn furnished(message: &Message) -> Result<Message> {
    let mut message = message.clone();
    if !message.claims.is_empty() {
        let token = format!("Bearer {}", token::signed(&message.claims)?);
        message.headers.push((b"authorization".to_vec(), token.into_bytes()));
    }
    if message.fails > 0 {
        message.headers.push((FAILS.as_bytes().to_vec(), message.fails.to_string().into_bytes()));
    }
    if let Some(path) = &message.redirect {
        let location = [&b"http://"[..], &message.authority, path.as_bytes()].concat();
        message.headers.push((REDIRECT.as_bytes().to_vec(), location));
    }
    if message.mirror.is_some() {
        message.headers.push((MIRROR.as_bytes().to_vec(), b"1".to_vec()));
    }
    Ok(message)
}

/// Sends a request over a connection of its own, and waits for all of the response.
pub(super) fn send(client: &Client, proxy: SocketAddr, message: &Message) -> Result<Seen> {
    match message.protocol {
        Protocol::Http1 => over_http1(&mut Connection::open(proxy)?, message),
        Protocol::Http2 | Protocol::Grpc | Protocol::GrpcStream | Protocol::Websocket | Protocol::Connect => {
            let (seen, open) = Open::begin(client, proxy, message, Ending::Complete)?;
            open.end(client)?;
            Ok(seen)
        }
    }
}

/// Sends a request over a connection that may have served others.
pub(super) fn over_http1(connection: &mut Connection, message: &Message) -> Result<Seen> {
    let head = connection.send(message)?;
    let body = connection.body(&head)?;
    seen(head, &body)
}

/// A request whose response has begun.
#[derive(Debug)]
pub(super) enum Open {
    Call(Call),
    Socket(Connection),
}

impl Open {
    /// Sends a request and waits for what its upstream saw.
    pub(super) fn begin(client: &Client, proxy: SocketAddr, message: &Message, ending: Ending) -> Result<(Seen, Self)> {
        match message.protocol {
            Protocol::Websocket | Protocol::Connect => {
                let mut connection = Connection::open(proxy)?;
                let head = connection.send(message)?;
                ensure!(matches!(head.status, 101 | 200), "the upgrade was answered with {}", head.status);
                let record = connection.line()?;
                Ok((seen(head, &record)?, Self::Socket(connection)))
            }
            Protocol::Http1 | Protocol::Http2 | Protocol::Grpc | Protocol::GrpcStream => {
                let mut call = client.call(proxy, message, ending)?;
                let refused = call.head.headers.get("x-gray-reason").is_some();
                let record = if refused { Vec::new() } else { client.next(&mut call)? };
                let head = Head { status: call.head.status, headers: call.head.headers.clone() };
                Ok((seen(head, &record)?, Self::Call(call)))
            }
        }
    }

    /// Where the request is served now: whoever serves it answers.
    pub(super) fn whereabouts(&mut self, client: &Client) -> Result<Place> {
        const QUESTION: &[u8] = b"who is there?";
        let answer = match self {
            Self::Socket(connection) => {
                connection.write(QUESTION)?;
                connection.line()?
            }
            Self::Call(call) => {
                client.talk(call, QUESTION)?;
                client.next(call)?
            }
        };
        place(&String::from_utf8_lossy(&answer))
    }

    /// Ends the request and waits for the end of the response.
    pub(super) fn end(self, client: &Client) -> Result<()> {
        match self {
            Self::Socket(_) => Ok(()),
            Self::Call(call) => client.end(call),
        }
    }
}

/// What became of a request. A response without a record is the filter's own, and says why.
fn seen(head: Head, record: &[u8]) -> Result<Seen> {
    let Head { status, headers } = head;
    let record: Option<Record> = match serde_json::from_slice(record) {
        Ok(record) => Some(record),
        Err(_) if headers.get("x-gray-reason").is_some() => None,
        Err(_) => bail!("answered {status} with {:?}", String::from_utf8_lossy(record)),
    };
    let attempts = record.as_ref().map_or(0, |record| record.attempt);
    let arrival = record.map(|record| {
        let headers: Headers = record.headers.into_iter().collect();
        anyhow::Ok(Arrival { place: place(&record.cluster)?, headers })
    });
    let response = Response { status: Some(status), headers };
    Ok(Seen { arrival: arrival.transpose()?, response, decided: None, events: None, attempts: Some(attempts) })
}

fn place(cluster: &str) -> Result<Place> {
    Place::of_cluster(cluster).with_context(|| format!("an unknown cluster {cluster:?}"))
}

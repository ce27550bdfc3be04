//! HTTP/1.1 by hand: every byte of a request is as the scenario has it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, ensure};

use super::DEADLINE;
use crate::host::Headers;
use crate::scenario::{Message, Protocol, TargetForm};

/// A connection to a proxy.
#[derive(Debug)]
pub(super) struct Connection(BufReader<TcpStream>);

/// The head of a response.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: Headers,
}

impl Connection {
    pub(super) fn open(proxy: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(proxy)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a request without body and reads the head of the response.
    pub(super) fn send(&mut self, message: &Message) -> Result<Head> {
        self.0.get_mut().write_all(&request(message))?;
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let status = lines.first().and_then(|line| line.split(|byte| *byte == b' ').nth(1));
        let status = status.and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
        let fields = lines.iter().skip(1).filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((line.get(..colon)?, line.get(colon + 1..)?.trim_ascii()))
        });
        Ok(Head { status: status.context("no status line")?, headers: fields.collect() })
    }

    /// Reads the body that `head` announces.
    pub(super) fn body(&mut self, head: &Head) -> Result<Vec<u8>> {
        let length = head.headers.get("content-length").context("a response without length")?.parse()?;
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(body)
    }

    /// Reads a line, without its end.
    pub(super) fn line(&mut self) -> Result<Vec<u8>> {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line)?;
        ensure!(line.pop() == Some(b'\n'), "the connection was closed");
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(line)
    }

    /// Writes bytes as they are.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.0.get_mut().write_all(bytes)?)
    }
}

fn request(message: &Message) -> Vec<u8> {
    let Message { method, authority, path, headers, target, protocol, .. } = message;
    let target: &[&[u8]] = match (protocol, target) {
        (Protocol::Connect, _) => &[authority],
        (_, TargetForm::Origin) => &[path],
        (_, TargetForm::Absolute) => &[b"http://", authority, path],
    };
    let upgrade: &[u8] = match protocol {
        Protocol::Websocket => b"connection: upgrade\r\nupgrade: websocket\r\n",
        Protocol::Http1 | Protocol::Http2 | Protocol::Grpc | Protocol::GrpcStream | Protocol::Connect => b"",
    };
    let mut bytes = [method, &b" "[..], &target.concat(), b" HTTP/1.1\r\nhost: ", authority, b"\r\n", upgrade].concat();
    for (name, value) in headers {
        bytes.extend([name, &b": "[..], value, b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes
}

//! The way of a request that is to be explained: what the proxy behind an app tells the one in front of it.
//!
//! ```text
//! checksum: 8 | id: 8 | expires: 4 | calls, each on a line
//! ```
//!
//! A small ring of values, chosen by trace id. Only requests that somebody who may ask has asked about come here; where
//! two of them meet in one value, the later one's way is told and the other's is not.

use super::{Key, Table, Ticket};
use crate::hash;
use crate::trace_id::TraceId;

const FORMAT: &str = "graylane.way/1";
/// The longest way, in bytes.
const LONGEST: usize = 2_048;
/// Seconds until what nobody has asked for is forgotten: longer than callers wait for a response.
const EXPIRES: u32 = 600;
const TRIES: u32 = 3;

impl Table {
    /// Tells the way of a call that was made for a request.
    pub fn tell(&mut self, id: TraceId, way: &str) {
        let (id, now) = (id.hash(), self.time.now);
        for _ in 0..TRIES {
            let Some((value, token)) = self.store.get(key(id)) else { return };
            let mut calls = match Calls::decode(&value) {
                Some(calls) if calls.id == id && calls.is_live(now) => calls.text.to_owned(),
                _ => String::new(),
            };
            if !calls.is_empty() {
                calls.push('\n');
            }
            calls.push_str(way);
            calls.truncate(calls.floor_char_boundary(LONGEST));
            let calls = Calls { id, expires: now.saturating_add(EXPIRES), text: &calls };
            if self.store.put(key(id), &calls.encode(), token).is_ok() {
                return;
            }
        }
    }

    /// The ways of the calls that were made for a request, in the order of their responses; each is told once.
    pub fn told(&mut self, ticket: &Ticket) -> Vec<String> {
        let Some((value, token)) = self.store.get(key(ticket.id)) else { return Vec::new() };
        let now = self.time.now;
        let own = |calls: &Calls<'_>| calls.id == ticket.id && calls.is_live(now);
        let Some(calls) = Calls::decode(&value).filter(own) else { return Vec::new() };
        // Overtaken: a call that came late, and is told to nobody.
        let _ = self.store.put(key(ticket.id), b"", token);
        calls.text.lines().map(str::to_owned).collect()
    }
}

fn key(id: u64) -> Key {
    Key::Way(u32::try_from(id % u64::from(Key::WAYS)).unwrap_or_default())
}

/// The ways of the calls made for one request.
struct Calls<'a> {
    id: u64,
    expires: u32,
    text: &'a str,
}

impl<'a> Calls<'a> {
    fn is_live(&self, now: u32) -> bool {
        (1..=EXPIRES * 2).contains(&self.expires.wrapping_sub(now))
    }

    fn decode(value: &'a [u8]) -> Option<Self> {
        let (checksum, content) = value.split_first_chunk()?;
        (hash::salted(FORMAT, content) == u64::from_le_bytes(*checksum)).then_some(())?;
        let (id, rest) = content.split_first_chunk()?;
        let (expires, text) = rest.split_first_chunk()?;
        let text = std::str::from_utf8(text).ok()?;
        Some(Self { id: u64::from_le_bytes(*id), expires: u32::from_le_bytes(*expires), text })
    }

    fn encode(&self) -> Vec<u8> {
        let content = [&self.id.to_le_bytes()[..], &self.expires.to_le_bytes(), self.text.as_bytes()].concat();
        [&hash::salted(FORMAT, &content).to_le_bytes()[..], &content].concat()
    }
}

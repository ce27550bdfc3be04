//! What a decision may look at.

use crate::correlation::{Question, Recall, Ticket};
use crate::hash::IdentityHash;
use crate::mark::LaneList;
use crate::name::ClaimName;
use crate::router::SplitId;
use crate::slots::Slot;
use crate::trace_id::TraceId;

/// The name and the value of a header field.
pub type Line<'a> = (&'a [u8], &'a [u8]);

/// A request's headers and what the proxy knows of its sender.
///
/// Values are bytes: nothing here assumes UTF-8, a length, or that a header occurs once.
pub trait Request {
    /// All header fields in order, pseudo-headers (`:method`, `:path`, `:authority`) included, names in lower case.
    fn headers(&self) -> impl Iterator<Item = Line<'_>>
    where
        Self: Sized;

    /// A claim of a token that the proxy has verified, as text; asked for only where a rule or identity needs it.
    fn claim(&self, name: &ClaimName) -> Option<Vec<u8>> {
        let _ = name;
        None
    }

    /// The address of the peer as text, without port; asked for only where an identity needs it.
    fn source_address(&self) -> Option<Vec<u8>> {
        None
    }

    /// The SPIFFE id in the certificate of the peer, which the proxy has verified; asked for only where not every peer
    /// is believed.
    fn principal(&self) -> Option<Vec<u8>> {
        None
    }
}

/// What a decision needs beyond the request: the only source of chance and of the time, and a memory.
pub trait Draw: Memory {
    /// An id that no one else was given.
    fn opaque_id(&mut self) -> OpaqueId;

    /// The next place in the low-discrepancy sequence of `split`.
    fn sequence_slot(&mut self, split: SplitId) -> Slot;

    /// Seconds since the Unix epoch; asked for only where a request has a signed override.
    fn unix_seconds(&mut self) -> u64;
}

/// What a sidecar remembers of the requests that its app is serving; without more, nothing.
pub trait Memory {
    /// Remembers a request that begins, by its trace id: its lanes (`None`: it has no mark), and its identity.
    fn remember(
        &mut self,
        id: TraceId,
        lanes: Option<&LaneList<'_>>,
        identity: Option<IdentityHash>,
        question: Question,
    ) -> Option<Ticket> {
        let _ = (id, lanes, identity, question);
        None
    }

    /// What is remembered of a trace id.
    fn recall(&mut self, id: TraceId) -> Recall {
        let _ = id;
        Recall::Unknown
    }
}

/// The value of a sticky cookie: 128 bits as 32 hexadecimal digits, which say nothing of who or what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpaqueId(pub u128);

impl OpaqueId {
    /// Reads exactly what [`Display`](std::fmt::Display) writes.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digits = text.len() == 32 && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let text = std::str::from_utf8(text).ok().filter(|_| digits)?;
        u128::from_str_radix(text, 16).ok().map(Self)
    }
}

impl std::fmt::Display for OpaqueId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A draw that always gives the same: for requests whose decision needs no chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDraw;

impl Memory for NoDraw {}

impl Draw for NoDraw {
    fn opaque_id(&mut self) -> OpaqueId {
        OpaqueId(0)
    }

    fn sequence_slot(&mut self, _: SplitId) -> Slot {
        Slot::of_phase(u32::MAX)
    }

    /// The end of time: every override has expired.
    fn unix_seconds(&mut self) -> u64 {
        u64::MAX
    }
}

/// A request made of owned headers, for tools and tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Vec<u8>, Vec<u8>)>);

impl Headers {
    /// Appends a field; the name is put in lower case.
    pub fn push(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.0.push((name.as_ref().to_ascii_lowercase(), value.as_ref().to_vec()));
    }

    /// The values of the fields called `name`, in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(field, _)| field == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// Replaces all fields called `name` by one.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.remove(name);
        self.push(name, value);
    }

    /// Removes all fields called `name`.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(field, _)| field != name.as_bytes());
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>, const COUNT: usize> From<[(N, V); COUNT]> for Headers {
    fn from(fields: [(N, V); COUNT]) -> Self {
        fields.into_iter().collect()
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut headers = Self::default();
        for (name, value) in fields {
            headers.push(name, value);
        }
        headers
    }
}

impl Request for Headers {
    fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }
}

//! Trace ids, whatever they are written in: one number of 128 bits, so that different spellings of one id meet.
//!
//! Readers are strict and linear, allocate nothing, and never fail: what is no id of the format is no id. It must not know
//! what ids are for.

mod read;

use crate::config::TraceSource;
use crate::hash;
use crate::request::Line;
use crate::view::Field;

/// The id that all requests have which are made, over many hops, for one and the same request. Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(u128);

impl TraceId {
    /// The id; zero is none, in every format.
    #[must_use]
    pub fn new(id: u128) -> Option<Self> {
        (id != 0).then_some(Self(id))
    }

    /// A hash of it; never zero.
    pub(crate) fn hash(self) -> u64 {
        hash::salted("graylane.trace", &self.0.to_le_bytes()).max(1)
    }
}

/// The header fields that hold trace ids.
#[derive(Default)]
pub(crate) struct Fields<'a> {
    traceparent: Field<'a>,
    b3: Field<'a>,
    b3_trace_id: Field<'a>,
    sw8: Field<'a>,
    datadog: Field<'a>,
    request_id: Field<'a>,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(lines: &[Line<'a>]) -> Self {
        let mut fields = Self::default();
        lines.iter().for_each(|line| fields.add(*line));
        fields
    }

    pub(crate) fn add(&mut self, (name, value): Line<'a>) {
        match name {
            b"traceparent" => self.traceparent.add(value),
            b"b3" => self.b3.add(value),
            b"x-b3-traceid" => self.b3_trace_id.add(value),
            b"sw8" => self.sw8.add(value),
            b"x-datadog-trace-id" => self.datadog.add(value),
            b"x-request-id" => self.request_id.add(value),
            _ => {}
        }
    }

    /// The first id there is.
    pub(crate) fn first(&self, sources: &[TraceSource]) -> Option<TraceId> {
        sources.iter().find_map(|source| self.id(*source))
    }

    /// All ids, in the order of their sources.
    pub(crate) fn all(&self, sources: &[TraceSource]) -> impl Iterator<Item = TraceId> {
        sources.iter().filter_map(|source| self.id(*source))
    }

    /// The id of one source; a header that occurs twice holds none, as nothing tells which one counts.
    fn id(&self, source: TraceSource) -> Option<TraceId> {
        let id = match source {
            TraceSource::Traceparent => read::traceparent(once(self.traceparent)?),
            TraceSource::B3 => match once(self.b3) {
                Some(b3) => read::b3(b3),
                None => read::b3_trace_id(once(self.b3_trace_id)?),
            },
            TraceSource::Sw8 => read::sw8(once(self.sw8)?),
            TraceSource::Datadog => read::datadog(once(self.datadog)?),
            TraceSource::RequestId => read::request_id(once(self.request_id)?),
        };
        id.and_then(TraceId::new)
    }
}

fn once(field: Field<'_>) -> Option<&[u8]> {
    match field {
        Field::Once(value) => Some(value),
        Field::Absent | Field::Repeated => None,
    }
}

#[cfg(test)]
mod tests;

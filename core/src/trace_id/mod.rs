//! Trace ids, whatever they are written in: one number of 128 bits, so that different spellings of one id meet.
//!
//! Readers are strict and linear, allocate nothing, and never fail: what is no id of the format is no id. It must not know
//! what ids are for.

mod read;

use xxhash_rust::xxh64::xxh64;

use crate::carrier::TRACEPARENT;
use crate::config::TraceSource;
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
        xxh64(&self.0.to_le_bytes(), SEED).max(1)
    }
}

/// Any number.
const SEED: u64 = 0x6772_6179_6c61_6e65;

/// The names of header fields that hold trace ids.
pub(crate) const NAMES: [&str; 6] = [TRACEPARENT, "b3", "x-b3-traceid", "sw8", "x-datadog-trace-id", "x-request-id"];

/// The values of the headers that hold trace ids, in the order of their [`NAMES`]. One that occurs twice holds none, as
/// nothing tells which one counts.
pub(crate) struct Fields<'a>([Option<&'a [u8]>; 6]);

impl<'a> Fields<'a> {
    pub(crate) fn of(lines: &[Line<'a>]) -> Self {
        let mut fields = [Field::Absent; 6];
        for (name, value) in lines {
            for (field, known) in fields.iter_mut().zip(NAMES) {
                if known.as_bytes() == *name {
                    field.add(value);
                }
            }
        }
        Self(fields.map(once))
    }

    /// Fields that occur once or not at all.
    pub(crate) fn new(fields: [Option<&'a [u8]>; 6]) -> Self {
        Self(fields)
    }

    /// The first id there is.
    pub(crate) fn first(&self, sources: &[TraceSource]) -> Option<TraceId> {
        sources.iter().find_map(|source| self.id(*source))
    }

    /// All ids, in the order of their sources.
    pub(crate) fn all(&self, sources: &[TraceSource]) -> impl Iterator<Item = TraceId> {
        sources.iter().filter_map(|source| self.id(*source))
    }

    /// The id of one source.
    fn id(&self, source: TraceSource) -> Option<TraceId> {
        let [traceparent, b3, b3_trace_id, sw8, datadog, request_id] = self.0;
        let id = match source {
            TraceSource::Traceparent => read::traceparent(traceparent?),
            TraceSource::B3 => match b3 {
                Some(b3) => read::b3(b3),
                None => read::b3_trace_id(b3_trace_id?),
            },
            TraceSource::Sw8 => read::sw8(sw8?),
            TraceSource::Datadog => read::datadog(datadog?),
            TraceSource::RequestId => read::request_id(request_id?),
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

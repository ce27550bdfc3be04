//! What the short ways look at: the few headers that tell whether a request is as usual, found in one pass over all of
//! them.

use super::Router;
use crate::carrier::{BAGGAGE, TRACESTATE};
use crate::config::{FilterConfig, HeaderCarrier, HeaderNames, Mode};
use crate::name::HeaderName;
use crate::request::Line;
use crate::trace_id;
use crate::words;

/// Headers that tell whether a request is as usual.
const OWN: usize = 9;
const PLACES: usize = OWN + trace_id::NAMES.len();
const TRAITS: usize = 64;
/// No place.
const NOWHERE: usize = PLACES;

/// The values of the headers that the short ways know, in this order: authority, path, lane, identity,
/// version, explain, signed, `baggage` and `tracestate`, and those that may hold a trace id.
#[derive(Debug, Clone, Copy)]
pub struct Glance<'a>(pub(super) [Option<&'a [u8]>; PLACES]);

/// The names of all headers that the short ways know, those that lead away from them among them.
#[derive(Debug)]
pub(super) struct Watch {
    /// The place of the first name with a [`trait_of`], by that trait: nearly all other headers are told from them by it.
    first: [usize; TRAITS],
    names: [Watched; PLACES],
}

#[derive(Debug)]
struct Watched {
    name: Box<[u8]>,
    /// The place of another name with the same trait.
    next: usize,
}

impl Watch {
    /// None where every request is unusual.
    pub(super) fn of(config: &FilterConfig) -> Option<Self> {
        let HeaderNames { lane, identity, version, explain, signed, .. } = &config.headers;
        let usual = config.mode == Mode::Enforce && config.carriers.headers == HeaderCarrier::Enabled;
        let [lane, identity, version, explain, signed] =
            [lane, identity, version, explain, signed].map(HeaderName::as_str);
        let [traceparent, b3, b3_trace_id, sw8, datadog, request_id] = trace_id::NAMES;
        let names = [
            ":authority",
            ":path",
            lane,
            identity,
            version,
            explain,
            signed,
            BAGGAGE,
            TRACESTATE,
            traceparent,
            b3,
            b3_trace_id,
            sw8,
            datadog,
            request_id,
        ];
        let mut watch = Self {
            first: [NOWHERE; TRAITS],
            names: names.map(|name| Watched { name: name.as_bytes().into(), next: NOWHERE }),
        };
        // Ids are of no interest to whoever remembers nothing.
        let watched = if config.correlation.is_some() { PLACES } else { OWN };
        for (place, watched) in watch.names.iter_mut().enumerate().take(watched) {
            let first = watch.first.get_mut(trait_of(&watched.name))?;
            watched.next = std::mem::replace(first, place);
        }
        usual.then_some(watch)
    }

    fn see<'a>(&self, lines: impl Iterator<Item = Line<'a>>) -> Option<Glance<'a>> {
        let mut seen = [None; PLACES];
        for (name, value) in lines {
            let mut place = *self.first.get(trait_of(name))?;
            while let Some(watched) = self.names.get(place) {
                if words::same(&watched.name, name) && seen.get_mut(place)?.replace(value).is_some() {
                    return None;
                }
                place = watched.next;
            }
        }
        Some(Glance(seen))
    }
}

/// Something that is quick to see of a name, below [`TRAITS`].
fn trait_of(name: &[u8]) -> usize {
    let [.., last] = name else { return 0 };
    (name.len() + usize::from(*last) * 5) % TRAITS
}

impl Router {
    /// What is seen of a request of these header fields at a glance; `None` if none of the short ways may be for it, as one
    /// of those fields that they know occurs twice.
    pub fn glance<'a>(&self, fields: impl Iterator<Item = Line<'a>>) -> Option<Glance<'a>> {
        self.watch.as_ref()?.see(fields)
    }
}

//! The requests that are under way and have something to count or to say when their response comes.
//!
//! In the order of their numbers, which Envoy counts up: a new one nearly always goes to the end, any is found by halving,
//! and one that has ended leaves a gap until the gaps are many. Bounded, should Envoy never tell the end of some.

use std::collections::VecDeque;

use graylane_abi::StreamId;

/// More than a worker thread can serve at once.
const MOST: usize = 1 << 16;
/// As many gaps are always allowed.
const FEW: usize = 32;

/// Streams by number.
#[derive(Debug)]
pub(crate) struct Streams<T> {
    places: VecDeque<(StreamId, Option<T>)>,
    gaps: usize,
}

impl<T> Streams<T> {
    pub(crate) const fn new() -> Self {
        Self { places: VecDeque::new(), gaps: 0 }
    }

    /// Keeps a stream. What it returns had to make room for it.
    pub(crate) fn open(&mut self, id: StreamId, stream: T) -> Option<T> {
        let displaced = if self.places.len() < MOST { None } else { self.evict() };
        match self.find(id) {
            // Not of this host: numbers are given once.
            Ok(at) => self.places.get_mut(at).and_then(|(_, place)| place.replace(stream)),
            Err(at) => {
                self.places.insert(at, (id, Some(stream)));
                displaced
            }
        }
    }

    pub(crate) fn get_mut(&mut self, id: StreamId) -> Option<&mut T> {
        let at = self.find(id).ok()?;
        self.places.get_mut(at)?.1.as_mut()
    }

    /// All that are under way.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places.iter_mut().filter_map(|(_, place)| place.as_mut())
    }

    /// Ends a stream, if it is kept.
    pub(crate) fn end(&mut self, id: StreamId) -> Option<T> {
        let at = self.find(id).ok()?;
        let stream = self.places.get_mut(at)?.1.take()?;
        self.gaps += 1;
        self.close_gaps();
        Some(stream)
    }

    fn find(&self, id: StreamId) -> Result<usize, usize> {
        self.places.binary_search_by_key(&id, |(id, _)| *id)
    }

    fn close_gaps(&mut self) {
        while self.places.pop_front_if(|(_, place)| place.is_none()).is_some() {
            self.gaps -= 1;
        }
        if self.gaps > FEW.max(self.places.len() / 2) {
            self.places.retain(|(_, place)| place.is_some());
            self.gaps = 0;
        }
    }

    /// Drops the oldest stream; none if there are gaps to drop instead.
    fn evict(&mut self) -> Option<T> {
        self.places.retain(|(_, place)| place.is_some());
        self.gaps = 0;
        if self.places.len() < MOST { None } else { self.places.pop_front()?.1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_end_in_any_order_and_once() {
        let mut streams = Streams::new();
        for id in [7, 9, 8, 3, 400] {
            assert_eq!(streams.open(StreamId(id), id), None);
        }
        assert_eq!(streams.get_mut(StreamId(8)), Some(&mut 8));
        for id in [8, 400, 7, 3, 9] {
            assert_eq!(streams.end(StreamId(id)), Some(id));
            assert_eq!(streams.end(StreamId(id)), None);
            assert_eq!(streams.get_mut(StreamId(id)), None);
        }
        assert_eq!((streams.places.len(), streams.gaps), (0, 0));
    }

    #[test]
    fn a_long_stream_does_not_keep_the_places_of_those_after_it() {
        let mut streams = Streams::new();
        streams.open(StreamId(0), 0);
        for id in 1..100_000 {
            streams.open(StreamId(id), id);
            assert_eq!(streams.end(StreamId(id)), Some(id));
        }
        assert!(streams.places.len() <= 2 * FEW, "{}", streams.places.len());
        assert_eq!(streams.end(StreamId(0)), Some(0));
    }

    #[test]
    fn streams_without_end_are_bounded_and_the_oldest_goes_first() {
        let mut streams = Streams::new();
        let most = u32::try_from(MOST).unwrap();
        for id in 0..most {
            assert_eq!(streams.open(StreamId(id), id), None);
        }
        for id in 0..100 {
            assert_eq!(streams.open(StreamId(most + id), most + id), Some(id));
        }
        assert_eq!(streams.places.len(), MOST);
        assert_eq!(streams.end(StreamId(most)), Some(most));
    }
}

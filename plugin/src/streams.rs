//! The requests that are under way and have something to count or to say when their response comes.
//!
//! Numbers are counted up, so those under way are mostly neighbours: each has a place that follows from its number. Who is
//! still there when another comes for the place moves to the long ones, which stand in the order of their numbers. Bounded,
//! should Envoy never tell the end of some.

use graylane_abi::StreamId;

/// Places for those that are soon over.
const NEAR: usize = 64;
/// Together with those, more than a worker thread can serve at once.
const MOST: usize = 1 << 16;

/// Streams by number.
#[derive(Debug)]
pub(crate) struct Streams<T> {
    near: [Option<(StreamId, T)>; NEAR],
    /// Boxed, as one that ends moves all after it.
    long: Vec<(StreamId, Box<T>)>,
}

impl<T> Streams<T> {
    pub(crate) const fn new() -> Self {
        Self { near: [const { None }; NEAR], long: Vec::new() }
    }

    /// Keeps a stream. What it returns had to make room for it.
    pub(crate) fn open(&mut self, id: StreamId, stream: T) -> Option<T> {
        let (older, longer) = self.near.get_mut(place(id))?.replace((id, stream))?;
        self.keep_long(older, longer)
    }

    #[cold]
    #[inline(never)]
    fn keep_long(&mut self, id: StreamId, stream: T) -> Option<T> {
        let oldest = (self.long.len() >= MOST).then(|| *self.long.remove(0).1);
        let at = find(&self.long, id).unwrap_or_else(|at| at);
        self.long.insert(at, (id, Box::new(stream)));
        oldest
    }

    pub(crate) fn get_mut(&mut self, id: StreamId) -> Option<&mut T> {
        match self.near.get_mut(place(id))? {
            Some((own, stream)) if *own == id => Some(stream),
            _ => {
                let at = find(&self.long, id).ok()?;
                self.long.get_mut(at).map(|(_, stream)| &mut **stream)
            }
        }
    }

    /// All that are under way.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let long = self.long.iter_mut().map(|(_, stream)| &mut **stream);
        self.near.iter_mut().flatten().map(|(_, stream)| stream).chain(long)
    }

    /// Ends a stream, if it is kept.
    pub(crate) fn end(&mut self, id: StreamId) -> Option<T> {
        match self.near.get_mut(place(id))?.take_if(|(own, _)| *own == id) {
            Some((_, stream)) => Some(stream),
            None => find(&self.long, id).ok().map(|at| *self.long.remove(at).1),
        }
    }
}

#[cold]
#[inline(never)]
fn find<T>(long: &[(StreamId, T)], id: StreamId) -> Result<usize, usize> {
    long.binary_search_by_key(&id, |(id, _)| *id)
}

fn place(StreamId(id): StreamId) -> usize {
    usize::try_from(id).unwrap_or_default() % NEAR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_end_in_any_order_and_once() {
        let mut streams = Streams::new();
        let near = u32::try_from(NEAR).unwrap();
        let ids = [7, 9, 8, 3, 400, 7 + near, 7 + 3 * near, 7 + 2 * near];
        for id in ids {
            assert_eq!(streams.open(StreamId(id), id), None);
        }
        for id in ids {
            assert_eq!(streams.get_mut(StreamId(id)), Some(&mut { id }));
        }
        assert_eq!(streams.iter_mut().count(), ids.len());
        for id in [8, 400, 7 + near, 7, 3, 7 + 2 * near, 9, 7 + 3 * near] {
            assert_eq!(streams.end(StreamId(id)), Some(id));
            assert_eq!(streams.end(StreamId(id)), None);
            assert_eq!(streams.get_mut(StreamId(id)), None);
        }
        assert_eq!(streams.iter_mut().count(), 0);
    }

    #[test]
    fn a_long_stream_is_kept_while_others_come_and_go() {
        let mut streams = Streams::new();
        streams.open(StreamId(0), 0);
        for id in 1..1_000 {
            streams.open(StreamId(id), id);
            assert_eq!(streams.end(StreamId(id)), Some(id));
        }
        assert_eq!(streams.iter_mut().count(), 1);
        assert_eq!(streams.end(StreamId(0)), Some(0));
    }

    #[test]
    fn streams_without_end_are_bounded_and_the_oldest_goes_first() {
        let mut streams = Streams::new();
        let most = u32::try_from(MOST + NEAR).unwrap();
        for id in 0..most {
            assert_eq!(streams.open(StreamId(id), id), None);
        }
        for id in 0..100 {
            assert_eq!(streams.open(StreamId(most + id), most + id), Some(id));
        }
        assert_eq!(streams.iter_mut().count(), MOST + NEAR);
        assert_eq!(streams.end(StreamId(most)), Some(most));
    }
}

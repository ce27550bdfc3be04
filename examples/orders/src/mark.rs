//! The mark of a request, as a message carries it.

/// The name of a lane.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(pub String);

/// What is carried from the request that caused a message to the calls that the message causes: header fields, unread
/// and unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark(Vec<(String, String)>);

/// The lanes of the request, `base`, or `a, b`.
const LANES: &str = "x-gray-lane";
/// The hash of the request's identity, by which services' own splits go.
const IDENTITY: &str = "x-gray-id";

impl Mark {
    /// Takes the mark out of a request's headers, or out of a message's.
    pub fn of<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let carried = |name: &str| [LANES, IDENTITY].iter().any(|carried| name.eq_ignore_ascii_case(carried));
        let fields = headers.into_iter().filter(|(name, _)| carried(name));
        Self(fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect())
    }

    /// The headers to put into a message, and into each call that handling it makes.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The lanes, in order of precedence; `base` is none.
    pub fn lanes(&self) -> impl Iterator<Item = Lane> {
        let values = self.0.iter().filter(|(name, _)| name == LANES);
        let lanes = values.flat_map(|(_, value)| value.split(',').map(str::trim));
        lanes.filter(|lane| !lane.is_empty() && *lane != "base").map(|lane| Lane(lane.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_and_nothing_else_goes_through_a_message_unchanged() {
        let mark = Mark::of([("X-Gray-Lane", "a, b"), ("cookie", "secret"), ("x-gray-id", "1a2b3c4d")]);
        assert_eq!(mark.lanes().collect::<Vec<_>>(), [Lane("a".to_owned()), Lane("b".to_owned())]);
        let message: Vec<_> = mark.headers().collect();
        assert_eq!(message, [("x-gray-lane", "a, b"), ("x-gray-id", "1a2b3c4d")]);
        assert_eq!(Mark::of(message), mark);
    }

    #[test]
    fn base_and_no_mark_are_no_lane() {
        assert_eq!(Mark::of([("x-gray-lane", "base")]).lanes().count(), 0);
        assert_eq!(Mark::default().lanes().count(), 0);
    }
}

//! What apps forward from the request that they serve to the requests that they make for it.

use oorandom::Rand64;

/// What an app forwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Forwarding {
    /// The mark, and the trace id.
    Everything,
    /// The trace id: an app with any tracing at all, that never heard of lanes.
    TraceId,
    /// Nothing.
    Nothing,
}

impl Forwarding {
    /// What it is called in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::TraceId => "trace id only",
            Self::Nothing => "nothing",
        }
    }

    /// Whether a header reaches the calls that the app makes.
    pub(crate) fn forwards(self, header: &str) -> bool {
        match self {
            Self::Everything => matches!(header, "x-gray-lane" | "x-gray-id" | "traceparent"),
            Self::TraceId => header == "traceparent",
            Self::Nothing => false,
        }
    }
}

/// The apps of a mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apps {
    /// All forward the same.
    All(Forwarding),
    /// Six of ten forward everything, three the trace id, one nothing.
    Mixed,
}

impl Apps {
    pub(crate) fn draw(self, chance: &mut Rand64) -> Forwarding {
        match self {
            Self::All(forwarding) => forwarding,
            Self::Mixed => match chance.rand_range(0..10) {
                0..6 => Forwarding::Everything,
                6..9 => Forwarding::TraceId,
                _ => Forwarding::Nothing,
            },
        }
    }
}

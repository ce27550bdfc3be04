//! The lanes of a request, wherever they came from.

use arrayvec::ArrayVec;

use super::LaneId;
use crate::decision::LaneLabel;
use crate::mark::MAX_LANES;

/// The lanes of a request, in order of precedence.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    pub(super) known: ArrayVec<LaneId, MAX_LANES>,
    /// Whether lanes were carried that the configuration does not know.
    pub(super) any_unknown: bool,
}

impl Lanes {
    /// Adds a lane once; beyond [`MAX_LANES`] the later ones are left out.
    pub(super) fn add(&mut self, lane: LaneId) {
        if !self.known.contains(&lane) && !self.known.is_full() {
            self.known.push(lane);
        }
    }

    pub(super) fn label(&self) -> LaneLabel {
        match self.known.first() {
            Some(lane) => LaneLabel::Lane(*lane),
            None if self.any_unknown => LaneLabel::Unknown,
            None => LaneLabel::Base,
        }
    }
}

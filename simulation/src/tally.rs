//! What was seen, against what should have been.

use std::collections::BTreeMap;

use crate::Forwarding;
use crate::mesh::Version;

/// What the gateway decided for a request, and which versions it has met.
#[derive(Debug, Clone)]
pub struct Truth {
    lane: Lane,
    met_base: u64,
    met_gray: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Base,
    Gray,
}

/// The first app on the way that lost the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    Nowhere,
    By(Forwarding),
}

/// Whether the sidecar behind an app found the mark of the request that a call is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Mark,
    Nothing,
}

/// What became of all requests.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Requests from outside.
    pub requests: u64,
    /// Those that the gateway put in the lane.
    pub in_lane: u64,
    /// Requests that met both versions of what has two: more than one release at a time.
    pub mixed: u64,
    /// Visits to services that have a version for the lane, by requests in the lane.
    pub lane_visits: u64,
    /// Those of them that base served.
    pub leaks: u64,
    /// Visits to such services by requests on base.
    pub base_visits: u64,
    /// Those of them that the lane's version served.
    pub strays: u64,
    /// Leaks and strays, by what the app forwards that lost the mark first.
    pub blame: BTreeMap<Forwarding, u64>,
}

impl Truth {
    pub(crate) fn in_lane() -> Self {
        Self { lane: Lane::Gray, met_base: 0, met_gray: 0 }
    }

    pub(crate) fn on_base() -> Self {
        Self { lane: Lane::Base, met_base: 0, met_gray: 0 }
    }
}

impl Lost {
    /// Notes who lost the mark, unless the sidecar behind the app found it.
    pub(crate) fn unless(&mut self, found: Found, app: Forwarding) {
        if *self == Self::Nowhere && found == Found::Nothing {
            *self = Self::By(app);
        }
    }
}

impl Tally {
    pub(crate) fn began(&mut self, truth: &Truth) {
        self.requests += 1;
        self.in_lane += u64::from(truth.lane == Lane::Gray);
    }

    pub(crate) fn visited(&mut self, truth: &mut Truth, version: Version, lost: Lost) {
        let (visits, wrong) = match truth.lane {
            Lane::Gray => (&mut self.lane_visits, version == Version::Base),
            Lane::Base => (&mut self.base_visits, version == Version::Gray),
        };
        *visits += 1;
        match truth.lane {
            Lane::Gray => self.leaks += u64::from(wrong),
            Lane::Base => self.strays += u64::from(wrong),
        }
        match version {
            Version::Base => truth.met_base += 1,
            Version::Gray => truth.met_gray += 1,
        }
        if let (true, Lost::By(app)) = (wrong, lost) {
            *self.blame.entry(app).or_default() += 1;
        }
    }

    pub(crate) fn ended(&mut self, truth: &Truth) {
        self.mixed += u64::from(truth.met_base > 0 && truth.met_gray > 0);
    }

    /// The share of the requests that is in the lane, in percent.
    #[must_use]
    pub fn share(&self) -> f64 {
        percent(self.in_lane, self.requests)
    }

    /// The share of the visits to services with two versions that the lane's version served, in percent.
    #[must_use]
    pub fn share_of_visits(&self) -> f64 {
        percent(self.lane_visits - self.leaks + self.strays, self.lane_visits + self.base_visits)
    }

    /// The share that the requests in the lane have of these visits: what [`Self::share_of_visits`] should be.
    #[must_use]
    pub fn due_share_of_visits(&self) -> f64 {
        percent(self.lane_visits, self.lane_visits + self.base_visits)
    }
}

/// `part` in percent of `whole`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 of anything")]
pub fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

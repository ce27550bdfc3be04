//! Requests that nobody asked the workload for: it began them itself, as jobs and consumers of queues do.

use super::carriers::Carried;
use super::lanes::Lanes;
use super::{LaneId, Router};
use crate::config::LostMark;
use crate::decision::{Decision, Reason};
use crate::explain::{Step, Trace};
use crate::name::{InvalidName, LaneName};
use crate::problem::Quoted;

/// The lane of a workload, for the requests that it begins itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum SelfLane {
    Base,
    Lane(LaneId),
}

/// The label of a workload that can not be its lane; the workload then has none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSelfLane {
    /// It is no name of a lane.
    #[error(transparent)]
    NoName(#[from] InvalidName),
    /// The configuration has no such lane.
    #[error("no lane is called {}", Quoted(.0.as_str()))]
    Unknown(LaneName),
}

impl Router {
    /// Has requests that the workload begins itself be in the lane that its label names, or on base.
    ///
    /// # Errors
    /// When no lane is called so. The workload then has no lane of its own, and all else is as it was.
    pub fn begin_in(&mut self, label: &str) -> Result<(), InvalidSelfLane> {
        let name = LaneName::new(label)?;
        let lane = if name.is_base() { Some(SelfLane::Base) } else { self.lane_id(name.as_str()).map(SelfLane::Lane) };
        self.self_lane = Some(lane.ok_or(InvalidSelfLane::Unknown(name))?);
        Ok(())
    }

    /// What becomes of a call behind an app that has no mark, and of which nothing is remembered; `None`: it is decided
    /// here.
    #[cold]
    pub(super) fn begin(
        &self,
        carried: &mut Carried<'_>,
        decision: &mut Decision<'_>,
        trace: &mut Trace<'_>,
    ) -> Option<Reason> {
        if let Some(lane) = self.self_lane {
            let (lanes, name) = self.alone(lane);
            trace.step(|| Step::Begun { lane: name.to_owned() });
            carried.take_over(lanes, name.to_owned());
            return Some(Reason::SelfLane);
        }
        if self.correlation.is_some() || self.lost_mark == LostMark::Base {
            decision.events.uncorrelated = 1;
            trace.step(|| Step::Uncorrelated);
        }
        match self.lost_mark {
            LostMark::Decide => None,
            LostMark::Base => {
                carried.take_over(Lanes::default(), LaneName::BASE.to_owned());
                Some(Reason::Uncorrelated)
            }
        }
    }

    fn alone(&self, lane: SelfLane) -> (Lanes, &str) {
        let mut lanes = Lanes::default();
        match lane {
            SelfLane::Base => (lanes, LaneName::BASE),
            SelfLane::Lane(lane) => {
                lanes.add(lane);
                (lanes, self.lane_name(lane).map_or(LaneName::BASE, LaneName::as_str))
            }
        }
    }
}

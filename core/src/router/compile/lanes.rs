//! Lanes and their fallbacks.

use super::super::{Lane, LaneId};
use super::{LaneRef, Names};
use crate::config::{self, Isolation};
use crate::name::LaneName;
use crate::problem::{Path, Problems, Quoted};

impl Names<'_> {
    pub(super) fn lanes(&self, lanes: &config::Map<LaneName, config::Lane>, problems: &mut Problems) -> Vec<Lane> {
        let root = Path::Root.field("lanes");
        lanes
            .iter()
            .map(|(name, lane)| {
                let path = root.field(name.as_str());
                if name.is_base() {
                    problems.add(&path, "\"base\" is reserved for no lane", "any other lane name");
                }
                if lane.isolation == Isolation::Strict && !lane.fallback.is_empty() {
                    problems.add(
                        &path.field("fallback"),
                        "a strict lane never falls back",
                        "no fallback, or isolation: permissive",
                    );
                }
                Lane {
                    name: name.clone(),
                    fallback: self.fallback(name, &lane.fallback, &path.field("fallback"), problems),
                    isolation: lane.isolation,
                }
            })
            .collect()
    }

    fn fallback(&self, of: &LaneName, lanes: &[LaneName], path: &Path<'_>, problems: &mut Problems) -> Box<[LaneId]> {
        let mut chain = Vec::new();
        for (index, name) in lanes.iter().enumerate() {
            let path = path.index(index);
            let last = index + 1 == lanes.len();
            match self.lane(name, &path, problems) {
                Some(LaneRef::Base) if last => {}
                Some(LaneRef::Base) => {
                    problems.add(&path, "base is always the last resort", "base at the end, or not at all");
                }
                Some(LaneRef::Lane(_)) if name == of => {
                    problems.add(&path, "a lane can not fall back to itself", "another lane");
                }
                Some(LaneRef::Lane(lane)) if chain.contains(&lane) => {
                    problems.add(&path, format!("{} is named twice", Quoted(name.as_str())), "each lane once");
                }
                Some(LaneRef::Lane(lane)) => chain.push(lane),
                None => {}
            }
        }
        chain.into()
    }
}

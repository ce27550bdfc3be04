//! A request whose mark got lost in an app: remembered in front of it, recognised behind it by its trace id.
//!
//! A request that carries its mark behind an app costs nothing here.

use std::borrow::Cow;

use super::Router;
use super::carriers::Carried;
use super::lanes::Lanes;
use super::trust::Trust;
use crate::correlation::{Question, Recall, Remembered, RememberedLanes};
use crate::decision::{Decision, Reason};
use crate::explain::{Step, Trace};
use crate::mark;
use crate::name::LaneName;
use crate::request::Memory;
use crate::trace_id::Fields;

impl Router {
    /// In front of an app: remembers the request until it ends, also one in no lane, so that no older mark of its trace
    /// id lives on.
    pub(super) fn remember(
        &self,
        ids: &Fields<'_>,
        carried: &Carried<'_>,
        memory: &mut dyn Memory,
        decision: &mut Decision<'_>,
    ) {
        let Some(correlation) = self.correlation.as_ref().filter(|_| carried.trust == Trust::Believed) else { return };
        let lanes = carried.names();
        let question = if decision.explain { Question::Explain } else { Question::None };
        decision.ticket = ids
            .first(&correlation.sources)
            .and_then(|id| memory.remember(id, lanes.as_ref(), carried.identity, question));
    }

    /// Behind an app: finds the mark of the request that a call without one is made for, and says why it counts; `None`
    /// where the call is to be decided here.
    pub(super) fn recover(
        &self,
        ids: &Fields<'_>,
        carried: &mut Carried<'_>,
        memory: &mut dyn Memory,
        decision: &mut Decision<'_>,
        trace: &mut Trace<'_>,
    ) -> Option<Reason> {
        let sources = self.correlation.as_ref().map_or(&[][..], |correlation| &correlation.sources);
        let mut found = ids.all(sources).map(|id| (id, memory.recall(id)));
        let Some((id, recall)) = found.find(|(_, recall)| *recall != Recall::Unknown) else {
            return self.begin(carried, decision, trace);
        };
        drop(found);
        match recall {
            Recall::Known(remembered) => {
                if remembered.question == Question::Explain && self.explain.is_some() {
                    (decision.explain, decision.way) = (true, Some(id));
                    trace.grant();
                }
                self.follow(remembered, carried, trace)
            }
            Recall::Ambiguous | Recall::Unknown => {
                trace.step(|| Step::Ambiguous);
                carried.take_over(Lanes::default(), LaneName::BASE.to_owned());
                carried.identity = None;
                Some(Reason::Ambiguous)
            }
        }
    }

    /// Behind an app: finds the request that a call with a mark is made for, to tell the call's way to whoever is in front.
    #[cold]
    pub(super) fn find_way(&self, ids: &Fields<'_>, memory: &mut dyn Memory, decision: &mut Decision<'_>) {
        if let Some(correlation) = &self.correlation {
            let mut ids = ids.all(&correlation.sources);
            decision.way = ids.find(|id| memory.recall(*id) != Recall::Unknown);
        }
    }

    fn follow(&self, remembered: Remembered, carried: &mut Carried<'_>, trace: &mut Trace<'_>) -> Option<Reason> {
        carried.identity = remembered.identity.or(carried.identity);
        let text = match remembered.lanes {
            RememberedLanes::Unmarked => return None,
            RememberedLanes::Base => LaneName::BASE.to_owned(),
            RememberedLanes::Lanes(text) => text.to_string(),
        };
        let lanes = self.known_lanes(&mark::decode_lanes(text.as_bytes()).ok()?);
        trace.step(|| Step::Recalled { lanes: text.clone() });
        carried.take_over(lanes, text);
        Some(Reason::Correlated)
    }
}

impl Carried<'_> {
    pub(super) fn take_over(&mut self, lanes: Lanes, text: String) {
        self.lanes = Some(lanes);
        self.text = Some(Cow::Owned(text.into_bytes()));
    }
}

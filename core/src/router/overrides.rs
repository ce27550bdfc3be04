//! Signed overrides: how a request from outside may choose its lanes, and the only way.

use super::Router;
use super::lanes::Lanes;
use crate::decision::{Decision, OverrideRefusal};
use crate::explain::{Step, Trace};
use crate::mark;
use crate::name::LaneName;
use crate::request::Draw;
use crate::token::Override;
use crate::view::View;

impl Router {
    /// The lanes that a good override chooses; one that is not honoured is counted, and the request decided without it.
    pub(super) fn overridden(
        &self,
        view: &View<'_>,
        draw: &mut dyn Draw,
        decision: &mut Decision<'_>,
        trace: &mut Trace<'_>,
    ) -> Option<Lanes> {
        if self.overrides.is_none() || !view.sent.signed.is_present() {
            return None;
        }
        match self.honour(view, draw) {
            Ok((said, lanes)) => {
                trace.step(|| Step::Override {
                    lanes: mark::told(&said.lanes.iter().map(LaneName::as_str).collect()).into_owned(),
                    key: said.key.to_string(),
                });
                if decision.identity.is_none() {
                    decision.identity = self.identity_of(view, &self.identity.sources);
                }
                Some(lanes)
            }
            Err(why) => {
                trace.step(|| Step::OverrideRefused { why });
                decision.events.refused_override = Some(why);
                None
            }
        }
    }

    // Out of line: testers are few.
    #[cold]
    #[inline(never)]
    fn honour(&self, view: &View<'_>, draw: &mut dyn Draw) -> Result<(Override, Lanes), OverrideRefusal> {
        let overrides = self.overrides.as_ref().ok_or(OverrideRefusal::UnknownKey)?;
        let text = view.sent.signed.once().and_then(Result::ok).ok_or(OverrideRefusal::Malformed)?;
        let said = Override::check(text, overrides, draw.unix_seconds())?;
        let mut lanes = Lanes::default();
        said.lanes.iter().filter_map(|name| self.lane_id(name.as_str())).for_each(|lane| lanes.add(lane));
        if lanes.known.is_empty() && !said.lanes.is_empty() {
            return Err(OverrideRefusal::UnknownLane);
        }
        Ok((said, lanes))
    }
}

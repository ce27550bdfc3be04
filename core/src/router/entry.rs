//! The entry: where a request without a mark gets one, from rules and splits.

use std::borrow::Cow;

use super::lanes::Lanes;
use super::{LaneId, Router, SplitId, id};
use crate::config::{IdentitySource, StickyCookie};
use crate::decision::{Decision, Reason, SetCookie};
use crate::explain::{SplitKey, Step, Trace};
use crate::hash::IdentityHash;
use crate::matcher::{Matcher, Values};
use crate::name::{LaneName, RuleName, RuleSetName, SplitName};
use crate::request::{Draw, OpaqueId};
use crate::slots::{Slot, SlotTable};
use crate::view::View;

#[derive(Debug)]
pub(super) struct RuleSet {
    pub(super) name: RuleSetName,
    /// By priority.
    pub(super) rules: Box<[Rule]>,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: RuleName,
    pub(super) when: Option<Matcher>,
    pub(super) then: Then,
}

#[derive(Debug)]
pub(super) enum Then {
    Base,
    Lane(LaneId),
    Split(SplitId),
}

#[derive(Debug)]
pub(super) struct Split {
    pub(super) name: SplitName,
    pub(super) salt: Box<str>,
    pub(super) table: SlotTable<Option<LaneId>>,
    pub(super) identity: Option<Box<[IdentitySource]>>,
    pub(super) keyless: Keyless,
}

#[derive(Debug)]
pub(super) enum Keyless {
    Base,
    Sequence,
    Cookie(StickyCookie),
}

impl Router {
    /// Puts a request in its lanes: one at most from each rule set, in order of precedence.
    // Out of line: most proxies only follow marks.
    #[inline(never)]
    pub(super) fn enter<'r>(
        &'r self,
        view: &View<'_>,
        draw: &mut dyn Draw,
        decision: &mut Decision<'r>,
        trace: &mut Trace<'_>,
    ) -> (Lanes, Reason) {
        if decision.identity.is_none() {
            decision.identity = self.identity_of(view, &self.identity.sources);
        }
        let values = Values::new(&self.subjects, view);
        let mut lanes = Lanes::default();
        let mut origin = Reason::NoMatch;
        for set in &self.rule_sets {
            let Some(rule) = set.rules.iter().find(|rule| rule.applies(&values)) else {
                trace.step(|| Step::NoRule { set: set.name.to_string() });
                continue;
            };
            trace.step(|| Step::Rule {
                set: set.name.to_string(),
                rule: rule.name.to_string(),
                lane: self.target_of(rule),
            });
            let (lane, reason) = match rule.then {
                Then::Base => (None, Reason::Rule),
                Then::Lane(lane) => (Some(lane), Reason::Rule),
                Then::Split(split) => (self.share(split, view, draw, decision, trace), Reason::Split),
            };
            // The reason of the first lane counts; without any lane, that of the first rule that matched.
            if lanes.known.is_empty() && (lane.is_some() || origin == Reason::NoMatch) {
                origin = reason;
            }
            if let Some(lane) = lane {
                lanes.add(lane);
            }
        }
        (lanes, origin)
    }

    fn target_of(&self, rule: &Rule) -> Option<String> {
        match rule.then {
            Then::Base => Some(LaneName::BASE.to_owned()),
            Then::Lane(lane) => self.lane_name(lane).map(ToString::to_string),
            Then::Split(_) => None,
        }
    }

    /// The lane that a split chooses; `None` is base.
    fn share<'r>(
        &'r self,
        split: SplitId,
        view: &View<'_>,
        draw: &mut dyn Draw,
        decision: &mut Decision<'r>,
        trace: &mut Trace<'_>,
    ) -> Option<LaneId> {
        let (id, split) = (split, id::get(&self.splits, split)?);
        let identity = match &split.identity {
            Some(sources) => self.identity_of(view, sources),
            None => decision.identity,
        };
        let (by, slot) = match (identity, &split.keyless) {
            (Some(identity), _) => (SplitKey::Identity, Some(identity.slot(&split.salt))),
            (None, Keyless::Base) => (SplitKey::Nothing, None),
            (None, Keyless::Sequence) => (SplitKey::Sequence, Some(draw.sequence_slot(id))),
            (None, Keyless::Cookie(cookie)) => {
                let (by, slot) = self.by_cookie(cookie, split, view, draw, decision);
                (by, Some(slot))
            }
        };
        let lane = slot.and_then(|slot| split.table.owner(slot).copied().flatten());
        trace.step(|| Step::Split {
            split: split.name.to_string(),
            by,
            slot: slot.map(Slot::number),
            lane: lane.and_then(|lane| self.lane_name(lane)).map_or(LaneName::BASE, LaneName::as_str).to_owned(),
        });
        lane
    }

    /// A caller without identity goes by the id in its cookie, and is given one if it has none.
    fn by_cookie<'r>(
        &'r self,
        cookie: &'r StickyCookie,
        split: &Split,
        view: &View<'_>,
        draw: &mut dyn Draw,
        decision: &mut Decision<'r>,
    ) -> (SplitKey, Slot) {
        let given_now = decision.cookie.as_ref().filter(|given| given.cookie.name == cookie.name).map(|given| given.id);
        let sent = view.cookies(cookie.name.as_str()).find_map(OpaqueId::parse);
        let (by, id) = match (sent, given_now) {
            (Some(id), _) => (SplitKey::Cookie, id),
            (None, Some(id)) => (SplitKey::NewCookie, id),
            (None, None) => {
                let id = draw.opaque_id();
                decision.cookie = Some(SetCookie { cookie, id });
                (SplitKey::NewCookie, id)
            }
        };
        let identity = IdentityHash::of(&self.identity.salt, id.to_string().as_bytes());
        decision.identity.get_or_insert(identity);
        (by, identity.slot(&split.salt))
    }

    pub(super) fn identity_of(&self, view: &View<'_>, sources: &[IdentitySource]) -> Option<IdentityHash> {
        sources
            .iter()
            .find_map(|source| value_of(source, view).filter(|value| !value.is_empty()))
            .map(|value| IdentityHash::of(&self.identity.salt, &value))
    }
}

fn value_of<'a>(source: &IdentitySource, view: &View<'a>) -> Option<Cow<'a, [u8]>> {
    match source {
        IdentitySource::Header(name) => view.header_values(name.as_str()).next().map(Cow::Borrowed),
        IdentitySource::Cookie(name) => view.cookies(name.as_str()).next().map(Cow::Borrowed),
        IdentitySource::Query(name) => view.parameters(name.as_str()).next(),
        IdentitySource::Claim(name) => view.claim(name).map(Cow::Owned),
        IdentitySource::SourceAddress(_) => view.source_address().map(Cow::Owned),
    }
}

impl Rule {
    fn applies(&self, values: &Values<'_, '_>) -> bool {
        self.when.as_ref().is_none_or(|matcher| matcher.matches(values))
    }
}

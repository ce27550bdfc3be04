//! Whom a router believes: the first step of a decision.

use super::Router;
use super::carriers::Carried;
use crate::carrier::Stance;
use crate::config::Phase;
use crate::decision::Decision;
use crate::explain::{Step, Trace};
use crate::matcher::Matcher;
use crate::name::HeaderName;
use crate::request::Request;
use crate::view::{Hidden, View};

/// Whether what the caller says of its mark holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Trust {
    /// It does.
    #[default]
    Believed,
    /// It does not: the caller is outside the mesh.
    Outside,
}

impl Router {
    pub(super) fn trust(&self) -> Trust {
        match self.phase {
            Phase::Gateway => Trust::Outside,
            Phase::SidecarInbound | Phase::SidecarOutbound => Trust::Believed,
        }
    }

    /// The lists of a caller outside, without the members that only this mesh may set; only those that have any.
    pub(super) fn cleaned<R: Request>(&self, view: &View<'_, R>) -> Vec<(&HeaderName, Vec<u8>)> {
        let mut cleaned = Vec::new();
        for mirror in &self.carriers.mirrors {
            let members = || view.members(view.list(&mirror.format), mirror.header.as_str());
            if members().any(|member| mirror.format.owns(member)) {
                cleaned.push((&mirror.header, mirror.format.without(members())));
            }
        }
        cleaned
    }

    /// Counts everything that a caller outside has sent and only this mesh may set. What is decided next overwrites or
    /// removes it.
    pub(super) fn disbelieve<R: Request>(
        &self,
        view: &View<'_, R>,
        hidden: &Hidden<'_>,
        decision: &mut Decision<'_>,
        trace: &mut Trace<'_>,
    ) -> Carried<'static> {
        let names = &self.headers;
        let own = [(view.lane, &names.lane), (view.identity, &names.identity), (view.version, &names.version)];
        let mut strip = |header: &str| {
            decision.events.stripped_marks = decision.events.stripped_marks.saturating_add(1);
            trace.step(|| Step::Stripped { header: header.to_owned() });
        };
        for (field, name) in own {
            if field.is_present() {
                strip(name.as_str());
            }
        }
        let mut forged = Carried { trust: Trust::Outside, ..Carried::default() };
        for (mirror, stance) in self.carriers.mirrors.iter().zip(&mut forged.stances) {
            if hidden.list(mirror.header.as_str()).is_some() {
                strip(mirror.header.as_str());
                *stance = Stance::Nonsense;
            }
        }
        for alias in self.aliases_in(view) {
            strip(alias.as_str());
        }
        forged
    }

    /// Whether the caller asked for an explanation and may have it.
    ///
    /// Inside the mesh the question is believed as the mark is: at the edge only those who may ask could.
    pub(super) fn grants_explanation<R: Request>(&self, trust: Trust, view: &View<'_, R>) -> bool {
        let may = |allowed: &Matcher| trust == Trust::Believed || allowed.matches(view);
        view.explain.is_present() && self.explain.as_ref().is_some_and(may)
    }

    /// The wish of a stranger for an explanation goes no further.
    pub(super) fn erase_question<'r, R: Request>(&'r self, view: &View<'_, R>, decision: &mut Decision<'r>) {
        if !decision.explain {
            decision.erase(view.explain, &self.headers.explain);
        }
    }
}

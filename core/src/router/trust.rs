//! Whom a router believes: the first step of a decision.

use super::Router;
use super::carriers::{Aliases, Carried};
use crate::carrier::{List, Stance};
use crate::config::Phase;
use crate::decision::Decision;
use crate::explain::{Step, Trace};
use crate::matcher::{Matcher, Values};
use crate::request::Request;
use crate::view::View;

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
    /// Behind an app stands the app; in front of it anybody may, unless the configuration names who is believed.
    pub(super) fn trust(&self, request: &dyn Request) -> Trust {
        let believed = match self.phase {
            Phase::Gateway => false,
            Phase::SidecarOutbound => true,
            Phase::SidecarInbound => {
                let believed = |id: Vec<u8>| self.peers.iter().any(|peer| peer.matches(&id));
                self.peers.is_empty() || request.principal().is_some_and(believed)
            }
        };
        if believed { Trust::Believed } else { Trust::Outside }
    }

    /// Takes from a caller outside everything that only this mesh may set, and counts it. Its mark, version and mirrors
    /// are overwritten or removed by what is decided next.
    pub(super) fn disbelieve<'a, 'r>(
        &'r self,
        view: &View<'a>,
        decision: &mut Decision<'r>,
        trace: &mut Trace<'_>,
    ) -> Carried<'a> {
        let mut forged = Carried::nothing(Trust::Outside, view.sent);
        self.take_lists(view, &mut forged);
        for (mirror, (list, stance)) in self.carriers.mirrors.iter().zip(&mut forged.lists) {
            if let Some(cleaned) = view.cleaned(mirror.header.as_str()) {
                (*list, *stance) = (List::Line(cleaned), Stance::Nonsense);
            }
        }
        let aliases = self.aliases_in(view);
        self.count_stripped(&forged, &aliases, decision, trace);
        self.erase_aliases(&aliases, decision);
        decision.erase(view.sent.signed, &self.headers.signed);
        if !decision.explain {
            decision.erase(view.sent.explain, &self.headers.explain);
        }
        forged
    }

    fn count_stripped(
        &self,
        forged: &Carried<'_>,
        aliases: &Aliases<'_>,
        decision: &mut Decision<'_>,
        trace: &mut Trace<'_>,
    ) {
        let (names, sent) = (&self.headers, &forged.sent);
        let own = [(sent.lane, &names.lane), (sent.identity, &names.identity), (sent.version, &names.version)];
        let own = own.into_iter().filter(|(field, _)| field.is_present()).map(|(_, name)| name);
        let mirrors = self.carriers.mirrors.iter().zip(&forged.lists);
        let mirrors = mirrors.filter(|(_, (_, stance))| stance.misleads()).map(|(mirror, _)| &mirror.header);
        let aliases = self.carriers.aliases.iter().zip(aliases).filter(|(_, field)| field.is_present());
        for header in own.chain(mirrors).chain(aliases.map(|(alias, _)| alias)) {
            decision.events.stripped_marks += 1;
            trace.step(|| Step::Stripped { header: header.to_string() });
        }
    }

    /// Whether the caller asked for an explanation and may have it.
    ///
    /// Inside the mesh the question is believed as the mark is: at the edge only those who may ask could.
    pub(super) fn grants_explanation(&self, trust: Trust, view: &View<'_>) -> bool {
        let may = |allowed: &Matcher| trust == Trust::Believed || allowed.matches(&Values::new(&self.subjects, view));
        view.sent.explain.is_present() && self.explain.as_ref().is_some_and(may)
    }
}

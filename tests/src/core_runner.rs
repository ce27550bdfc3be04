//! Scenarios on the pure core: `Router::compile`, `explain`, and the edits applied by hand.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use graylane_core::name::ClaimName;
use graylane_core::slots::Slot;
use graylane_core::{
    Decision, Draw, FilterConfig, HeaderEdit, LaneLabel, OpaqueId, Outcome, Phase, Request, Router, Sequence, SplitId,
};

use crate::host::Headers;
use crate::scenario::{
    Arrival, Configuration, Connections, Decided, Events, Kind, Ledger, Mesh, Message, Place, Response, Runner, SOURCE,
    Scenario, Seen, Verdict,
};

/// Plays scenarios by calling the core.
#[derive(Debug, Default)]
pub struct CoreRunner {
    mesh: Mesh,
    routers: HashMap<Phase, Router>,
    dice: Dice,
    open: Option<Place>,
    generation: u64,
}

/// When every request comes, in seconds since the Unix epoch.
const NOW: u64 = 1_800_000_000;

/// Chance that is the same in every run.
#[derive(Debug, Default)]
struct Dice {
    ids: u128,
    sequences: HashMap<SplitId, Sequence>,
}

impl Draw for Dice {
    fn opaque_id(&mut self) -> OpaqueId {
        self.ids += 1;
        OpaqueId(self.ids)
    }

    fn sequence_slot(&mut self, split: SplitId) -> Slot {
        self.sequences.entry(split).or_default().next_slot()
    }

    fn unix_seconds(&mut self) -> u64 {
        NOW
    }
}

/// A request and what the proxy knows of it.
struct Incoming<'m> {
    headers: Headers,
    claims: &'m BTreeMap<String, serde_json::Value>,
    principal: Option<&'m str>,
}

impl Request for Incoming<'_> {
    fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers.iter()
    }

    fn claim(&self, name: &ClaimName) -> Option<Vec<u8>> {
        let text = |claim: &serde_json::Value| claim.as_str().map_or_else(|| claim.to_string(), str::to_owned);
        self.claims.get(name.as_str()).map(|claim| text(claim).into_bytes())
    }

    fn source_address(&self) -> Option<Vec<u8>> {
        Some(SOURCE.to_string().into_bytes())
    }

    fn principal(&self) -> Option<Vec<u8>> {
        self.principal.map(|id| id.as_bytes().to_vec())
    }
}

impl Runner for CoreRunner {
    fn kind(&self) -> Kind {
        Kind::Core
    }

    fn begin(&mut self, scenario: &Scenario) -> Result<()> {
        *self = Self { mesh: scenario.mesh()?, ..Self::default() };
        Ok(())
    }

    fn configure(&mut self, phase: Phase, configuration: &Configuration) -> Result<Verdict> {
        self.generation += 1;
        let bytes = configuration.bytes(phase, self.generation);
        Ok(match FilterConfig::from_json(&bytes).and_then(|config| Router::compile(&config)) {
            Ok(router) => {
                self.routers.insert(phase, router);
                Verdict::Accepted
            }
            Err(problems) => Verdict::Refused { why: problems.to_string() },
        })
    }

    fn send(&mut self, phase: Phase, message: &Message, _: Connections) -> Result<Seen> {
        let incoming =
            Incoming { headers: message.fields(), claims: &message.claims, principal: message.principal.as_deref() };
        let Some(router) = self.routers.get(&phase) else {
            return Ok(seen(
                &self.mesh,
                phase,
                incoming.headers,
                Response::default(),
                Decided::Pass,
                Events::default(),
            ));
        };
        let (decision, steps) = router.answer(&incoming, &mut self.dice);
        let explanation = decision.explain.then(|| {
            let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
            (router.headers().explanation.to_string(), steps.join("; "))
        });
        let cookie = decision.cookie.as_ref().map(|cookie| ("set-cookie".to_owned(), cookie.to_string()));
        let response = Response { status: None, headers: cookie.into_iter().chain(explanation).collect() };
        let graylane_core::Events { malformed_marks, stripped_marks, conflicts, left_out, refused_override } =
            decision.events;
        let events =
            Events { malformed: malformed_marks, stripped: stripped_marks, conflicts, left_out, refused_override };
        let decided = decided(router, &decision)?;
        if decision.outcome == Outcome::Refuse {
            return Ok(Seen { arrival: None, response, decided: Some(decided), events: Some(events), attempts: None });
        }
        let headers = edited(incoming.headers, &decision);
        Ok(seen(&self.mesh, phase, headers, response, decided, events))
    }

    fn open(&mut self, phase: Phase, message: &Message) -> Result<Seen> {
        let seen = self.send(phase, message, Connections::Many)?;
        self.open = seen.arrival.as_ref().map(|arrival| arrival.place.clone());
        Ok(seen)
    }

    fn close(&mut self) -> Result<Place> {
        self.open.take().context("no request is open")
    }

    fn now(&self) -> u64 {
        NOW
    }

    fn ledger(&mut self) -> Option<&mut Ledger> {
        None
    }

    fn settle(&mut self) -> Result<()> {
        Ok(())
    }
}

fn seen(mesh: &Mesh, phase: Phase, mut headers: Headers, response: Response, decided: Decided, events: Events) -> Seen {
    let place = mesh.deliver(phase, &mut headers);
    let arrival = Some(Arrival { place, headers });
    Seen { arrival, response, decided: Some(decided), events: Some(events), attempts: None }
}

fn edited(mut headers: Headers, decision: &Decision<'_>) -> Headers {
    for edit in &decision.edits {
        match edit {
            HeaderEdit::Set(name, value) => headers.replace(name.as_str(), value.as_bytes()),
            HeaderEdit::Remove(name) => headers.remove(name.as_str()),
        }
    }
    headers
}

fn decided(router: &Router, decision: &Decision<'_>) -> Result<Decided> {
    let Some(target) = decision.target else {
        return Ok(Decided::Pass);
    };
    let service = router.service_name(target.service).context("a service of this router")?.to_string();
    let version = router.version_name(target).context("a version of this router")?.to_string();
    let lane = match decision.lane {
        LaneLabel::Base => "base".to_owned(),
        LaneLabel::Unknown => "unknown".to_owned(),
        LaneLabel::Lane(lane) => router.lane_name(lane).context("a lane of this router")?.to_string(),
    };
    Ok(match decision.version {
        Some(_) => Decided::Forward { service, version, lane, reason: decision.reason },
        None => Decided::Refuse { service, version, lane },
    })
}

//! Scenarios on the pure core: `Router::compile`, `explain`, and the edits applied by hand.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};
use graylane_core::correlation::{Key, Overtaken, Question, Recall, Store, Table, Ticket, Token};
use graylane_core::hash::IdentityHash;
use graylane_core::name::ClaimName;
use graylane_core::slots::Slot;
use graylane_core::{
    Decision, Draw, FilterConfig, HeaderEdit, LaneLabel, LaneList, Memory, OpaqueId, Outcome, Phase, Request, Router,
    Sequence, SplitId, TraceId,
};

use crate::host::Headers;
use crate::scenario::{
    Arrival, Configuration, Connections, Decided, Events, Kind, Ledger, Mesh, Message, Place, Response, Runner, SOURCE,
    Scenario, Seen, Verdict,
};

/// Plays scenarios by calling the core.
#[derive(Default)]
pub struct CoreRunner {
    mesh: Mesh,
    routers: HashMap<Phase, Router>,
    dice: Dice,
    values: Values,
    memories: HashMap<Phase, Table>,
    open: Vec<(Phase, Place, Option<Ticket>)>,
    now: u32,
    generation: u64,
    self_lane: Option<String>,
}

/// What proxies of one sidecar remember in common.
#[derive(Clone, Default)]
struct Values(Rc<RefCell<HashMap<Key, Value>>>, Rc<Cell<u64>>);

/// Bytes, and how often they were written.
type Value = (Vec<u8>, u32);

impl Store for Values {
    fn read(&self, key: Key, value: &mut Vec<u8>) -> Option<Token> {
        let (present, token) = self.0.borrow().get(&key).cloned().unwrap_or_default();
        *value = present;
        Some(Token(token))
    }

    fn put(&self, key: Key, value: &[u8], Token(token): Token) -> Result<Token, Overtaken> {
        // Nobody can be faster.
        self.0.borrow_mut().insert(key, (value.to_vec(), token + 1));
        Ok(Token(token + 1))
    }

    fn catch_up(&self) {}

    fn revision(&self) -> Option<u64> {
        Some(self.1.get())
    }

    fn revise(&self) {
        self.1.set(self.1.get() + 1);
    }
}

/// Chance, time and memory of one proxy.
struct Around<'a> {
    dice: &'a mut Dice,
    memory: Option<&'a mut Table>,
    now: u32,
}

impl Memory for Around<'_> {
    fn remember(
        &mut self,
        id: TraceId,
        lanes: Option<&LaneList<'_>>,
        identity: Option<IdentityHash>,
        question: Question,
    ) -> Option<Ticket> {
        self.memory.as_mut()?.remember(id, lanes, identity, question)
    }

    fn recall(&mut self, id: TraceId) -> Recall {
        self.memory.as_mut().map_or(Recall::Unknown, |memory| memory.recall(id))
    }
}

impl Draw for Around<'_> {
    fn opaque_id(&mut self) -> OpaqueId {
        self.dice.ids += 1;
        OpaqueId(self.dice.ids)
    }

    fn sequence_slot(&mut self, split: SplitId) -> Slot {
        self.dice.sequences.entry(split).or_default().next_slot()
    }

    fn unix_seconds(&mut self) -> u64 {
        self.now.into()
    }
}

/// When scenarios begin, in seconds since the Unix epoch.
const START: u32 = 1_800_000_000;

/// Chance that is the same in every run.
#[derive(Debug, Default)]
struct Dice {
    ids: u128,
    sequences: HashMap<SplitId, Sequence>,
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
        *self = Self { mesh: scenario.mesh()?, now: START, self_lane: scenario.self_lane.clone(), ..Self::default() };
        Ok(())
    }

    fn configure(&mut self, phase: Phase, configuration: &Configuration) -> Result<Verdict> {
        self.generation += 1;
        let bytes = configuration.bytes(phase, self.generation);
        Ok(match FilterConfig::from_json(&bytes).and_then(|config| Router::compile(&config)) {
            Ok(mut router) => {
                if let Some(label) = self.self_lane.as_ref().filter(|_| phase == Phase::SidecarOutbound) {
                    // The workload of a label that is no lane has none.
                    let _ = router.begin_in(label);
                }
                self.remember_as(phase, &router);
                self.routers.insert(phase, router);
                Verdict::Accepted
            }
            Err(problems) => Verdict::Refused { why: problems.to_string() },
        })
    }

    fn send(&mut self, phase: Phase, message: &Message, _: Connections) -> Result<Seen> {
        let (mut seen, ticket) = self.begin_request(phase, message)?;
        self.end_request(phase, ticket);
        let sent = seen.arrival.as_ref().map(|arrival| arrival.headers.clone()).unwrap_or_default();
        if let Some(redirected) = message.redirected(&sent) {
            let before = seen.events;
            seen = self.send(phase, &redirected, Connections::Many)?;
            seen.events = before.zip(seen.events).map(|(before, after)| before.and(after));
        }
        if let Some(copy) = message.copy(&sent) {
            let copied = self.send(Phase::SidecarInbound, &copy, Connections::Many)?.events;
            seen.events = seen.events.zip(copied).map(|(before, after)| before.and(after));
        }
        Ok(seen)
    }

    fn open(&mut self, phase: Phase, message: &Message) -> Result<Seen> {
        let (seen, ticket) = self.begin_request(phase, message)?;
        let place = seen.arrival.as_ref().map(|arrival| arrival.place.clone()).context("it did not arrive")?;
        self.open.push((phase, place, ticket));
        Ok(seen)
    }

    fn close(&mut self) -> Result<Place> {
        let (phase, place, ticket) = self.open.pop().context("no request is open")?;
        self.end_request(phase, ticket);
        Ok(place)
    }

    fn wait(&mut self, time: Duration) -> Result<()> {
        self.now += u32::try_from(time.as_secs())?;
        for (phase, memory) in &mut self.memories {
            memory.set_time(self.now);
            for (_, _, ticket) in self.open.iter_mut().filter(|(other, _, _)| other == phase) {
                if let Some(ticket) = ticket {
                    memory.keep(ticket);
                }
            }
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        self.now.into()
    }

    fn ledger(&mut self) -> Option<&mut Ledger> {
        None
    }

    fn settle(&mut self) -> Result<()> {
        Ok(())
    }
}

impl CoreRunner {
    fn remember_as(&mut self, phase: Phase, router: &Router) {
        self.memories.remove(&phase);
        if let Some(correlation) = router.correlation() {
            let mut memory = Table::new(self.values.clone(), correlation);
            memory.set_time(self.now);
            self.memories.insert(phase, memory);
        }
    }

    fn end_request(&mut self, phase: Phase, ticket: Option<Ticket>) {
        if let (Some(memory), Some(ticket)) = (self.memories.get_mut(&phase), ticket) {
            memory.end(&ticket);
        }
    }

    fn begin_request(&mut self, phase: Phase, message: &Message) -> Result<(Seen, Option<Ticket>)> {
        let principal = message.principal.as_deref();
        let incoming = Incoming { headers: message.fields(), claims: &message.claims, principal };
        let Some(router) = self.routers.get(&phase) else {
            let (headers, response) = (incoming.headers, Response::default());
            return Ok((seen(&self.mesh, phase, headers, response, Decided::Pass, Events::default()), None));
        };
        let mut around = Around { dice: &mut self.dice, memory: self.memories.get_mut(&phase), now: self.now };
        let (decision, steps) = router.answer(&incoming, &mut around);
        // In front of an app nothing is decided.
        let explanation = (decision.explain && phase != Phase::SidecarInbound).then(|| {
            let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
            (router.headers().explanation.to_string(), steps.join("; "))
        });
        let cookie = decision.cookie.as_ref().map(|cookie| ("set-cookie".to_owned(), cookie.to_string()));
        let response = Response { status: None, headers: cookie.into_iter().chain(explanation).collect() };
        let graylane_core::Events {
            malformed_marks,
            stripped_marks,
            conflicts,
            left_out,
            mirrored,
            uncorrelated,
            refused_override,
        } = decision.events;
        let (malformed, stripped) = (malformed_marks, stripped_marks);
        let events = Events { malformed, stripped, uncorrelated, mirrored, conflicts, left_out, refused_override };
        let decided = decided(router, &decision)?;
        if decision.outcome == Outcome::Refuse {
            let seen = Seen { arrival: None, response, decided: Some(decided), events: Some(events), attempts: None };
            return Ok((seen, decision.ticket));
        }
        let (headers, ticket) = (edited(incoming.headers, &decision), decision.ticket);
        Ok((seen(&self.mesh, phase, headers, response, decided, events), ticket))
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

//! Playing one scenario on whatever runner there is.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use graylane_core::config::HeaderNames;
use graylane_core::{FilterConfig, Phase};
use serde_json::Value;

use super::check::{Sent, check};
use super::expect::{Decided, Expect};
use super::mesh::Place;
use super::population::{Connections, Many, Member};
use super::request::{Carry, Message, Request};
use super::runner::{Configuration, Runner, Seen, Verdict};
use super::step::{Close, Configure, Send, Step};
use super::table::{Scenario, patched};
use crate::host::Headers;

/// Plays `scenario` on `runner`.
///
/// # Errors
/// The first thing that is not as it must be, with the number of its step.
pub fn play(scenario: &Scenario, runner: &mut dyn Runner) -> Result<()> {
    runner.begin(scenario)?;
    let mut play = Play {
        scenario,
        runner,
        names: names(scenario),
        good: HashMap::new(),
        arrived: Headers::new(),
        cookie: None,
        members: Vec::new(),
        cookies: Vec::new(),
    };
    for phase in scenario.phases() {
        play.start(phase).with_context(|| format!("the first configuration of {phase:?}"))?;
    }
    for (index, step) in scenario.steps.iter().enumerate() {
        play.step(step).with_context(|| format!("step {}", index + 1))?;
    }
    Ok(())
}

fn names(scenario: &Scenario) -> HeaderNames {
    let bytes = Configuration::Document(scenario.config.clone()).bytes(scenario.phase, 0);
    FilterConfig::from_json(&bytes).map(|config| config.headers).unwrap_or_default()
}

/// What later steps need of earlier ones.
struct Play<'a> {
    scenario: &'a Scenario,
    runner: &'a mut dyn Runner,
    names: HeaderNames,
    /// The last accepted configuration of each phase.
    good: HashMap<Phase, Value>,
    /// The headers that the last upstream saw.
    arrived: Headers,
    cookie: Option<Vec<u8>>,
    /// The many requests before, and the cookie that each was given.
    members: Vec<Member>,
    cookies: Vec<Option<Vec<u8>>>,
}

impl Play<'_> {
    fn start(&mut self, phase: Phase) -> Result<()> {
        let verdict = self.runner.configure(phase, &self.scenario.first())?;
        match (verdict, &self.scenario.start) {
            (Verdict::Accepted, None) => drop(self.good.insert(phase, self.scenario.config.clone())),
            (Verdict::Refused { .. }, Some(_)) => {}
            (Verdict::Accepted, Some(start)) => bail!("{start:?} was accepted"),
            (Verdict::Refused { why }, None) => bail!("it was refused: {why}"),
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Send(send) => self.send(send),
            Step::Many(many) => self.many(many),
            Step::Configure(configure) => self.configure(configure),
            Step::Open(send) => self.open(send),
            Step::Close(close) => self.close(close),
            Step::Wait(seconds) => self.runner.wait(Duration::from_secs(*seconds)),
        }?;
        self.runner.settle()
    }

    fn send(&mut self, send: &Send) -> Result<()> {
        let phase = send.phase.unwrap_or(self.scenario.phase);
        for time in 0..send.times {
            let message = self.message(&send.request, time)?;
            let all = if send.at_once > 1 {
                self.runner.send_at_once(phase, &message, send.at_once)?
            } else {
                vec![self.runner.send(phase, &message, Connections::Many)?]
            };
            for seen in &all {
                self.check(phase, &message, &send.expect, seen).with_context(|| format!("request {}", time + 1))?;
            }
            self.remember(all.last());
        }
        Ok(())
    }

    fn many(&mut self, many: &Many) -> Result<()> {
        let (kind, phase) = (self.runner.kind(), self.scenario.phase);
        let mut members = Vec::new();
        let mut cookies = Vec::new();
        for number in 0..many.count.of(kind) {
            self.cookie = usize::try_from(number).ok().and_then(|number| self.cookies.get(number).cloned()).flatten();
            let message = self.message(&many.request, number)?;
            let seen = self.runner.send(phase, &message, many.connections)?;
            let member = Member::of(&seen).with_context(|| format!("request {number}"))?;
            let decided = many.expect.decided(&member);
            if let Some(seen) = &seen.decided {
                ensure!(*seen == decided, "request {number}: {seen:?}, expected {decided:?}");
            }
            if let Some(ledger) = self.runner.ledger() {
                ledger.decided(&decided, OK);
            }
            self.remember(Some(&seen));
            members.push(member);
            cookies.push(self.cookie.take());
        }
        many.expect.check(kind, &members, &self.members)?;
        (self.members, self.cookies) = (members, cookies);
        Ok(())
    }

    fn configure(&mut self, configure: &Configure) -> Result<()> {
        let phase = configure.phase.unwrap_or(self.scenario.phase);
        let good = self.good.get(&phase).unwrap_or(&self.scenario.config);
        let document = patched(good, &configure.patch);
        let configuration = match &configure.text {
            Some(text) => Configuration::Bytes(text.bytes().to_vec()),
            None => Configuration::Document(document.clone()),
        };
        match self.runner.configure(phase, &configuration)? {
            Verdict::Accepted => {
                ensure!(configure.refused.is_empty(), "it was accepted");
                self.good.insert(phase, document);
            }
            Verdict::Refused { why } => {
                ensure!(!configure.refused.is_empty(), "it was refused: {why}");
                let missing = configure.refused.iter().find(|part| !why.contains(*part));
                ensure!(missing.is_none(), "{missing:?} is not complained about: {why}");
            }
        }
        Ok(())
    }

    fn open(&mut self, send: &Send) -> Result<()> {
        let phase = send.phase.unwrap_or(self.scenario.phase);
        let message = self.message(&send.request, 0)?;
        let seen = self.runner.open(phase, &message)?;
        self.check(phase, &message, &send.expect, &seen)?;
        self.remember(Some(&seen));
        Ok(())
    }

    fn close(&mut self, close: &Close) -> Result<()> {
        let expected = match close.clone() {
            Close::App => Place::App,
            Close::Version { service, version } => Place::Version { service, version },
        };
        let place = self.runner.close()?;
        ensure!(place == expected, "the open request went on to {place:?}, expected {expected:?}");
        Ok(())
    }

    fn message(&self, request: &Request, number: u32) -> Result<Message> {
        let mut carried = Vec::new();
        for carry in &request.carry {
            match carry {
                Carry::Mark => {
                    let HeaderNames { lane, identity, .. } = &self.names;
                    carried.extend(self.handed_on(&[lane.as_str(), identity.as_str()]));
                }
                Carry::Telemetry => carried.extend(self.handed_on(&["traceparent", "tracestate", "baggage"])),
                Carry::Cookie => {
                    let cookie = self.cookie.clone().context("there is no cookie to carry")?;
                    carried.push((b"cookie".to_vec(), cookie));
                }
            }
        }
        if let Some(signed) = &request.signed {
            let text = signed.text(self.runner.now());
            carried.push((self.names.signed.as_str().as_bytes().to_vec(), text));
        }
        Ok(request.message(number, carried))
    }

    /// The headers of these names that the last upstream saw.
    fn handed_on(&self, names: &[&str]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let is_one = |name: &[u8]| names.iter().any(|other| other.as_bytes() == name);
        let headers = self.arrived.iter().filter(|(name, _)| is_one(name));
        headers.map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
    }

    fn check(&mut self, phase: Phase, message: &Message, expect: &Expect, seen: &Seen) -> Result<()> {
        let sent = Sent { kind: self.runner.kind(), phase, names: &self.names, message };
        check(&sent, expect, seen)?;
        let configured = self.good.contains_key(&phase);
        if let Some(ledger) = self.runner.ledger().filter(|_| configured) {
            ledger.noticed(expect.events);
            let passes = phase == Phase::SidecarInbound || expect.events.mirrored > 0;
            if !passes || expect.decided != Decided::Pass {
                // Whatever the proxy makes of a refusal for the caller.
                let refused = matches!(expect.decided, Decided::Refuse { .. }) && expect.served.is_none();
                ledger.decided(&expect.decided, if refused { REFUSED } else { expect.status });
                if message.redirect.is_some() {
                    ledger.decided(&expect.decided, FOUND);
                }
            }
        }
        Ok(())
    }

    fn remember(&mut self, seen: Option<&Seen>) {
        let Some(seen) = seen else { return };
        self.arrived = seen.arrival.as_ref().map(|arrival| arrival.headers.clone()).unwrap_or_default();
        let cookie = seen.response.headers.get_bytes("set-cookie");
        let pair = cookie.and_then(|cookie| cookie.split(|byte| *byte == b';').next());
        self.cookie = pair.map(<[u8]>::to_vec).or_else(|| self.cookie.take());
    }
}

/// The status of all responses among many.
const OK: u16 = 200;
/// The status of a refusal.
const REFUSED: u16 = 503;
/// The status of an upstream that redirects.
const FOUND: u16 = 302;

//! Faults: host calls that misbehave because a test says so.

use std::collections::BTreeMap;

use super::hostcall::Hostcall;

/// How a host call misbehaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call does nothing and answers this number; it may be one that no SDK knows. With 0 it claims
    /// success and hands nothing back.
    Status(u32),
    /// The call works, but if it hands bytes to the guest, it hands over these instead.
    Bytes(Vec<u8>),
}

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// The next so many calls.
    Next(u32),
    /// Until it is healed.
    Always,
}

/// The faults that are waiting to strike.
#[derive(Debug, Default)]
pub(super) struct Faults(BTreeMap<Hostcall, Injected>);

#[derive(Debug)]
struct Injected {
    fault: Fault,
    times: Times,
    struck: u32,
}

impl Faults {
    pub(super) fn inject(&mut self, call: Hostcall, fault: Fault, times: Times) {
        self.0.insert(call, Injected { fault, times, struck: 0 });
    }

    /// Takes a fault away; says how often it struck.
    pub(super) fn heal(&mut self, call: Hostcall) -> u32 {
        self.0.remove(&call).map_or(0, |injected| injected.struck)
    }

    /// The fault that strikes this call.
    pub(super) fn strike(&mut self, call: Hostcall) -> Option<Fault> {
        let injected = self.0.get_mut(&call)?;
        let strikes = match injected.times {
            Times::Next(times) => injected.struck < times,
            Times::Always => true,
        };
        strikes.then(|| {
            injected.struck += 1;
            injected.fault.clone()
        })
    }
}

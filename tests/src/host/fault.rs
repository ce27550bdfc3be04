//! Faults: host calls that misbehave because a test says so.

use std::collections::BTreeMap;

use super::hostcall::Hostcall;

/// How a host call misbehaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call does nothing and answers this number; it may be one that no SDK knows. With 0 it claims
    /// success and hands nothing back.
    Status(u32),
    /// The call works, but wherever it hands bytes to the guest, it hands over these instead.
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
pub(super) struct Faults(BTreeMap<Hostcall, (Fault, Times)>);

impl Faults {
    pub(super) fn inject(&mut self, call: Hostcall, fault: Fault, times: Times) {
        self.0.insert(call, (fault, times));
    }

    pub(super) fn heal(&mut self, call: Hostcall) {
        self.0.remove(&call);
    }

    /// The fault that strikes this call, which is then used up by one.
    pub(super) fn strike(&mut self, call: Hostcall) -> Option<Fault> {
        let (fault, times) = self.0.get_mut(&call)?;
        match times {
            Times::Always => Some(fault.clone()),
            Times::Next(0) => None,
            Times::Next(left) => {
                *left -= 1;
                Some(fault.clone())
            }
        }
    }
}

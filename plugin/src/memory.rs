//! What this machine knows of the table of remembered requests: the values that all machines of the proxy share.
//!
//! Nothing is written before a configuration has been taken: a canary, which ends before its first tick, makes nothing.
//! The time is that of the last tick, which is near enough and costs no request a call.

use std::cell::RefCell;
use std::rc::Rc;

use graylane_abi::host::{self, MetricId, Version};
use graylane_core::correlation::{Key, Latest, Overtaken, Store, Table, Ticket, Token};
use graylane_core::hex;
use graylane_core::metric::Metric;
use graylane_core::{Phase, Router, TraceId};

use crate::vm::Vm;

/// The table as a configuration wants it, and those before it that want the same.
#[derive(Clone)]
pub(crate) struct Memory(Rc<RefCell<Table>>);

impl Memory {
    /// The table of a router: the earlier one, if it is as configured; none where it remembers nothing.
    pub(crate) fn of(router: &Router, earlier: Option<&Self>, vm: &Vm) -> Option<Self> {
        let config = router.correlation()?;
        if let Some(earlier) = earlier.filter(|earlier| earlier.0.borrow().is_of(config)) {
            return Some(earlier.clone());
        }
        let revisions = vm.count_now(Metric::Revisions);
        let mut table = Table::new(Shared { size: config.requests, latest: Latest::default(), revisions }, config);
        table.set_time(now());
        Some(Self(Rc::new(RefCell::new(table))))
    }

    pub(crate) fn table(&self) -> &RefCell<Table> {
        &self.0
    }

    /// Tells whoever is in front of the app the way of a call that was made for a request.
    pub(crate) fn tell(&self, id: TraceId, way: &str) {
        self.0.borrow_mut().tell(id, way);
    }

    /// What was told of the calls that were made for a request.
    pub(crate) fn told(&self, ticket: &Ticket) -> Vec<String> {
        self.0.borrow_mut().told(ticket)
    }

    pub(crate) fn end(&self, ticket: &Ticket) {
        self.0.borrow_mut().end(ticket);
    }

    pub(crate) fn keep(&self, ticket: &mut Ticket, now: u32) {
        let mut table = self.0.borrow_mut();
        // That of an older configuration is told here only.
        table.set_time(now);
        table.keep(ticket);
    }

    /// Goes with the time, and hands over what was counted.
    pub(crate) fn tick(&self, vm: &Vm, phase: Phase, now: u32) {
        let mut table = self.0.borrow_mut();
        table.set_time(now);
        table.create();
        vm.meter.borrow_mut().correlated(table.take_counts());
        // One of a sidecar's two sides is enough to tell.
        if phase == Phase::SidecarInbound {
            vm.set(Metric::Remembered, table.occupancy());
        }
    }
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> u32 {
    const NANOSECONDS: u64 = 1_000_000_000;
    u32::try_from(host::now().unwrap_or_default() / NANOSECONDS).unwrap_or(u32::MAX)
}

/// Shared data, which in Istio all plugins of a proxy have in common: keys begin with our name and the version of the
/// table's format, and go on with what they name, the table's size, and a number.
pub(crate) struct Shared {
    /// How many requests the table has room for: a power of two.
    size: u32,
    latest: Latest,
    /// All machines see one counter, and its look costs a tenth of a value's.
    revisions: Option<MetricId>,
}

impl Shared {
    /// The name of a value.
    fn name(&self, key: Key) -> Name {
        let [size, ..] = self.size.trailing_zeros().to_le_bytes();
        let (kind, size, number) = match key {
            Key::Set(number) => (b's', b'a' + size % 32, number),
            // The others are the same whatever size the table has.
            Key::Lanes(number) => (b'l', b'-', number),
            Key::Way(number) => (b'w', b'-', number),
            Key::Clock => (b'c', b'-', 0),
        };
        let mut name = PREFIX;
        if let Some(([.., own_kind, own_size], digits)) = name.split_last_chunk_mut() {
            (*own_kind, *own_size, *digits) = (kind, size, hex::written(number));
        }
        name
    }
}

/// No longer than 22 bytes, which the host keeps without an allocation.
type Name = [u8; 21];

const PREFIX: Name = *b"graylane.4/__________";

impl Store for Shared {
    fn read(&self, key: Key, value: &mut Vec<u8>) -> Option<Token> {
        let (given, Version(version)) = host::shared(&self.name(key)).ok()?;
        value.clear();
        value.extend_from_slice(&given);
        self.latest.read(Token(version));
        Some(Token(version))
    }

    fn put(&self, key: Key, value: &[u8], Token(token): Token) -> Result<Token, Overtaken> {
        host::share(&self.name(key), value, Version(token)).map_err(|_| Overtaken)?;
        Ok(self.latest.written())
    }

    /// An empty value costs a fifth of another one, as there is nothing to make room for.
    fn catch_up(&self) {
        let clock = self.name(Key::Clock);
        if let Ok(()) = host::share(&clock, b"", Version(0))
            && let Ok((_, Version(version))) = host::shared(&clock)
        {
            self.latest.read(Token(version));
        }
    }

    /// Zero in a proxy that keeps no such counter, for it is never at zero in any other.
    fn revision(&self) -> Option<u64> {
        host::metric(self.revisions?).ok().filter(|revision| *revision > 0)
    }

    fn revise(&self) {
        if let Some(revisions) = self.revisions {
            let _ = host::count(revisions, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use graylane_core::config::Correlation;

    use super::*;

    #[test]
    fn no_two_values_have_one_name_and_all_have_our_prefix() {
        let config = Correlation::default();
        let small = Correlation { requests: 64, ..config.clone() };
        let mut names = std::collections::BTreeSet::new();
        for config in [&small, &config] {
            let shared = Shared { size: config.requests, latest: Latest::default(), revisions: None };
            names.extend((0..config.requests / 8).map(|set| shared.name(Key::Set(set))));
        }
        let shared = Shared { size: config.requests, latest: Latest::default(), revisions: None };
        names.extend((0..Key::LANES).map(|list| shared.name(Key::Lanes(list))));
        names.extend((0..Key::WAYS).map(|way| shared.name(Key::Way(way))));
        names.insert(shared.name(Key::Clock));
        assert_eq!(names.len(), 8 + 4_096 + 256 + 16 + 1);
        assert!(
            names.iter().all(|name| name.starts_with(b"graylane.4/") && !name.contains(&b'_')),
            "{:?}",
            names.first()
        );
    }
}

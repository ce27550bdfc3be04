//! Which service a request is addressed to: the most specific pattern wins.
//!
//! An exact host beats a suffix, a longer suffix a shorter one, any suffix beats `*`; under one host the longest path
//! wins. A host whose paths do not fit leaves the request to the less specific patterns.

use std::borrow::Cow;

use super::id::Id;
use super::{Router, ServiceId};
use crate::config::{HostPattern, PatternHost};
use crate::matcher::is_below;
use crate::view::{self, View};
use crate::words;

/// What each pattern leads to, by its number.
#[derive(Debug, Default)]
pub(super) struct HostTable {
    exact: Exact,
    /// Longest first.
    suffixes: Vec<Host>,
    any: Paths,
}

/// A host or suffix, and what its paths lead to.
type Host = (Box<[u8]>, Paths);

/// Found by hash: halving a list leads through a dozen places in memory that nobody else has fetched.
#[derive(Debug, Default)]
struct Exact {
    hosts: Vec<Host>,
    /// Numbers of hosts, each at the first place that was free from its hash on. A power of two, and at most half taken.
    places: Vec<usize>,
}

/// The number of no host.
const FREE: usize = usize::MAX;

/// Longest first; the empty path takes everything.
#[derive(Debug, Default)]
struct Paths(Vec<(Box<[u8]>, usize)>);

impl Router {
    pub(super) fn service_of(&self, view: &View<'_>) -> Option<ServiceId> {
        let path = || view.path();
        let plain = self.hosts.find_plain(view::plain_host(view.authority()), &path);
        plain.or_else(|| view.host(|host| self.hosts.find(host, &path))).map(ServiceId::at)
    }

    pub(super) fn is_mesh_host(&self, view: &View<'_>) -> bool {
        view.host(|host| self.mesh_hosts.find(host, &|| view.path()).is_some())
    }
}

impl HostTable {
    /// Adds a pattern; `Err` is what already has it.
    pub(super) fn add(&mut self, pattern: &HostPattern, target: usize) -> Result<(), usize> {
        let paths = match pattern.host() {
            PatternHost::Exact(host) => self.exact.paths_of(host.as_bytes()),
            PatternHost::Suffix(suffix) => paths_of(&mut self.suffixes, suffix.as_bytes()),
            PatternHost::Any => &mut self.any,
        };
        paths.add(pattern.path().as_bytes(), target)
    }

    /// The same as [`find`](Self::find) for a host that is written as an exact pattern is, which nearly all are.
    pub(super) fn find_plain<'p>(&self, host: &[u8], path: &dyn Fn() -> Cow<'p, [u8]>) -> Option<usize> {
        self.exact.get(host)?.find(path)
    }

    /// What `host` (lower case, no port) and the path lead to; the path is computed only where paths matter.
    pub(super) fn find<'p>(&self, host: &[u8], path: &dyn Fn() -> Cow<'p, [u8]>) -> Option<usize> {
        let exact = self.find_plain(host, path);
        let by_suffix = || {
            self.suffixes.iter().filter(|(suffix, _)| host.ends_with(suffix)).find_map(|(_, paths)| paths.find(path))
        };
        exact.or_else(by_suffix).or_else(|| self.any.find(path))
    }
}

impl Exact {
    fn get(&self, host: &[u8]) -> Option<&Paths> {
        self.hosts.get(self.find(host)?).map(|(_, paths)| paths)
    }

    fn find(&self, host: &[u8]) -> Option<usize> {
        let number = *self.places.get(self.place_of(host))?;
        (number != FREE).then_some(number)
    }

    /// The place where a host is, or else the one for it.
    fn place_of(&self, host: &[u8]) -> usize {
        let last = self.places.len().wrapping_sub(1);
        let mut place = usize::try_from(words::hash(host)).unwrap_or_default() & last;
        while let Some((other, _)) = self.places.get(place).and_then(|number| self.hosts.get(*number))
            && !words::same(other, host)
        {
            place = (place + 1) & last;
        }
        place
    }

    /// The paths under a host, which is added if need be.
    fn paths_of(&mut self, host: &[u8]) -> &mut Paths {
        let number = self.find(host).unwrap_or_else(|| self.add(host));
        #[expect(clippy::indexing_slicing, reason = "found or added as this very number above")]
        &mut self.hosts[number].1
    }

    fn add(&mut self, host: &[u8]) -> usize {
        let number = self.hosts.len();
        self.hosts.push((host.into(), Paths::default()));
        if 2 * self.hosts.len() > self.places.len() {
            self.places = vec![FREE; 4 * self.hosts.len().next_power_of_two()];
            (0..number).for_each(|earlier| self.take_place(earlier));
        }
        self.take_place(number);
        number
    }

    fn take_place(&mut self, number: usize) {
        let place = self.hosts.get(number).map(|(host, _)| self.place_of(host));
        if let Some(place) = place.and_then(|place| self.places.get_mut(place)) {
            *place = number;
        }
    }
}

/// The paths under a suffix, which is added if need be.
fn paths_of<'h>(suffixes: &'h mut Vec<Host>, suffix: &[u8]) -> &'h mut Paths {
    let known = suffixes.iter().position(|(other, _)| **other == *suffix);
    let at = known.unwrap_or_else(|| {
        let at = suffixes.partition_point(|(other, _)| other.len() >= suffix.len());
        suffixes.insert(at, (suffix.into(), Paths::default()));
        at
    });
    #[expect(clippy::indexing_slicing, reason = "found or added at this very place above")]
    &mut suffixes[at].1
}

impl Paths {
    fn add(&mut self, path: &[u8], target: usize) -> Result<(), usize> {
        if let Some((_, owner)) = self.0.iter().find(|(other, _)| **other == *path) {
            return Err(*owner);
        }
        let at = self.0.partition_point(|(other, _)| other.len() >= path.len());
        self.0.insert(at, (path.into(), target));
        Ok(())
    }

    fn find<'p>(&self, path: &dyn Fn() -> Cow<'p, [u8]>) -> Option<usize> {
        match self.0.as_slice() {
            [] => None,
            [(only, target)] if only.is_empty() => Some(*target),
            several => {
                let path = path();
                several.iter().find(|(prefix, _)| is_below(&path, prefix)).map(|(_, target)| *target)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_many_hosts_leads_to_its_own_and_strangers_to_nothing() {
        let host = |nth: usize| format!("service-{nth}.shop.svc.cluster.local");
        let mut table = HostTable::default();
        for nth in 0..3_000 {
            assert_eq!(table.add(&host(nth).parse().unwrap(), nth), Ok(()));
        }
        for nth in 0..3_000 {
            assert_eq!(table.find(host(nth).as_bytes(), &|| Cow::Borrowed(b"/")), Some(nth));
            assert_eq!(table.find(host(nth + 3_000).as_bytes(), &|| Cow::Borrowed(b"/")), None);
            assert_eq!(table.add(&host(nth).parse().unwrap(), 7), Err(nth));
        }
        assert_eq!(HostTable::default().find(b"service-0", &|| Cow::Borrowed(b"/")), None);
    }
}

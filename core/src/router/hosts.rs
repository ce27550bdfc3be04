//! Which service a request is addressed to: the most specific pattern wins.
//!
//! An exact host beats a suffix, a longer suffix a shorter one, any suffix beats `*`; under one host the longest path
//! wins. A host whose paths do not fit leaves the request to the less specific patterns.

use std::borrow::Cow;

use crate::config::{HostPattern, PatternHost};
use crate::matcher::is_below;

/// What each pattern leads to: a service, or nothing further.
#[derive(Debug)]
pub(super) struct HostTable<T> {
    exact: Hosts<T>,
    suffixes: Hosts<T>,
    any: Paths<T>,
}

/// Longest first, so that any is found by halving: a list is far less code than a table of hashes.
#[derive(Debug)]
struct Hosts<T>(Vec<(Box<[u8]>, Paths<T>)>);

/// Longest first; the empty path takes everything.
#[derive(Debug)]
struct Paths<T>(Vec<(Box<[u8]>, T)>);

impl<T> Default for HostTable<T> {
    fn default() -> Self {
        Self { exact: Hosts(Vec::new()), suffixes: Hosts(Vec::new()), any: Paths(Vec::new()) }
    }
}

impl<T: Copy> HostTable<T> {
    /// Adds a pattern; `Err` is what already has it.
    pub(super) fn add(&mut self, pattern: &HostPattern, target: T) -> Result<(), T> {
        let paths = match pattern.host() {
            PatternHost::Exact(host) => self.exact.paths_of(host.as_bytes()),
            PatternHost::Suffix(suffix) => self.suffixes.paths_of(suffix.as_bytes()),
            PatternHost::Any => &mut self.any,
        };
        paths.add(pattern.path().as_bytes(), target)
    }

    /// What `host` (lower case, no port) and the path lead to; the path is computed only where paths matter.
    pub(super) fn find<'p>(&self, host: &[u8], path: &dyn Fn() -> Cow<'p, [u8]>) -> Option<T> {
        let exact = self.exact.get(host).and_then(|paths| paths.find(path));
        let by_suffix = || {
            self.suffixes.0.iter().filter(|(suffix, _)| host.ends_with(suffix)).find_map(|(_, paths)| paths.find(path))
        };
        exact.or_else(by_suffix).or_else(|| self.any.find(path))
    }
}

impl<T> Hosts<T> {
    fn place(&self, host: &[u8]) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| (host.len(), host).cmp(&(other.len(), other)))
    }

    fn get(&self, host: &[u8]) -> Option<&Paths<T>> {
        self.0.get(self.place(host).ok()?).map(|(_, paths)| paths)
    }

    /// The paths under a host, which is added if need be.
    fn paths_of(&mut self, host: &[u8]) -> &mut Paths<T> {
        let at = self.place(host).unwrap_or_else(|at| {
            self.0.insert(at, (host.into(), Paths(Vec::new())));
            at
        });
        #[expect(clippy::indexing_slicing, reason = "found or inserted at this very place above")]
        &mut self.0[at].1
    }
}

impl<T: Copy> Paths<T> {
    fn add(&mut self, path: &[u8], target: T) -> Result<(), T> {
        if let Some((_, owner)) = self.0.iter().find(|(other, _)| **other == *path) {
            return Err(*owner);
        }
        let at = self.0.partition_point(|(other, _)| other.len() >= path.len());
        self.0.insert(at, (path.into(), target));
        Ok(())
    }

    fn find<'p>(&self, path: &dyn Fn() -> Cow<'p, [u8]>) -> Option<T> {
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

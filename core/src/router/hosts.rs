//! Which service a request is addressed to: the most specific pattern wins.
//!
//! An exact host beats a suffix, a longer suffix a shorter one, any suffix beats `*`; under one host the longest path
//! wins. A host whose paths do not fit leaves the request to the less specific patterns.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::config::{HostPattern, PatternHost};
use crate::matcher::is_below;

/// What each pattern leads to: a service, or nothing further.
#[derive(Debug)]
pub(super) struct HostTable<T> {
    exact: FxHashMap<Box<[u8]>, Paths<T>>,
    /// Longest first.
    suffixes: Vec<(Box<[u8]>, Paths<T>)>,
    any: Paths<T>,
}

/// Longest first; the empty path takes everything.
#[derive(Debug)]
struct Paths<T>(Vec<(Box<[u8]>, T)>);

impl<T> Default for HostTable<T> {
    fn default() -> Self {
        Self { exact: FxHashMap::default(), suffixes: Vec::new(), any: Paths::default() }
    }
}

impl<T> Default for Paths<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy> HostTable<T> {
    /// Adds a pattern; `Err` is what already has it.
    pub(super) fn add(&mut self, pattern: &HostPattern, target: T) -> Result<(), T> {
        let paths = match pattern.host() {
            PatternHost::Exact(host) => self.exact.entry(host.as_bytes().into()).or_default(),
            PatternHost::Suffix(suffix) => self.suffix(suffix.as_bytes()),
            PatternHost::Any => &mut self.any,
        };
        paths.add(pattern.path().as_bytes(), target)
    }

    fn suffix(&mut self, suffix: &[u8]) -> &mut Paths<T> {
        let order = |(other, _): &(Box<[u8]>, Paths<T>)| (suffix.len(), suffix).cmp(&(other.len(), other));
        let at = match self.suffixes.binary_search_by(order) {
            Ok(at) => at,
            Err(at) => {
                self.suffixes.insert(at, (suffix.into(), Paths::default()));
                at
            }
        };
        #[expect(clippy::indexing_slicing, reason = "found or inserted at this very place above")]
        &mut self.suffixes[at].1
    }

    /// What `host` (lower case, no port) and the path lead to; the path is computed only where paths matter.
    pub(super) fn find<'p>(&self, host: &[u8], path: impl Fn() -> Cow<'p, [u8]>) -> Option<T> {
        let exact = self.exact.get(host).and_then(|paths| paths.find(&path));
        let by_suffix = || {
            self.suffixes.iter().filter(|(suffix, _)| host.ends_with(suffix)).find_map(|(_, paths)| paths.find(&path))
        };
        exact.or_else(by_suffix).or_else(|| self.any.find(&path))
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

    fn find<'p>(&self, path: &impl Fn() -> Cow<'p, [u8]>) -> Option<T> {
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

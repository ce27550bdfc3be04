//! Which service a request is addressed to: the most specific pattern wins.
//!
//! An exact host beats a suffix, a longer suffix a shorter one, any suffix beats `*`; under one host the longest path
//! wins. A host whose paths do not fit leaves the request to the less specific patterns.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::ServiceId;
use crate::config::{HostPattern, PatternHost};
use crate::matcher::is_below;

#[derive(Debug, Default)]
pub(super) struct HostTable {
    exact: FxHashMap<Box<[u8]>, Paths>,
    /// Longest first.
    suffixes: Vec<(Box<[u8]>, Paths)>,
    any: Paths,
}

/// Longest first; the empty path takes everything.
#[derive(Debug, Default)]
struct Paths(Vec<(Box<[u8]>, ServiceId)>);

impl HostTable {
    /// Adds a pattern; `Err` is the service that already has it.
    pub(super) fn add(&mut self, pattern: &HostPattern, service: ServiceId) -> Result<(), ServiceId> {
        let paths = match pattern.host() {
            PatternHost::Exact(host) => self.exact.entry(host.as_bytes().into()).or_default(),
            PatternHost::Suffix(suffix) => self.suffix(suffix.as_bytes()),
            PatternHost::Any => &mut self.any,
        };
        paths.add(pattern.path().as_bytes(), service)
    }

    fn suffix(&mut self, suffix: &[u8]) -> &mut Paths {
        let order = |(other, _): &(Box<[u8]>, Paths)| (suffix.len(), suffix).cmp(&(other.len(), other));
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

    /// The service of `host` (lower case, no port) and the path, which is computed only where paths matter.
    pub(super) fn find<'p>(&self, host: &[u8], path: impl Fn() -> Cow<'p, [u8]>) -> Option<ServiceId> {
        let exact = self.exact.get(host).and_then(|paths| paths.find(&path));
        let by_suffix = || {
            self.suffixes.iter().filter(|(suffix, _)| host.ends_with(suffix)).find_map(|(_, paths)| paths.find(&path))
        };
        exact.or_else(by_suffix).or_else(|| self.any.find(&path))
    }
}

impl Paths {
    fn add(&mut self, path: &[u8], service: ServiceId) -> Result<(), ServiceId> {
        if let Some((_, owner)) = self.0.iter().find(|(other, _)| **other == *path) {
            return Err(*owner);
        }
        let at = self.0.partition_point(|(other, _)| other.len() >= path.len());
        self.0.insert(at, (path.into(), service));
        Ok(())
    }

    fn find<'p>(&self, path: &impl Fn() -> Cow<'p, [u8]>) -> Option<ServiceId> {
        match self.0.as_slice() {
            [] => None,
            [(only, service)] if only.is_empty() => Some(*service),
            several => {
                let path = path();
                several.iter().find(|(prefix, _)| is_below(&path, prefix)).map(|(_, service)| *service)
            }
        }
    }
}

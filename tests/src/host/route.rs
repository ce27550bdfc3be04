//! The route cache: which cluster a request goes to, and when that is looked up again.

use std::rc::Rc;

use super::headers::Headers;

/// Stands for the route table: the cluster for a request's headers, or none when nothing matches.
pub(super) type Router = Rc<dyn Fn(&Headers) -> Option<String>>;

/// The cached route of one request.
///
/// Clearing is lazy: the cluster keeps its old name until the filter chain has run. After that, clearing
/// has no effect.
#[derive(Debug, Default)]
pub(super) struct Route {
    cluster: Option<String>,
    cleared: bool,
}

impl Route {
    pub(super) fn matched(router: &Router, headers: &Headers) -> Self {
        Self { cluster: router(headers), cleared: false }
    }

    pub(super) fn clear(&mut self) {
        self.cleared = true;
    }

    /// What Envoy's router filter does at the end of the chain.
    pub(super) fn settle(&mut self, router: &Router, headers: &Headers) {
        if self.cleared {
            *self = Self::matched(router, headers);
        }
    }

    pub(super) fn cluster(&self) -> Option<&str> {
        self.cluster.as_deref()
    }
}

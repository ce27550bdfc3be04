//! Copies of requests that proxies make (Envoy's `request_mirror_policies`): nobody waits for their answers.
//!
//! In front of an app a copy is handed on and remembered like any request, so that the calls made for it stay in its lane.
//! Elsewhere it goes where the proxy's routes send it: nothing is decided, no cookie given out, nothing counted twice.

use super::Router;
use super::carriers::Carried;
use crate::decision::Decision;
use crate::explain::{Step, Trace};
use crate::view::{self, View};

impl Router {
    /// Whether this is the copy of a request for a host of ours.
    pub(super) fn is_copy_of_ours(&self, view: &View<'_>) -> bool {
        let is_ours = |host: &[u8]| {
            self.hosts.find(host, &|| view.path()).is_some() || self.mesh_hosts.find(host, &|| view.path()).is_some()
        };
        view.original().is_some_and(|original| view::host_of(original, is_ours))
    }

    /// Leaves a copy the mark that is believed, and nothing else of ours.
    #[cold]
    pub(super) fn pass_copy_on<'r>(
        &'r self,
        carried: &Carried<'_>,
        decision: &mut Decision<'r>,
        trace: &mut Trace<'_>,
    ) {
        trace.step(|| Step::Mirrored);
        decision.events.mirrored = 1;
        decision.identity = carried.identity;
        self.write_carried(carried, decision);
        self.silence_mirrors(carried, decision);
        decision.erase(carried.sent.version, &self.headers.version);
    }
}

//! The lane of the pod, which its label names: requests that the app begins itself are in it.
//!
//! The label is asked for once for each configuration, never for a request. One that is no lane is told like a refused
//! configuration: one log line and one count for the whole process.

use graylane_abi::host::{self, LogLevel};
use graylane_core::metric::Metric;
use graylane_core::{Phase, Router, ascii, hash};

use crate::explanation::visible;
use crate::refusal;
use crate::seat::Plugin;
use crate::vm::Vm;

/// Where Envoy has it: Istio puts the labels of the pod into the metadata of the node.
const LABEL: [&str; 5] = ["xds", "node", "metadata", "LABELS", "graylane.io/lane"];

/// The longest label and what is wrong with it, in bytes.
const LONGEST: usize = 256;

/// Has `router` go by the label of the pod, if it has one, behind the app.
pub(crate) fn settle(vm: &Vm, plugin: &Plugin, router: &mut Router) {
    if router.phase() != Phase::SidecarOutbound {
        return;
    }
    let label = host::property(&LABEL).unwrap_or_default();
    if label.is_empty() {
        return;
    }
    let key = refusal::key(plugin, "graylane.io/lane");
    match router.begin_in(&ascii(&label)) {
        Ok(()) => refusal::forget(&key),
        Err(why) if refusal::is_news(&key, hash::salted("", &label), u32::MAX) => {
            vm.count_now(Metric::SelfLaneIgnored);
            let why = visible(&why.to_string(), LONGEST);
            let line = format!("outbound: the label graylane.io/lane of this pod is ignored: {why}");
            host::log(LogLevel::Warn, &line);
        }
        Err(_) => {}
    }
}

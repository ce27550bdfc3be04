//! A release over Deployments, told to the planner: with the versions by name, and with the traffic of its status.

use graylane_core::Percentage;

use crate::api::{BaseRoute, Cohorts, GrayRelease, GrayReleaseStatus};

/// The release as its stored `status` asks for it; `None` as long as nobody knows what is stable.
pub(super) fn resolve(release: &GrayRelease, status: &GrayReleaseStatus) -> Option<GrayRelease> {
    let mut resolved = release.clone();
    resolved.status = None;
    let spec = &mut resolved.spec;
    if spec.workloads.len() != status.workloads.len() {
        return None;
    }
    for (workload, known) in spec.workloads.iter_mut().zip(&status.workloads) {
        let stable = known.stable.as_ref()?;
        let gray = known.gray.as_ref().filter(|_| status.traffic.base != BaseRoute::Service).unwrap_or(stable);
        let base = if status.traffic.base == BaseRoute::Gray { gray } else { stable };
        workload.stable = Some(base.clone());
        workload.gray = Some(gray.clone());
    }
    spec.weight = status.traffic.weight;
    // At full weight everybody is in the lane; nobody is kept out by a rule, since the old version goes.
    if status.traffic.cohorts == Cohorts::Out || status.traffic.weight == Percentage::FULL {
        spec.rules.clear();
    }
    Some(resolved)
}

//! What a release is at, on a few lines.

use std::fmt::Write as _;

use kube::ResourceExt;

use crate::api::{ConditionStatus, ConditionType, GrayRelease, GrayReleaseStatus};

/// How many of the latest deeds are shown.
const DEEDS: usize = 3;

/// A release on a few lines: what it is doing, its versions, its proxies, what stands in its way, and its latest history.
pub(super) fn of(release: &GrayRelease) -> String {
    let mut text = String::new();
    let name = release.name_any();
    let Some(status) = &release.status else {
        return format!("{name}  not seen by the controller yet\n");
    };
    // Writing to a string can not fail.
    let _ = writeln!(text, "{name}  {:?}  {}  {}", status.phase, status.progress, status.message);
    for workload in &status.workloads {
        let named = |version: &Option<_>| version.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        let (stable, gray) = (named(&workload.stable), named(&workload.gray));
        let pods = format!("{}/{} pods", workload.ready, workload.replicas);
        let _ = writeln!(text, "  {}  stable {stable}  new {gray}  {pods}", workload.deployment);
    }
    proxies(status, &mut text);
    for condition in &status.conditions {
        let bad = match condition.kind {
            ConditionType::Accepted => condition.status == ConditionStatus::False,
            ConditionType::Stalled => condition.status == ConditionStatus::True,
            ConditionType::Ready => false,
        };
        if bad {
            let _ = writeln!(text, "  ! {:?}: {}", condition.reason, condition.message);
        }
    }
    for deed in status.history.iter().rev().take(DEEDS).rev() {
        let _ = writeln!(text, "  {}  {}  {}", deed.time.strftime("%H:%M:%S"), deed.who, deed.what);
    }
    text
}

fn proxies(status: &GrayReleaseStatus, text: &mut String) {
    if let Some(publication) = &status.publication {
        let (has, all) = (status.proxies.acknowledged, status.proxies.total);
        let _ = writeln!(text, "  generation {}  {has} of {all} proxies", publication.generation);
    }
    if !status.proxies.lagging.is_empty() && status.publication.is_some() {
        let _ = writeln!(text, "  lagging: {}", status.proxies.lagging.join(", "));
    }
}

//! What a release is at, on a few lines.

use graylane_core::Percentage;
use graylane_core::slots::SLOTS;
use kube::ResourceExt;

use super::advice;
use crate::api::{
    BaseRoute, Condition, ConditionStatus, ConditionType, GrayRelease, GrayReleaseStatus, Reason, Step, WorkloadStatus,
};

/// How many of the latest deeds are shown.
const DEEDS: usize = 3;

/// How many cells a bar has.
const CELLS: u32 = 20;

/// A release on a few lines: what it is doing, its steps, who gets the new version, its pods and proxies, what stands in
/// its way, its latest history, and what can be done about it.
#[must_use]
pub fn view(release: &GrayRelease) -> String {
    let name = release.name_any();
    let Some(status) = &release.status else {
        return format!("{name}  not seen by the controller yet: does it run?\n");
    };
    let mut lines = vec![format!("{name}  {:?}  {}", status.phase, status.message)];
    lines.extend(steps(release, status));
    if status.phase.is_under_way() {
        lines.push(format!("  traffic  {}  on the new version", bar(share(status))));
    }
    lines.extend(status.workloads.iter().map(workload));
    lines.extend(proxies(status));
    let complaints = status.conditions.iter().filter(|condition| is_bad(condition));
    lines.extend(complaints.map(|condition| complaint(condition, status)));
    for deed in status.history.iter().rev().take(DEEDS).rev() {
        lines.push(format!("  {}  {}  {}", deed.time.strftime("%FT%TZ"), deed.who, deed.what));
    }
    lines.extend(advice::of(release, status).into_iter().map(|advice| format!("  -> {advice}")));
    lines.join("\n") + "\n"
}

/// The steps in a row: those that are done, the one that is being done, and those to come.
fn steps(release: &GrayRelease, status: &GrayReleaseStatus) -> Option<String> {
    let steps = &status.in_force(&release.spec).strategy.as_ref()?.canary.steps;
    if !status.phase.is_under_way() {
        return None;
    }
    let current = usize::try_from(status.step).unwrap_or(usize::MAX);
    let drawn = steps.iter().enumerate().map(|(index, step)| {
        let sign = match index.cmp(&current) {
            std::cmp::Ordering::Less => '✓',
            std::cmp::Ordering::Equal => '●',
            std::cmp::Ordering::Greater => '○',
        };
        format!("{sign} {}", name(step))
    });
    let all = if current >= steps.len() { "● everybody" } else { "○ everybody" };
    let drawn: Vec<String> = drawn.chain([all.to_owned()]).collect();
    Some(format!("  steps    {}", drawn.join("  ")))
}

fn name(step: &Step) -> String {
    match step {
        Step::SetWeight(weight) => weight.to_string(),
        Step::SetReplicas(replicas) => format!("{replicas} pods"),
        Step::Pause(pause) => pause.duration.map_or_else(|| "approval".to_owned(), |wait| format!("wait {wait}")),
    }
}

/// The share of requests that the new version gets, apart from rules.
pub(super) fn share(status: &GrayReleaseStatus) -> Percentage {
    match status.traffic.base {
        BaseRoute::Service | BaseRoute::Stable => status.traffic.weight,
        BaseRoute::Gray => Percentage::FULL,
    }
}

/// A share as a bar and in figures. What is not nothing is seen, however little.
pub(super) fn bar(share: Percentage) -> String {
    let slots = u32::from(share.slots());
    let full = (slots * CELLS).div_ceil(u32::from(SLOTS)).min(CELLS);
    let cells: String = (0..CELLS).map(|cell| if cell < full { '█' } else { '░' }).collect();
    format!("{cells} {share}")
}

fn workload(workload: &WorkloadStatus) -> String {
    let named = |version: &Option<_>| version.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let (stable, gray) = (named(&workload.stable), named(&workload.gray));
    let pods = format!("{} of {} new pods serve", workload.ready, workload.replicas);
    let of_new = if workload.gray.is_some() { format!("  new {gray}  {pods}") } else { String::new() };
    format!("  {}  stable {stable}{of_new}", workload.deployment)
}

/// How many proxies have what is published, and those that lag, unless the first line names them.
fn proxies(status: &GrayReleaseStatus) -> Option<String> {
    let publication = status.publication.as_ref().filter(|_| status.proxies.total > 0)?;
    let (has, all) = (status.proxies.acknowledged, status.proxies.total);
    let told: Vec<&str> = status.message.split([' ', ',', ';']).collect();
    let is_new = |name: &&str| !told.contains(name);
    let lagging: Vec<&str> = status.proxies.lagging.iter().map(String::as_str).filter(is_new).collect();
    let not = if lagging.is_empty() { String::new() } else { format!(", not yet: {}", lagging.join(", ")) };
    Some(format!("  proxies  {has} of {all} have generation {}{not}", publication.generation))
}

pub(super) fn is_bad(condition: &Condition) -> bool {
    match condition.kind {
        ConditionType::Accepted => condition.status == ConditionStatus::False,
        // That it was aborted, and why, is in the first line.
        ConditionType::Stalled => condition.status == ConditionStatus::True && condition.reason != Reason::Aborted,
        ConditionType::Ready => false,
    }
}

/// What stands in the way, and more of it than the first line says.
fn complaint(condition: &Condition, status: &GrayReleaseStatus) -> String {
    let Condition { reason, message, .. } = condition;
    if *message == status.message { format!("  ! {reason:?}") } else { format!("  ! {reason:?}: {message}") }
}

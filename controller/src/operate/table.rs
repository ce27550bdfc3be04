//! Objects, one a line.

use kube::ResourceExt;
use serde::Serialize;
use serde_json::Value;

use super::Reach;
use super::view::{bar, share};
use crate::api::{Condition, ConditionType, GrayRelease, Lane, LaneService, MeshPolicy, Phase};

const UNSEEN: &str = "not seen by the controller yet";

/// Releases, one a line: what they are doing, and who gets the new versions.
#[must_use]
pub fn table(releases: &[GrayRelease], reach: Reach) -> String {
    let head = ["NAMESPACE", "NAME", "PHASE", "STEP", "ON THE NEW VERSION", "MESSAGE"];
    aligned(head, releases.iter().map(release), without_namespace(reach))
}

/// Standing lanes, one a line: whether they are ready, who is in them, and how far their versions are.
#[must_use]
pub fn lane_table(lanes: &[Lane], reach: Reach) -> String {
    let head = ["NAMESPACE", "NAME", "READY", "WEIGHT", "VERSIONS", "MESSAGE"];
    aligned(head, lanes.iter().map(lane), without_namespace(reach))
}

/// The policy of the mesh on a line: whether it is followed, and what it does.
#[must_use]
pub fn policy_table(policies: &[MeshPolicy]) -> String {
    aligned(["NAME", "ACCEPTED", "MODE", "DELIVERY", "MESSAGE"], policies.iter().map(policy), 0)
}

/// How many of the first columns are left out.
fn without_namespace(reach: Reach) -> usize {
    match reach {
        Reach::Namespace => 1,
        Reach::Everywhere => 0,
    }
}

/// A table with columns as wide as they need, but for the first `hidden` ones.
fn aligned<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>, hidden: usize) -> String {
    let rows: Vec<[String; N]> = [head.map(str::to_owned)].into_iter().chain(rows).collect();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).skip(hidden).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn release(release: &GrayRelease) -> [String; 6] {
    let (namespace, name) = (release.namespace().unwrap_or_default(), release.name_any());
    let Some(status) = &release.status else {
        return [namespace, name, "-".to_owned(), String::new(), String::new(), UNSEEN.to_owned()];
    };
    let traffic = match status.phase {
        Phase::Idle | Phase::Completed | Phase::Aborted | Phase::Leaving | Phase::Withdrawn => String::new(),
        _ => bar(share(status)),
    };
    [namespace, name, format!("{:?}", status.phase), status.progress.clone(), traffic, status.message.clone()]
}

fn lane(lane: &Lane) -> [String; 6] {
    let (namespace, name, weight) =
        (lane.namespace().unwrap_or_default(), lane.name_any(), lane.spec.weight.to_string());
    let Some(status) = &lane.status else {
        return [namespace, name, "-".to_owned(), weight, String::new(), UNSEEN.to_owned()];
    };
    let (ready, _) = said(&status.conditions, ConditionType::Ready);
    let version =
        |known: &LaneService| format!("{} {} {:?} {} ready", known.service, known.version, known.stage, known.ready);
    let versions: Vec<String> = status.services.iter().map(version).collect();
    [namespace, name, ready, weight, versions.join(", "), status.message.clone()]
}

fn policy(policy: &MeshPolicy) -> [String; 5] {
    let (mode, delivery) = (spelled(policy.spec.mode), spelled(policy.spec.delivery));
    let conditions = policy.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let (accepted, message) = said(conditions, ConditionType::Accepted);
    [policy.name_any(), accepted, mode, delivery, message]
}

/// One of few values, as the resource spells it.
fn spelled(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(_) | Err(_) => "?".to_owned(),
    }
}

/// What a condition says, and why.
fn said(conditions: &[Condition], kind: ConditionType) -> (String, String) {
    let found = conditions.iter().find(|condition| condition.kind == kind);
    let unseen = || ("-".to_owned(), UNSEEN.to_owned());
    found.map_or_else(unseen, |found| (format!("{:?}", found.status), found.message.clone()))
}

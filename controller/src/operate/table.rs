//! Releases, one a line.

use kube::ResourceExt;

use super::Reach;
use super::view::{bar, share};
use crate::api::{GrayRelease, Phase};

/// Releases, one a line: what they are doing, and who gets the new versions.
#[must_use]
pub fn table(releases: &[GrayRelease], reach: Reach) -> String {
    let mut rows = vec![["NAMESPACE", "NAME", "PHASE", "STEP", "ON THE NEW VERSION", "MESSAGE"].map(str::to_owned)];
    rows.extend(releases.iter().map(row));
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..6).map(|column| width(column).unwrap_or_default()).collect();
    let shown = match reach {
        Reach::Namespace => 1,
        Reach::Everywhere => 0,
    };
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(&widths).skip(shown).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn row(release: &GrayRelease) -> [String; 6] {
    let (namespace, name) = (release.namespace().unwrap_or_default(), release.name_any());
    let Some(status) = &release.status else {
        return [
            namespace,
            name,
            "-".to_owned(),
            String::new(),
            String::new(),
            "not seen by the controller yet".to_owned(),
        ];
    };
    let traffic = match status.phase {
        Phase::Idle | Phase::Completed | Phase::Aborted | Phase::Withdrawn => String::new(),
        _ => bar(share(status)),
    };
    [namespace, name, format!("{:?}", status.phase), status.progress.clone(), traffic, status.message.clone()]
}

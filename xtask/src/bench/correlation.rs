//! What correlation adds to a hop, which is what has a goal: each request against the same without it, round by round.

use serde::Serialize;

use super::measure::Measured;
use super::ours::{BEFORE, LOST, RECALLED, REMEMBERED};
use super::stats::{self, Spread};

/// What is added to something.
#[derive(Debug, Serialize)]
pub(crate) struct Added {
    to: String,
    /// CPU microseconds of the proxy per request.
    cpu_us: Spread,
    /// Its median over what the raw minimum with log takes above plain.
    ratio: Option<f64>,
}

impl Added {
    /// What was added for each build of the module that was measured with and without; `reference_us` is what the raw
    /// minimum with log takes above plain.
    pub(crate) fn all(measured: &[Measured<'_>], reference_us: Option<f64>) -> Vec<Self> {
        let builds = measured.iter().filter_map(|one| one.variant.name.strip_suffix(REMEMBERED));
        builds.filter_map(|build| Self::of(build, measured, reference_us)).flatten().collect()
    }

    fn of(build: &str, measured: &[Measured<'_>], reference_us: Option<f64>) -> Option<Vec<Self>> {
        let cpu = |what: &str| {
            let mut wanted = measured.iter().filter(|one| one.variant.name.strip_prefix(build) == Some(what));
            wanted.next().map(|one| one.cpu.as_slice())
        };
        let before = cpu(BEFORE)?;
        let names = measured.iter().filter_map(|one| one.variant.name.strip_prefix(build));
        let remembered = names.filter(|name| name.starts_with(REMEMBERED));
        let mut rows: Vec<_> =
            remembered.filter_map(|name| Some((name, stats::paired_differences(cpu(name)?, before)))).collect();
        if let (Some(recalled), Some(lost)) = (cpu(RECALLED), cpu(LOST)) {
            let (inbound, outbound) =
                (stats::paired_differences(cpu(REMEMBERED)?, before), stats::paired_differences(recalled, lost));
            let both = inbound.iter().zip(&outbound).map(|(inbound, outbound)| inbound + outbound).collect();
            rows.extend([(RECALLED, outbound), ("both, of one hop", both)]);
        }
        let added = |(what, sample)| {
            let cpu_us = Spread::of(sample)?;
            let ratio = reference_us.map(|reference| cpu_us.median / reference);
            Some(Self { to: format!("{build}{what}"), cpu_us, ratio })
        };
        rows.into_iter().map(added).collect()
    }

    /// What stands in each column of a table.
    pub(crate) fn row(&self) -> [String; 3] {
        let Self { to, cpu_us, ratio } = self;
        [to.clone(), cpu_us.to_string(), ratio.map_or_else(String::new, |ratio| format!("{ratio:+.2}"))]
    }
}

#[cfg(test)]
mod tests {
    use super::super::variant;
    use super::*;

    #[test]
    fn a_hop_is_what_is_added_on_both_sides_of_an_app_in_the_same_round() {
        let mut variants = variant::chosen(&["an app".to_owned()], 0).unwrap();
        variants.retain(|variant| !variant.name.starts_with("our calls"));
        let of = |name: &str| match name.strip_prefix("ours: ") {
            Some(BEFORE) => vec![10.0, 50.0],
            Some(REMEMBERED) => vec![14.0, 54.0],
            Some(LOST) => vec![20.0, 80.0],
            Some(RECALLED) => vec![19.0, 79.0],
            Some("before an app, remembered in 1024") => vec![16.0, 56.0],
            Some("before an app, remembered in 524288") => vec![18.0, 58.0],
            _ => vec![0.0, 0.0],
        };
        let measured: Vec<_> = variants
            .iter()
            .map(|variant| Measured { variant, cpu: of(&variant.name), latencies: Vec::new() })
            .collect();
        let rows: Vec<_> = Added::all(&measured, Some(2.0)).iter().map(Added::row).collect();
        let row = |to: &str, added: &str, ratio: &str| [to, added, ratio].map(str::to_owned);
        assert_eq!(
            rows,
            [
                row("ours: before an app, remembered", "+4.00 (+4.00 .. +4.00)", "+2.00"),
                row("ours: before an app, remembered in 1024", "+6.00 (+6.00 .. +6.00)", "+3.00"),
                row("ours: before an app, remembered in 524288", "+8.00 (+8.00 .. +8.00)", "+4.00"),
                row("ours: behind an app, recalled", "-1.00 (-1.00 .. -1.00)", "-0.50"),
                row("ours: both, of one hop", "+3.00 (+3.00 .. +3.00)", "+1.50"),
            ]
        );
    }

    #[test]
    fn where_nothing_is_correlated_nothing_is_added() {
        let variants = variant::chosen(&["hop".to_owned()], 0).unwrap();
        let measured: Vec<_> =
            variants.iter().map(|variant| Measured { variant, cpu: vec![1.0], latencies: Vec::new() }).collect();
        assert!(Added::all(&measured, None).is_empty());
    }
}

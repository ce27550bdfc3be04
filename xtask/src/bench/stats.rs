//! Order statistics of small samples: medians and quartiles, never means, so that one disturbed
//! round cannot move a figure.

use std::fmt;

use serde::Serialize;

/// Median and quartiles of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) lower_quartile: f64,
    pub(crate) median: f64,
    pub(crate) upper_quartile: f64,
}

impl Spread {
    /// `None` for an empty sample.
    pub(crate) fn of(mut sample: Vec<f64>) -> Option<Self> {
        sample.sort_by(f64::total_cmp);
        Some(Self {
            lower_quartile: percentile(&sample, 25)?,
            median: percentile(&sample, 50)?,
            upper_quartile: percentile(&sample, 75)?,
        })
    }
}

/// The median, and the quartiles in brackets, all with their signs.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lower_quartile, median, upper_quartile } = self;
        write!(f, "{median:+.2} ({lower_quartile:+.2} .. {upper_quartile:+.2})")
    }
}

/// The value below which `percent` of an ascending sample lies, interpolated between neighbours.
pub(crate) fn percentile(ascending: &[f64], percent: u8) -> Option<f64> {
    let scaled = ascending.len().checked_sub(1)? * usize::from(percent.min(100));
    let below = ascending.get(scaled / 100)?;
    let above = ascending.get(scaled.div_ceil(100))?;
    let between = u8::try_from(scaled % 100).map_or(0.0, f64::from) / 100.0;
    Some(below + (above - below) * between)
}

/// `variant - baseline`, round by round: what a whole round suffers (a busy neighbour, a slower
/// clock) is in both and cancels.
pub(crate) fn paired_differences(variant: &[f64], baseline: &[f64]) -> Vec<f64> {
    variant.iter().zip(baseline).map(|(variant, baseline)| variant - baseline).collect()
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the expected values are exact in binary")]
mod tests {
    use super::*;

    #[test]
    fn median_ignores_one_wild_round() {
        let spread = Spread::of(vec![3.0, 1.0, 900.0, 2.0, 2.5]).unwrap();
        assert_eq!(spread.median, 2.5);
        assert_eq!((spread.lower_quartile, spread.upper_quartile), (2.0, 3.0));
    }

    #[test]
    fn even_samples_interpolate() {
        assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 50), Some(2.5));
        assert_eq!(percentile(&[1.0, 2.0], 25), Some(1.25));
    }

    #[test]
    fn percentiles_reach_both_ends_and_know_empty_samples() {
        let sample = [1.0, 2.0, 8.0];
        assert_eq!(percentile(&sample, 0), Some(1.0));
        assert_eq!(percentile(&sample, 100), Some(8.0));
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn drift_that_hits_a_whole_round_cancels() {
        let baseline = [10.0, 20.0, 40.0];
        let variant = [13.0, 23.0, 43.0];
        assert_eq!(paired_differences(&variant, &baseline), [3.0, 3.0, 3.0]);
        let medians_apart = Spread::of(variant.to_vec()).unwrap().median - 20.0;
        assert_eq!(medians_apart, 3.0);
    }
}

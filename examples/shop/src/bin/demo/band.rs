//! What a fair share of a crowd looks like.

use std::ops::RangeInclusive;

use statrs::distribution::{Binomial, BinomialError, DiscreteCDF};

/// A whole percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Percent(pub(crate) u8);

/// How often a draw leaves the band to one side: half of one percent, so that 99 % of all draws are inside.
const TAIL: f64 = 0.005;

/// Where the number of the chosen lies in 99 % of all draws, when each of `people` is chosen with `share`.
///
/// # Errors
/// If the share is more than everybody.
pub(crate) fn band(share: Percent, people: u64) -> Result<RangeInclusive<u64>, BinomialError> {
    let draw = Binomial::new(f64::from(share.0) / 100.0, people)?;
    Ok(draw.inverse_cdf(TAIL)..=draw.inverse_cdf(1.0 - TAIL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bands_are_those_of_the_tables() -> Result<(), BinomialError> {
        // qbinom(c(0.005, 0.995), 400, c(0.1, 0.5)) in R.
        assert_eq!(band(Percent(10), 400)?, 25..=56);
        assert_eq!(band(Percent(50), 400)?, 174..=226);
        Ok(())
    }

    #[test]
    fn nobody_and_everybody_leave_no_room() -> Result<(), BinomialError> {
        assert_eq!(band(Percent(0), 400)?, 0..=0);
        assert_eq!(band(Percent(100), 400)?, 400..=400);
        Ok(())
    }

    #[test]
    fn more_than_everybody_is_no_share() {
        assert!(band(Percent(101), 400).is_err());
    }
}

//! Ranks: what most of many values do not exceed.

/// The smallest of the values that `percent` of them do not exceed; `None` where there are none.
pub(crate) fn quantile<T: Ord + Copy>(mut values: Vec<T>, percent: usize) -> Option<T> {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100);
    values.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_ranked() {
        let values: Vec<_> = (1..=100).rev().collect();
        assert_eq!(quantile(values.clone(), 50), Some(50));
        assert_eq!(quantile(values, 99), Some(99));
        assert_eq!(quantile(vec![7], 1), Some(7));
        assert_eq!(quantile(Vec::<u8>::new(), 50), None);
    }
}

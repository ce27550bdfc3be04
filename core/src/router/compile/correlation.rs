//! Whether a table of requests can be made as described.

use crate::config::Correlation;
use crate::problem::{Path, Problems};

pub(super) fn check(correlation: &Correlation, problems: &mut Problems) {
    let Correlation { sources, ttl_seconds, requests } = correlation;
    let path = Path::Root.field("correlation");
    let twice = |(place, source)| sources.iter().skip(place + 1).any(|other| other == source);
    if sources.is_empty() || sources.iter().enumerate().any(twice) {
        let found = if sources.is_empty() { "has no source" } else { "has a source twice" };
        problems.add(&path.field("sources"), found, "1 to 5 different sources");
    }
    if !(1..=Correlation::LONGEST_TTL).contains(ttl_seconds) {
        let allowed = format!("1 to {} seconds", Correlation::LONGEST_TTL);
        problems.add(&path.field("ttlSeconds"), format!("{ttl_seconds} can not stand here"), allowed);
    }
    if !requests.is_power_of_two() || !Correlation::SIZES.contains(requests) {
        let allowed = format!("a power of two from {} to {}", Correlation::SIZES.start(), Correlation::SIZES.end());
        problems.add(&path.field("requests"), format!("{requests} can not stand here"), allowed);
    }
}

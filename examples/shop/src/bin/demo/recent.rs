//! The last few seconds of traffic: what a live picture shows.

use std::{collections::VecDeque, time::Duration};

use crate::{
    chain::{Chain, Version},
    ledger::{Answer, Caller},
    quantile::quantile,
};

/// How far back it reaches.
const SPAN: Duration = Duration::from_secs(2);

/// The answers of the last [`SPAN`], oldest first.
#[derive(Debug, Default)]
pub(crate) struct Recent(VecDeque<Answer>);

/// How many requests of users each version of a service served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) v1: u32,
    pub(crate) v2: u32,
}

impl Served {
    /// The share of a version, from 0 to 1; `None` where nothing was served.
    pub(crate) fn share(self, version: Version) -> Option<f64> {
        let part = match version {
            Version::V1 => self.v1,
            Version::V2 => self.v2,
        };
        let all = self.v1 + self.v2;
        (all > 0).then(|| f64::from(part) / f64::from(all))
    }
}

impl Recent {
    pub(crate) fn note(&mut self, answer: Answer) {
        let horizon = answer.seen.saturating_sub(SPAN);
        while self.0.front().is_some_and(|oldest| oldest.seen < horizon) {
            self.0.pop_front();
        }
        self.0.push_back(answer);
    }

    /// What served the users, service by service. Without the tester, who is more than one in four hundred.
    pub(crate) fn served(&self) -> [Served; 3] {
        let mut served = [Served::default(); 3];
        for answer in &self.0 {
            let (Caller::User(_), Ok(Chain { versions, .. })) = (answer.caller, &answer.outcome) else { continue };
            for (service, version) in served.iter_mut().zip(versions) {
                match version {
                    Version::V1 => service.v1 += 1,
                    Version::V2 => service.v2 += 1,
                }
            }
        }
        served
    }

    /// The answers, newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Answer> {
        self.0.iter().rev()
    }

    /// How many requests ended in a second, on average.
    pub(crate) fn rate(&self) -> f64 {
        let ended = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        f64::from(ended) / SPAN.as_secs_f64()
    }

    /// The latency that `percent` of these answers did not exceed.
    pub(crate) fn latency(&self, percent: usize) -> Option<Duration> {
        quantile(self.0.iter().map(|answer| answer.seen.saturating_sub(answer.sent)).collect(), percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chain::{BASE, Side},
        ledger::Moment,
    };

    fn answer(caller: Caller, seen: u64, side: Side) -> Answer {
        let versions = if side == Side::Gray { [Version::V2, Version::V1, Version::V2] } else { BASE };
        let seen = Moment::from_millis(seen);
        Answer {
            caller,
            sent: seen.saturating_sub(Moment::from_millis(5)),
            seen,
            outcome: Ok(Chain { side, versions }),
        }
    }

    #[test]
    fn shares_are_those_of_the_users_in_the_last_two_seconds() {
        let mut recent = Recent::default();
        recent.note(answer(Caller::User(0), 0, Side::Gray));
        for millisecond in 2_001..2_004 {
            recent.note(answer(Caller::User(1), millisecond, Side::Base));
        }
        recent.note(answer(Caller::User(2), 2_010, Side::Gray));
        recent.note(answer(Caller::Tester, 2_011, Side::Gray));

        let [web, cart, stock] = recent.served();
        assert_eq!((web, cart, stock), (Served { v1: 3, v2: 1 }, Served { v1: 4, v2: 0 }, Served { v1: 3, v2: 1 }));
        assert_eq!(web.share(Version::V2), Some(0.25));
        assert_eq!(Served::default().share(Version::V1), None);
        assert_eq!(recent.newest().next().map(|answer| answer.caller), Some(Caller::Tester));
    }
}

//! Who was seen where, act by act.
//!
//! Pure: time is what it is told. Invariant: what was sent was seen, has failed, or is open, so nothing goes missing
//! unnoticed.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    chain::{BASE, Chain, Side, Versions, path},
    quantile::quantile,
};

/// Time since the demo began.
pub(crate) type Moment = Duration;

/// Somebody who sends requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Tester,
    /// One of the crowd, from 0.
    User(usize),
}

/// The end of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) caller: Caller,
    pub(crate) sent: Moment,
    pub(crate) seen: Moment,
    /// The chain, or what came in its stead.
    pub(crate) outcome: Result<Chain, String>,
}

/// How many answers came from each side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sides {
    pub(crate) base: u64,
    pub(crate) gray: u64,
}

/// The answers of whole chains that one caller got in one act.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    /// To requests sent after every proxy had acknowledged the act's configuration.
    pub(crate) settled: Sides,
    /// To those before, while proxies still differed.
    pub(crate) shifting: Sides,
}

/// One act.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) began: Moment,
    /// When the last proxy had acknowledged.
    pub(crate) settled: Option<Moment>,
    /// What a request in the lane is served by.
    pub(crate) gray: Versions,
    pub(crate) sent: u64,
    /// Answered with a chain.
    pub(crate) seen: u64,
    /// Ended otherwise.
    pub(crate) failed: u64,
    pub(crate) tester: Tally,
    pub(crate) users: Vec<Tally>,
    /// When the last answer from gray versions was seen.
    pub(crate) last_gray: Option<Moment>,
}

/// All acts so far.
#[derive(Debug)]
pub(crate) struct Ledger {
    users: usize,
    acts: Vec<Record>,
    /// Each way in which a request was lost, and how often.
    causes: BTreeMap<String, u64>,
    /// Chains of versions that belong to no side, and how often.
    mixed: BTreeMap<String, u64>,
    latencies: Vec<Duration>,
}

impl Sides {
    pub(crate) fn total(self) -> u64 {
        self.base + self.gray
    }

    fn add(&mut self, side: Side) {
        match side {
            Side::Base => self.base += 1,
            Side::Gray => self.gray += 1,
        }
    }
}

impl Tally {
    /// Whether the caller was served by `side` at all.
    pub(crate) fn met(&self, side: Side) -> bool {
        let Self { settled, shifting } = self;
        match side {
            Side::Base => settled.base + shifting.base > 0,
            Side::Gray => settled.gray + shifting.gray > 0,
        }
    }
}

impl Record {
    /// Requests that have not ended.
    pub(crate) fn open(&self) -> u64 {
        self.sent.saturating_sub(self.seen + self.failed)
    }

    fn tally(&mut self, answer: &Answer, side: Side) {
        if side == Side::Gray {
            self.last_gray = self.last_gray.max(Some(answer.seen));
        }
        let is_settled = self.settled.is_some_and(|settled| settled <= answer.sent);
        let tally = match answer.caller {
            Caller::Tester => Some(&mut self.tester),
            Caller::User(number) => self.users.get_mut(number),
        };
        if let Some(tally) = tally {
            let sides = if is_settled { &mut tally.settled } else { &mut tally.shifting };
            sides.add(side);
        }
    }
}

impl Ledger {
    /// An empty one, for a crowd of so many.
    pub(crate) fn of(users: usize) -> Self {
        Self { users, acts: Vec::new(), causes: BTreeMap::new(), mixed: BTreeMap::new(), latencies: Vec::new() }
    }

    /// A new act, in which the lane leads to the versions `gray`.
    pub(crate) fn begin(&mut self, now: Moment, gray: Versions) {
        self.acts.push(Record {
            began: now,
            settled: None,
            gray,
            sent: 0,
            seen: 0,
            failed: 0,
            tester: Tally::default(),
            users: vec![Tally::default(); self.users],
            last_gray: None,
        });
    }

    /// Every proxy has the current act's configuration.
    pub(crate) fn settle(&mut self, now: Moment) {
        if let Some(act) = self.acts.last_mut() {
            act.settled.get_or_insert(now);
        }
    }

    /// A request left.
    pub(crate) fn sent(&mut self, at: Moment) {
        if let Some(act) = self.act_at(at) {
            act.sent += 1;
        }
    }

    /// A request ended.
    pub(crate) fn note(&mut self, answer: &Answer) {
        match &answer.outcome {
            Ok(chain) => self.served(answer, *chain),
            Err(cause) => {
                *self.causes.entry(cause.clone()).or_default() += 1;
                if let Some(act) = self.act_at(answer.sent) {
                    act.failed += 1;
                }
            }
        }
    }

    pub(crate) fn acts(&self) -> &[Record] {
        &self.acts
    }

    pub(crate) fn causes(&self) -> impl Iterator<Item = (&str, u64)> {
        self.causes.iter().map(|(cause, &count)| (cause.as_str(), count))
    }

    pub(crate) fn mixed(&self) -> impl Iterator<Item = (&str, u64)> {
        self.mixed.iter().map(|(path, &count)| (path.as_str(), count))
    }

    /// The latency that `percent` of all answers did not exceed.
    pub(crate) fn latency(&self, percent: usize) -> Option<Duration> {
        quantile(self.latencies.clone(), percent)
    }

    fn served(&mut self, answer: &Answer, chain: Chain) {
        self.latencies.push(answer.seen.saturating_sub(answer.sent));
        if let Some(act) = self.act_at(answer.sent) {
            act.seen += 1;
        }
        if !self.belongs(answer, chain) {
            *self.mixed.entry(path(chain.versions)).or_default() += 1;
            return;
        }
        // A request that was on its way as an act began may have met either configuration: it is part of the shift.
        if let Some(act) = self.act_at(answer.seen) {
            act.tally(answer, chain.side);
        }
    }

    /// Whether the versions are those of the chain's side in an act whose configuration the request may have met.
    fn belongs(&self, answer: &Answer, chain: Chain) -> bool {
        let next = self.acts.iter().skip(1).map(Some).chain([None]);
        let mut met = self.acts.iter().zip(next).filter(|(act, next)| {
            let replaced = next.and_then(|next| next.settled);
            act.began <= answer.seen && replaced.is_none_or(|replaced| replaced >= answer.sent)
        });
        match chain.side {
            Side::Base => chain.versions == BASE,
            Side::Gray => met.any(|(act, _)| act.gray == chain.versions),
        }
    }

    fn act_at(&mut self, moment: Moment) -> Option<&mut Record> {
        self.acts.iter_mut().rev().find(|act| act.began <= moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Version::{V1, V2};

    const GRAY: Versions = [V2, V1, V2];
    const FULL: Versions = [V2, V2, V2];

    fn at(milliseconds: u64) -> Moment {
        Moment::from_millis(milliseconds)
    }

    fn answer(user: usize, sent: u64, seen: u64, side: Side, versions: Versions) -> Answer {
        let outcome = Ok(Chain { side, versions });
        Answer { caller: Caller::User(user), sent: at(sent), seen: at(seen), outcome }
    }

    /// One act that settled at 10, and one that began at 100 and has not settled.
    fn two_acts() -> Ledger {
        let mut ledger = Ledger::of(2);
        ledger.begin(at(0), GRAY);
        ledger.settle(at(10));
        ledger.begin(at(100), FULL);
        ledger
    }

    #[test]
    fn what_was_sent_was_seen_or_has_failed_or_is_open() {
        let mut ledger = two_acts();
        for sent in [20, 30, 110] {
            ledger.sent(at(sent));
        }
        ledger.note(&answer(0, 20, 25, Side::Base, BASE));
        let refused = Err("connection refused".to_owned());
        ledger.note(&Answer { caller: Caller::Tester, sent: at(110), seen: at(111), outcome: refused });

        let ends: Vec<_> = ledger.acts().iter().map(|act| (act.sent, act.seen, act.failed, act.open())).collect();
        assert_eq!(ends, [(2, 1, 0, 1), (1, 0, 1, 0)]);
        assert_eq!(ledger.causes().collect::<Vec<_>>(), [("connection refused", 1)]);
    }

    #[test]
    fn only_what_happened_wholly_under_one_configuration_counts_as_settled() {
        let mut ledger = two_acts();
        ledger.note(&answer(0, 5, 6, Side::Base, BASE));
        ledger.note(&answer(0, 20, 25, Side::Base, BASE));
        ledger.note(&answer(0, 95, 105, Side::Gray, FULL));

        let [first, second] = ledger.acts() else { panic!("two acts") };
        let base = Sides { base: 1, gray: 0 };
        assert_eq!((first.users[0].shifting, first.users[0].settled), (base, base));
        assert_eq!((second.users[0].shifting, second.users[0].settled), (Sides { base: 0, gray: 1 }, Sides::default()));
        assert_eq!((first.seen, second.seen), (3, 0), "each is seen in the act in which it was sent");
    }

    #[test]
    fn versions_of_no_side_are_mixed() {
        let mut ledger = two_acts();
        ledger.note(&answer(0, 20, 25, Side::Gray, GRAY));
        ledger.note(&answer(0, 20, 25, Side::Base, BASE));
        assert_eq!(ledger.mixed().count(), 0);

        ledger.note(&answer(0, 20, 25, Side::Base, GRAY));
        ledger.note(&answer(0, 20, 25, Side::Gray, BASE));
        ledger.note(&answer(0, 20, 25, Side::Gray, FULL));
        let mixed: Vec<_> = ledger.mixed().map(|(_, count)| count).collect();
        assert_eq!(mixed, [1, 1, 1]);
    }

    #[test]
    fn while_a_configuration_spreads_the_one_before_is_as_good() {
        let mut ledger = two_acts();
        ledger.note(&answer(0, 110, 120, Side::Gray, GRAY));
        ledger.note(&answer(0, 110, 120, Side::Gray, FULL));
        assert_eq!(ledger.mixed().count(), 0);

        ledger.settle(at(200));
        ledger.note(&answer(0, 201, 210, Side::Gray, GRAY));
        assert_eq!(ledger.mixed().count(), 1);
    }
}

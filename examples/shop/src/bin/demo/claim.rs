//! What the demo claims, and whether it was observed.
//!
//! Pure: judges a ledger. Invariant: a claim about which too little is known is not observed.

use std::{fmt, time::Duration};

use crate::{
    band::{Percent, band},
    chain::{BASE, Side, Versions, path},
    ledger::{Ledger, Record, Tally},
};

/// Fewer answers than these to one caller show nothing about where the caller stays.
const ANSWERS_OF_USER: u64 = 2;
const ANSWERS_OF_TESTER: u64 = 10;

/// Something that must be seen in an act, or over all of them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Claim {
    /// All users are served by base.
    CrowdOnBase,
    /// The tester is served by this side only.
    Tester(Side),
    /// So many of the users are served by gray versions.
    Share(Percent),
    /// Each user is always served by the same side.
    Sticky,
    /// Who had gray versions in the act before has them all the time.
    NobodyMovedBack,
    /// Every proxy has acknowledged the change in this time.
    Acknowledged(Duration),
    /// The last answer from gray versions came in this time.
    LastGray(Duration),
    /// Every request of the whole demo was answered.
    NothingLost,
    /// Every answer of the whole demo came from the versions of one side.
    NothingMixed,
}

/// How a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Too little has been seen.
    Pending,
    Observed,
    Refuted,
}

/// A claim, how it stands and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) claim: String,
    pub(crate) evidence: String,
    pub(crate) state: State,
}

/// What speaks for and against a claim.
struct Finding {
    /// How much contradicts it.
    against: u64,
    /// Whether enough was seen to believe what nothing contradicts.
    is_enough: bool,
    evidence: String,
}

impl Claim {
    /// Judges this claim about the act with this number, from 0.
    pub(crate) fn judge(self, ledger: &Ledger, act: usize) -> Verdict {
        let Some(record) = ledger.acts().get(act) else {
            return Verdict { claim: self.words(BASE), evidence: "not played".to_owned(), state: State::Pending };
        };
        let finding = match self {
            Self::CrowdOnBase => crowd_on_base(record),
            Self::Tester(side) => tester(record, side),
            Self::Share(share) => self::share(record, share),
            Self::Sticky => sticky(record),
            Self::NobodyMovedBack => {
                let before = act.checked_sub(1).and_then(|before| ledger.acts().get(before));
                nobody_moved_back(before, record)
            }
            Self::Acknowledged(within) => acknowledged(record, within),
            Self::LastGray(within) => last_gray(record, within),
            Self::NothingLost => nothing_lost(ledger),
            Self::NothingMixed => nothing_mixed(ledger),
        };
        Verdict { claim: self.words(record.gray), state: finding.state(), evidence: finding.evidence }
    }

    fn words(self, gray: Versions) -> String {
        match self {
            Self::CrowdOnBase => "every user is on base".to_owned(),
            Self::Tester(Side::Base) => format!("the tester meets {}", path(BASE)),
            Self::Tester(Side::Gray) => format!("the tester meets {}", path(gray)),
            Self::Share(share) => format!("{share} of the users meet the new versions"),
            Self::Sticky => "each user always meets the same side".to_owned(),
            Self::NobodyMovedBack => "nobody is moved back".to_owned(),
            Self::Acknowledged(within) => format!("every proxy has acknowledged within {}", Seconds(within)),
            Self::LastGray(within) => format!("the last gray answer comes within {}", Seconds(within)),
            Self::NothingLost => "no request is lost".to_owned(),
            Self::NothingMixed => "no request meets versions of both sides".to_owned(),
        }
    }
}

impl Finding {
    fn state(&self) -> State {
        match self {
            Self { against: 1.., .. } => State::Refuted,
            Self { is_enough: false, .. } => State::Pending,
            Self { is_enough: true, .. } => State::Observed,
        }
    }
}

fn crowd_on_base(act: &Record) -> Finding {
    let Crowd { users, is_known, gray, both, answers } = Crowd::of(act);
    let against = gray + both;
    let evidence = format!("{answers} answers to {users} users, {against} users met a new version");
    Finding { against, is_enough: is_known, evidence }
}

fn tester(act: &Record, side: Side) -> Finding {
    let settled = act.tester.settled;
    let (as_claimed, against) = match side {
        Side::Base => (settled.base, settled.gray),
        Side::Gray => (settled.gray, settled.base),
    };
    // What belongs to a side has been marked so on every hop.
    let evidence = format!("{as_claimed} of {} answers, lane {side} on every hop", settled.total());
    Finding { against, is_enough: settled.total() >= ANSWERS_OF_TESTER, evidence }
}

fn share(act: &Record, share: Percent) -> Finding {
    let Crowd { users, is_known, gray, .. } = Crowd::of(act);
    let Ok(fair) = band(share, users) else {
        return Finding { against: 1, is_enough: true, evidence: format!("{share} is no share") };
    };
    let (low, high) = (fair.start(), fair.end());
    // Who has not been asked yet may still turn the balance.
    let against = u64::from(is_known && !fair.contains(&gray));
    let evidence = format!("{gray} of {users} users; 99 of 100 fair draws are from {low} to {high}");
    Finding { against, is_enough: is_known, evidence }
}

fn sticky(act: &Record) -> Finding {
    let Crowd { users, is_known, both, answers, .. } = Crowd::of(act);
    let evidence = format!("{answers} answers to {users} users, {both} users met both sides");
    Finding { against: both, is_enough: is_known, evidence }
}

fn nobody_moved_back(before: Option<&Record>, act: &Record) -> Finding {
    let (mut gray, mut against, mut joined) = (0_u64, 0, 0);
    let before = before.into_iter().flat_map(|before| &before.users);
    for (before, now) in before.zip(&act.users) {
        if before.settled.gray > 0 {
            gray += 1;
            against += u64::from(now.met(Side::Base));
        } else {
            joined += u64::from(now.settled.gray > 0);
        }
    }
    let evidence = format!("of {gray} users on new versions {against} lost them; {joined} joined");
    Finding { against, is_enough: gray > 0 && Crowd::of(act).is_known, evidence }
}

fn acknowledged(act: &Record, within: Duration) -> Finding {
    let took = act.settled.map(|settled| settled.saturating_sub(act.began));
    let evidence = took.map_or_else(|| "not yet".to_owned(), after_writing);
    Finding { against: u64::from(took.is_some_and(|took| took >= within)), is_enough: took.is_some(), evidence }
}

fn last_gray(act: &Record, within: Duration) -> Finding {
    let took = act.last_gray.map(|last| last.saturating_sub(act.began));
    let evidence = took.map_or_else(|| "none came after the file was written".to_owned(), after_writing);
    let against = u64::from(took.is_some_and(|took| took >= within));
    Finding { against, is_enough: Crowd::of(act).is_known, evidence }
}

fn after_writing(took: Duration) -> String {
    format!("{} after the file was written", Seconds(took))
}

fn nothing_lost(ledger: &Ledger) -> Finding {
    let sum = |of: fn(&Record) -> u64| -> u64 { ledger.acts().iter().map(of).sum() };
    let (sent, seen, failed, open) =
        (sum(|act| act.sent), sum(|act| act.seen), sum(|act| act.failed), sum(Record::open));
    let evidence = format!("{sent} sent, {seen} seen, {failed} lost{}", in_flight(open));
    Finding { against: failed, is_enough: seen > 0 && open == 0, evidence }
}

/// What to add about requests that have not ended.
fn in_flight(open: u64) -> String {
    if open == 0 { String::new() } else { format!(", {open} on their way") }
}

fn nothing_mixed(ledger: &Ledger) -> Finding {
    let seen: u64 = ledger.acts().iter().map(|act| act.seen).sum();
    let against: u64 = ledger.mixed().map(|(_, count)| count).sum();
    Finding { against, is_enough: seen > 0, evidence: format!("{seen} answers, {against} of them mixed") }
}

/// Where the users of an act are, after every proxy has acknowledged it.
struct Crowd {
    users: u64,
    /// Whether every single user was seen often enough.
    is_known: bool,
    /// Users served by gray versions only.
    gray: u64,
    /// Users served by either side.
    both: u64,
    answers: u64,
}

impl Crowd {
    fn of(act: &Record) -> Self {
        let mut crowd = Self { users: 0, is_known: true, gray: 0, both: 0, answers: 0 };
        for Tally { settled, .. } in &act.users {
            crowd.users += 1;
            crowd.answers += settled.total();
            crowd.is_known &= settled.total() >= ANSWERS_OF_USER;
            match (settled.base, settled.gray) {
                (_, 0) => (),
                (0, _) => crowd.gray += 1,
                (_, _) => crowd.both += 1,
            }
        }
        crowd
    }
}

/// A time span for people.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} s", self.0.as_secs_f64())
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

#[cfg(test)]
mod tests;

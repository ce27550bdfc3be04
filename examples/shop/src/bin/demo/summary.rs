//! The end: for each claim what was sent, seen and lost, and whether it was observed.

use std::fmt;

use crate::{
    claim::{State, Verdict},
    ledger::Ledger,
    story::{STORY, THROUGHOUT},
};

/// What the whole story came to.
#[derive(Debug)]
pub(crate) struct Summary {
    acts: Vec<Scene>,
    throughout: Vec<Verdict>,
    /// What went wrong, and how often.
    faults: Vec<(String, u64)>,
    /// The latencies that half, and all but one in a hundred, of the requests did not exceed, in milliseconds.
    latencies: Option<[f64; 2]>,
}

/// One act.
#[derive(Debug)]
struct Scene {
    title: &'static str,
    sent: u64,
    seen: u64,
    lost: u64,
    verdicts: Vec<Verdict>,
}

impl Summary {
    pub(crate) fn of(ledger: &Ledger) -> Self {
        let records = ledger.acts().iter().map(Some).chain(std::iter::repeat(None));
        let acts = STORY.iter().enumerate().zip(records).map(|((number, act), record)| Scene {
            title: act.title,
            sent: record.map_or(0, |record| record.sent),
            seen: record.map_or(0, |record| record.seen),
            lost: record.map_or(0, |record| record.failed + record.open()),
            verdicts: act.claims.iter().map(|claim| claim.judge(ledger, number)).collect(),
        });
        let last = STORY.len() - 1;
        let milliseconds = |percent| ledger.latency(percent).map(|latency| latency.as_secs_f64() * 1e3);
        Self {
            acts: acts.collect(),
            throughout: THROUGHOUT.iter().map(|claim| claim.judge(ledger, last)).collect(),
            faults: ledger.causes().chain(ledger.mixed()).map(|(what, count)| (what.to_owned(), count)).collect(),
            latencies: milliseconds(50).zip(milliseconds(99)).map(|(half, most)| [half, most]),
        }
    }

    /// Whether every single claim was observed.
    pub(crate) fn is_observed(&self) -> bool {
        self.verdicts().all(|verdict| verdict.state == State::Observed)
    }

    fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        self.acts.iter().flat_map(|act| &act.verdicts).chain(&self.throughout)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "What was claimed, and what was seen\n")?;
        for (number, Scene { title, sent, seen, lost, verdicts }) in self.acts.iter().enumerate() {
            writeln!(f, "{}  {title:<28} sent {sent:>5}   seen {seen:>5}   lost {lost:>3}", number + 1)?;
            verdicts.iter().try_for_each(|verdict| write_verdict(f, verdict))?;
        }
        writeln!(f, "-  All along")?;
        self.throughout.iter().try_for_each(|verdict| write_verdict(f, verdict))?;
        for (what, count) in &self.faults {
            writeln!(f, "         {count} x {what}")?;
        }
        if let Some([half, most]) = self.latencies {
            writeln!(f, "         half of the answers came within {half:.1} ms, 99 of 100 within {most:.1} ms")?;
        }
        let all = self.verdicts().count();
        match self.verdicts().filter(|verdict| verdict.state != State::Observed).count() {
            0 => write!(f, "\nAll {all} claims were observed."),
            missing => write!(f, "\nNot observed: {missing} of {all} claims."),
        }
    }
}

/// A claim that was not played out has failed too: nobody saw it.
fn write_verdict(f: &mut fmt::Formatter<'_>, verdict: &Verdict) -> fmt::Result {
    let Verdict { claim, evidence, state } = verdict;
    let result = match state {
        State::Observed => "PASS",
        State::Refuted | State::Pending => "FAIL",
    };
    writeln!(f, "   {result}  {claim:<46}  {evidence}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::USERS;

    #[test]
    fn a_story_that_was_not_played_was_not_observed() {
        let summary = Summary::of(&Ledger::of(USERS));
        assert!(!summary.is_observed());
        let text = summary.to_string();
        assert!(!text.contains("PASS"), "{text}");
        let claims = STORY.iter().map(|act| act.claims.len()).sum::<usize>() + THROUGHOUT.len();
        assert!(text.ends_with(&format!("Not observed: {claims} of {claims} claims.")), "{text}");
    }
}

//! The view for everything that is no terminal: lines, each told once.

use std::{
    io::{self, Write},
    time::Duration,
};

use crate::{
    chain::{Chain, SERVICES, Version, path},
    claim::{Seconds, State, Verdict},
    folder::{Change, RELEASE},
    ledger::Moment,
    show::{Scene, Show},
    story::STORY,
    summary::Summary,
};

/// How often the state of the traffic is told, if it has changed.
const PERIOD: Duration = Duration::from_secs(1);

/// What has been told.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    notes: usize,
    /// How many users were on new versions, and where the tester was.
    traffic: (usize, Option<Chain>),
    /// When.
    at: Moment,
}

impl Lines {
    pub(crate) fn begin(&mut self, show: &Show) -> io::Result<()> {
        let (Scene::Act(number), Some(act)) = (show.scene, show.act()) else { return Ok(()) };
        tell("")?;
        tell(&format!("[{}/{}] {}: {}", number + 1, STORY.len(), act.title, act.story))?;
        for change in &show.changes {
            match change {
                Change::Removed(line) => at(show.now, &format!("{RELEASE}: -{line}"))?,
                Change::Added(line) => at(show.now, &format!("{RELEASE}: +{line}"))?,
            }
        }
        // The traffic shows nothing of it yet.
        self.at = show.now;
        Ok(())
    }

    pub(crate) fn settle(&mut self, show: &Show) -> io::Result<()> {
        if show.changes.is_empty() {
            return Ok(());
        }
        let (generation, count) = (show.proxies.published(), show.proxies.count());
        let took = show.settled().map(|took| Seconds(took).to_string()).unwrap_or_default();
        self.at = show.now;
        at(show.now, &format!("generation {generation} acknowledged by all {count} proxies after {took}"))
    }

    pub(crate) fn refresh(&mut self, show: &Show) -> io::Result<()> {
        for note in show.notes.iter().skip(self.notes) {
            at(note.at, &note.text)?;
        }
        self.notes = show.notes.len();
        let traffic = (show.gray_users(), show.tester);
        if traffic == self.traffic || show.now.saturating_sub(self.at) < PERIOD {
            return Ok(());
        }
        (self.traffic, self.at) = (traffic, show.now);
        at(show.now, &told(show))
    }

    pub(crate) fn end(show: &Show) -> io::Result<()> {
        let Scene::Act(number) = show.scene else { return Ok(()) };
        for Verdict { claim, evidence, state } in show.verdicts(number) {
            let sign = match state {
                State::Pending => "not seen",
                State::Observed => "seen",
                State::Refuted => "REFUTED",
            };
            at(show.now, &format!("{sign}: {claim}: {evidence}"))?;
        }
        Ok(())
    }

    pub(crate) fn hand_over(&mut self, show: &Show, summary: &Summary) -> io::Result<()> {
        self.at = show.now;
        tell(&format!("\n{summary}\n\nIt is your turn; Ctrl-C ends everything."))?;
        show.invitations().iter().try_for_each(|line| tell(&format!("  {line}")))
    }
}

fn told(show: &Show) -> String {
    let services = SERVICES.iter().zip(show.recent.served()).map(|(service, served)| {
        let share = served.share(Version::V2).map_or(0.0, |share| share * 100.0);
        format!("{service} v2 {share:.0} %")
    });
    let services: Vec<_> = services.collect();
    let gray = show.gray_users();
    let tester = show.tester.map_or_else(|| "-".to_owned(), |chain| path(chain.versions));
    format!("{}; {gray} users on new versions; tester: {tester}", services.join(", "))
}

fn at(now: Moment, text: &str) -> io::Result<()> {
    tell(&format!("{:>6.1} s  {text}", now.as_secs_f64()))
}

fn tell(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

//! Plays the story: edits the file, waits for the proxies, lets the traffic show what it came to.
//!
//! Everything happens in one task, one event after the other, so what is judged is what was seen.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::{self, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    folder::Folder,
    ledger::Moment,
    load::{Load, PATIENCE},
    mesh::Mesh,
    show::Show,
    story::{Act, STORY},
    summary::Summary,
    view::{Form, View},
};

/// How often the view is refreshed, and looked whether the story can go on.
const REFRESH: Duration = Duration::from_millis(100);
/// How long proxies may take to acknowledge a change before the demo gives up.
const ACKNOWLEDGEMENT: Duration = Duration::from_secs(15);
/// How much longer than planned an act is shown while something that it claims is still to be seen.
const EXTRA_TIME: Duration = Duration::from_secs(15);

/// Somebody wants the demo to end.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// The demo on a mesh that runs.
pub(crate) struct Director<'d> {
    clock: Clock,
    folder: &'d Folder,
    mesh: &'d mut Mesh,
    load: Load,
    view: View,
    show: Show,
    pulse: Interval,
    stop: CancellationToken,
}

impl<'d> Director<'d> {
    /// Opens the view and starts the traffic.
    pub(crate) fn new(
        folder: &'d Folder,
        mesh: &'d mut Mesh,
        form: Form,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let clock = Clock::start();
        let mut pulse = time::interval(REFRESH);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            clock,
            load: Load::start(mesh.gateway(), clock)?,
            view: View::open(form, stop.clone()).context("cannot draw on the terminal; --plain needs none")?,
            show: Show::new(mesh.gateway(), folder, mesh.proxies()),
            folder,
            mesh,
            pulse,
            stop,
        })
    }

    /// Plays all acts, and waits for the last answer.
    ///
    /// # Errors
    /// If the story can not go on; [`Interrupted`] if it shall not.
    pub(crate) async fn play(&mut self) -> anyhow::Result<()> {
        for (number, act) in STORY.iter().enumerate() {
            self.act(number, act).await?;
        }
        self.load.stop();
        let deadline = self.clock.now() + PATIENCE * 2;
        self.until(deadline, |show| show.ledger.acts().iter().all(|act| act.open() == 0)).await?;
        Ok(())
    }

    /// What the story has come to.
    pub(crate) fn summary(&self) -> Summary {
        Summary::of(&self.show.ledger)
    }

    /// Leaves the mesh to the reader, until they have had enough.
    pub(crate) async fn hand_over(&mut self, summary: &Summary) -> anyhow::Result<()> {
        self.load = Load::start(self.mesh.gateway(), self.clock)?;
        self.show.hand_over(self.clock.now());
        self.view.hand_over(&self.show, summary)?;
        match self.until(Moment::MAX, |_| false).await {
            Err(error) if !error.is::<Interrupted>() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn act(&mut self, number: usize, act: &Act) -> anyhow::Result<()> {
        self.show.begin(number, self.clock.now());
        match act.edits {
            [] => self.show.settle(self.clock.now()),
            edits => self.show.changes = self.folder.edit(edits)?,
        }
        self.view.begin(&self.show)?;

        let deadline = self.clock.now() + ACKNOWLEDGEMENT;
        if !self.until(deadline, |show| show.settled().is_some()).await? {
            let seconds = ACKNOWLEDGEMENT.as_secs();
            bail!("not every proxy acknowledged the change of `{}` within {seconds} s", act.title);
        }
        self.view.settle(&self.show)?;

        let shown = self.clock.now() + act.shown;
        self.until(shown + EXTRA_TIME, |show| show.now >= shown && show.is_decided()).await?;
        self.view.end(&self.show)?;
        Ok(())
    }

    /// Takes in what happens until `is_done`, or, which gives false, the deadline.
    async fn until(&mut self, deadline: Moment, is_done: impl Fn(&Show) -> bool) -> anyhow::Result<bool> {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return Err(Interrupted.into()),
                Some(traffic) = self.load.next() => self.show.note(traffic),
                event = self.mesh.next() => self.show.hear(&event?, self.clock.now()),
                _ = self.pulse.tick() => {
                    self.show.now = self.clock.now();
                    self.view.refresh(&self.show)?;
                    if is_done(&self.show) {
                        return Ok(true);
                    }
                    if self.show.now >= deadline {
                        return Ok(false);
                    }
                }
            }
        }
    }
}

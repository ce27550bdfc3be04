//! Keeping one program running: it is started again whenever it ends by itself, later each time.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::event::Event;
use super::process::{Process, Program, Site};

/// The first wait before a program is started again; each further one is twice as long.
const SHORTEST_WAIT: Duration = Duration::from_millis(200);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// A program that ran for so long is not in a loop of failures.
const STEADY: Duration = Duration::from_secs(10);

/// Whether a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// It has not been started yet.
    Unborn,
    /// It runs.
    Running,
    /// It ended by itself, or could not be started.
    Failed,
}

/// A program that is kept running. Dropping it ends the program in the background.
#[derive(Debug)]
pub(super) struct Supervised {
    pub(super) life: watch::Receiver<Life>,
    stop: DropGuard,
    task: JoinHandle<()>,
}

impl Supervised {
    /// Starts `program` and keeps it running; what happens to it is told.
    pub(super) fn start(program: Program, site: &Arc<Site>) -> Self {
        let (told, life) = watch::channel(Life::Unborn);
        let stop = CancellationToken::new();
        let keeper = Keeper { program, site: Arc::clone(site), life: told };
        let task = tokio::spawn(keeper.keep(stop.clone()));
        Self { life, stop: stop.drop_guard(), task }
    }

    /// Ends the program for good.
    pub(super) async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!("a supervisor failed: {error}");
        }
    }
}

struct Keeper {
    program: Program,
    site: Arc<Site>,
    life: watch::Sender<Life>,
}

impl Keeper {
    async fn keep(self, stop: CancellationToken) {
        let mut again_in = SHORTEST_WAIT;
        loop {
            let begin = Instant::now();
            let Some(failure) = self.run(&stop).await else { return };
            if begin.elapsed() >= STEADY {
                again_in = SHORTEST_WAIT;
            }
            self.life.send_replace(Life::Failed);
            self.site.reporter.tell(self.told(failure, again_in));
            tokio::select! {
                () = sleep(again_in) => {}
                () = stop.cancelled() => return,
            }
            again_in = LONGEST_WAIT.min(again_in * 2);
        }
    }

    /// Runs the program until it ends by itself; `None`: until it was stopped.
    async fn run(&self, stop: &CancellationToken) -> Option<Failure> {
        let mut process = match Process::start(&self.program, &self.site) {
            Ok(process) => process,
            Err(cause) => return Some(Failure::Start(cause)),
        };
        self.life.send_replace(Life::Running);
        tokio::select! {
            ended = process.ended() => Some(match ended {
                Ok(status) => Failure::Exit(status, process.last_words()),
                Err(cause) => Failure::Start(cause),
            }),
            () = stop.cancelled() => {
                process.stop().await;
                None
            }
        }
    }

    fn told(&self, failure: Failure, again_in: Duration) -> Event {
        let process = self.program.name.clone();
        match failure {
            Failure::Exit(status, last_words) => Event::Exited { process, status, last_words, again_in },
            Failure::Start(cause) => Event::NotStarted { process, program: self.program.file.clone(), cause, again_in },
        }
    }
}

enum Failure {
    Exit(ExitStatus, Vec<String>),
    Start(io::Error),
}

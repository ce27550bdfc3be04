//! Whether a replica may get requests: its app says so, and its proxy takes connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::event::Event;
use super::process::Site;
use super::proxy::Proxy;
use super::supervise::Life;

/// How often a replica is looked at until it is ready, and from then on.
const EAGER: Duration = Duration::from_millis(50);
const CALM: Duration = Duration::from_millis(500);
/// How many times in a row it may fail to answer before it counts as not ready. A process that ended counts at once.
const PATIENCE: u8 = 2;

/// How long a replica may take to get ready before that is told.
const LATE: Duration = Duration::from_secs(30);

/// How far a replica is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It has neither been ready nor failed yet.
    Starting,
    /// It may get requests.
    Ready,
    /// It may not.
    NotReady,
}

/// Watches one replica.
#[derive(Debug)]
pub(super) struct Watcher {
    pub(super) site: Arc<Site>,
    pub(super) replica: String,
    pub(super) app: SocketAddr,
    /// The path that tells whether the app is ready; `None`: taking connections does.
    pub(super) path: Option<String>,
    pub(super) proxy: Proxy,
    pub(super) app_life: watch::Receiver<Life>,
    pub(super) proxy_life: watch::Receiver<Life>,
    pub(super) progress: watch::Sender<Progress>,
}

impl Watcher {
    /// Watches until the processes are stopped for good.
    pub(super) async fn watch(mut self) {
        let late = Instant::now() + LATE;
        let mut failures = 0;
        loop {
            let lives = [*self.app_life.borrow(), *self.proxy_life.borrow()];
            failures = match lives {
                [Life::Running, Life::Running] if self.answers().await => 0,
                [Life::Running, Life::Running] => PATIENCE.min(failures + 1),
                _ => PATIENCE,
            };
            let before = *self.progress.borrow();
            match before {
                _ if failures == 0 => self.go_on(before, Progress::Ready),
                Progress::Starting if lives.contains(&Life::Failed) => self.go_on(before, Progress::NotReady),
                Progress::Starting if Instant::now() >= late => {
                    self.site.reporter.tell(Event::ReplicaLate { replica: self.replica.clone(), after: LATE });
                    self.go_on(before, Progress::NotReady);
                }
                Progress::Ready if failures == PATIENCE => self.go_on(before, Progress::NotReady),
                Progress::Starting | Progress::Ready | Progress::NotReady => {}
            }
            let period = if *self.progress.borrow() == Progress::Ready { CALM } else { EAGER };
            tokio::select! {
                () = sleep(period) => {}
                Ok(()) = self.app_life.changed() => {}
                Ok(()) = self.proxy_life.changed() => {}
            }
        }
    }

    async fn answers(&self) -> bool {
        let app = async {
            match &self.path {
                Some(path) => {
                    let answer = self.site.client.get(self.app, path).await;
                    answer.is_ok_and(|(status, _)| status.is_success() || status.is_redirection())
                }
                None => matches!(timeout(CALM, TcpStream::connect(self.app)).await, Ok(Ok(_))),
            }
        };
        let (app, proxy) = tokio::join!(app, self.proxy.is_ready());
        app && proxy
    }

    fn go_on(&self, before: Progress, now: Progress) {
        if before == now {
            return;
        }
        let replica = self.replica.clone();
        match (before, now) {
            (_, Progress::Ready) => {
                self.site.reporter.tell(Event::ReplicaReady { replica, app: self.app, admin: self.proxy.admin() });
            }
            (Progress::Ready, _) => self.site.reporter.tell(Event::ReplicaNotReady { replica }),
            (Progress::Starting | Progress::NotReady, Progress::Starting | Progress::NotReady) => {}
        }
        self.progress.send_replace(now);
        self.site.wake.notify_one();
    }
}

//! The life of one container: started, probed, started again after its end, stopped with its pod.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, LifecycleHandler, Pod};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::network::PodNetwork;
use super::probe::{Probe, Verdict};
use super::program::program;
use super::snapshot::{CannotRun, End, Snapshot, State};
use super::{ContainerName, Site};
use crate::process::Process;

/// The pause before a container is started again, from the second time on. A kubelet has ten seconds to five minutes.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A container that has run for so long starts with the first pause again.
const FORGIVEN_AFTER: Duration = Duration::from_mins(1);

/// A container of a pod that lives. Dropping it kills its process.
pub(super) struct Running {
    pub(super) name: String,
    pub(super) snapshot: watch::Receiver<Snapshot>,
    stop: watch::Sender<Option<Instant>>,
    life: JoinHandle<()>,
}

impl Running {
    /// Starts the life of `container`.
    pub(super) fn start(site: Arc<Site>, pod: Arc<Pod>, network: Arc<PodNetwork>, container: Container) -> Self {
        let (told, snapshot) = watch::channel(Snapshot::new());
        let (stop, asked) = watch::channel(None);
        let name = container.name.clone();
        let full_name = ContainerName::of(&pod, &name);
        let life = Life { site, pod, network, container, name: full_name, told, asked };
        Self { name, snapshot, stop, life: tokio::spawn(life.live()) }
    }

    /// Waits until its startup probe has succeeded, or until it runs where it has none.
    pub(super) async fn started(&mut self) {
        // The sender lives as long as the life that is told of.
        let _ = self.snapshot.wait_for(|snapshot| snapshot.started).await;
    }

    /// Asks it to end until `deadline`, kills it then, and waits for its end.
    pub(super) async fn stop(&mut self, deadline: Instant) {
        self.stop.send_replace(Some(deadline));
        // A life that panics would be a fault of the lab, and its container is gone all the same.
        let _ = (&mut self.life).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.life.abort();
    }
}

struct Life {
    site: Arc<Site>,
    pod: Arc<Pod>,
    network: Arc<PodNetwork>,
    container: Container,
    name: ContainerName,
    told: watch::Sender<Snapshot>,
    /// The moment until which it has to end.
    asked: watch::Receiver<Option<Instant>>,
}

impl Life {
    async fn live(self) {
        let mut asked = self.asked.clone();
        let mut pause = Duration::ZERO;
        loop {
            let started = Instant::now();
            match self.start().await {
                Ok(process) => {
                    if let Stopped::Asked = self.run(process).await {
                        return;
                    }
                }
                Err(refusal) => self.tell(|snapshot| snapshot.state = State::Refused(refusal)),
            }
            if started.elapsed() > FORGIVEN_AFTER {
                pause = Duration::ZERO;
            }
            if !pause.is_zero() {
                self.tell(|snapshot| match snapshot.state {
                    State::Refused(_) => {}
                    _ => snapshot.state = State::BackingOff,
                });
            }
            tokio::select! {
                () = sleep(pause) => {}
                _ = asked.wait_for(Option::is_some) => return,
            }
            pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            self.tell(|snapshot| snapshot.restarts += u32::from(snapshot.last_end.is_some()));
        }
    }

    async fn start(&self) -> Result<Process, CannotRun> {
        let program = program(&self.site, &self.pod, &self.container, &self.network).await?;
        Process::start(&program).map_err(|error| CannotRun::System { message: error.to_string() })
    }

    /// Until it ends, or has to.
    async fn run(&self, mut process: Process) -> Stopped {
        let started = Timestamp::now();
        self.site.with_processes(|processes| processes.insert(self.name.clone(), process.id()));
        self.tell(|snapshot| snapshot.state = State::Running { since: started });
        let mut asked = self.asked.clone();
        let mut deadline = None;
        let ended = tokio::select! {
            ended = process.ended() => Some(ended),
            () = self.probe() => None,
            asked = asked.wait_for(Option::is_some) => {
                deadline = asked.ok().and_then(|deadline| *deadline);
                None
            }
        };
        let stopped = if ended.is_some() { Stopped::ByItself } else { Stopped::Asked };
        let ended = match ended {
            Some(ended) => ended,
            None => self.end(process, deadline.unwrap_or_else(Instant::now)).await,
        };
        self.site.with_processes(|processes| processes.remove(&self.name));
        self.tell(|snapshot| {
            (snapshot.started, snapshot.ready) = (false, false);
            if let Ok(status) = ended {
                let end = End { status, started, finished: Timestamp::now() };
                snapshot.last_end = Some(end.clone());
                snapshot.state = State::Ended(end);
            }
        });
        stopped
    }

    /// Startup first, then readiness, for ever.
    async fn probe(&self) {
        let probe = |spec: &_| Probe::new(spec, &self.container, self.network.address);
        if let Some(startup) = self.container.startup_probe.as_ref().map(probe) {
            startup.until_well(&self.site.http).await;
        }
        let readiness = self.container.readiness_probe.as_ref().map(probe);
        self.tell(|snapshot| (snapshot.started, snapshot.ready) = (true, readiness.is_none()));
        match readiness {
            Some(readiness) => {
                readiness.watch(&self.site.http, |verdict| self.tell_verdict(verdict)).await;
            }
            None => std::future::pending().await,
        }
    }

    fn tell_verdict(&self, verdict: Verdict) {
        let ready = verdict == Verdict::Well;
        self.told.send_if_modified(|snapshot| std::mem::replace(&mut snapshot.ready, ready) != ready);
    }

    /// `preStop`, then SIGTERM, then SIGKILL, all within the grace period, which `preStop` is part of.
    async fn end(&self, process: Process, deadline: Instant) -> std::io::Result<std::process::ExitStatus> {
        let hook = self.container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
        if let Some(hook) = hook {
            // What does not end in time is cut short.
            let _ = timeout_at(deadline, pre_stop(hook)).await;
        }
        process.stop(deadline.saturating_duration_since(Instant::now())).await
    }

    fn tell(&self, change: impl FnOnce(&mut Snapshot)) {
        self.told.send_modify(change);
    }
}

/// How a run has ended.
enum Stopped {
    ByItself,
    Asked,
}

/// Of the hooks, the lab has the one that waits, which is what rolling updates need.
async fn pre_stop(hook: &LifecycleHandler) {
    if let Some(wait) = &hook.sleep {
        let seconds = u64::try_from(wait.seconds).unwrap_or_default();
        sleep_until(Instant::now() + Duration::from_secs(seconds)).await;
    }
}

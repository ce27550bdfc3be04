//! What happens in a local mesh, for people and for programs that drive it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::sync::mpsc;

use super::change::Change;
use super::lag::Lag;
use crate::resources::Findings;

/// One thing that has happened. Its text is one line or more, for people.
#[derive(Debug)]
pub enum Event {
    /// Processes of an earlier mesh, which was killed, were still there and have been ended.
    Cleared {
        /// What they were called.
        processes: Vec<String>,
    },
    /// Everything is being started.
    Starting {
        /// How many apps.
        replicas: usize,
        /// Where logs are.
        logs: PathBuf,
    },
    /// The mesh serves: every proxy goes by the first generation.
    Ready {
        /// The way in.
        gateway: SocketAddr,
        /// Where the gateway's proxy can be asked.
        admin: SocketAddr,
    },
    /// A replica takes requests.
    ReplicaReady {
        /// Its name, `SERVICE-VERSION-NUMBER`.
        replica: String,
        /// Where the app serves.
        app: SocketAddr,
        /// Where its proxy can be asked.
        admin: SocketAddr,
    },
    /// A replica is still not ready. It is not waited for any longer, and serves as soon as it is.
    ReplicaLate {
        /// Its name.
        replica: String,
        /// How long it had.
        after: Duration,
    },
    /// A replica takes no more requests.
    ReplicaNotReady {
        /// Its name.
        replica: String,
    },
    /// A replica that is no longer wanted is gone, after its last request.
    ReplicaStopped {
        /// Its name.
        replica: String,
    },
    /// A process ended by itself.
    Exited {
        /// Which one.
        process: ProcessName,
        /// How.
        status: ExitStatus,
        /// The last that it said.
        last_words: Vec<String>,
        /// When it is started again.
        again_in: Duration,
    },
    /// A process could not be started.
    NotStarted {
        /// Which one.
        process: ProcessName,
        /// The program.
        program: PathBuf,
        /// What the system says.
        cause: std::io::Error,
        /// When it is tried again.
        again_in: Duration,
    },
    /// A proxy that had ended by itself goes by what is published again.
    ProxyReturned {
        /// Which one.
        process: ProcessName,
        /// The number of the generation.
        generation: u64,
    },
    /// A generation is on its way to every proxy.
    Published {
        /// Its number.
        generation: u64,
        /// What is different from the one before.
        changes: Vec<Change>,
    },
    /// Routes are other ones, filters go by the same generation: a version came or went that no request uses.
    Rerouted {
        /// What is different.
        changes: Vec<Change>,
    },
    /// Every proxy goes by a generation.
    Acknowledged {
        /// Its number.
        generation: u64,
        /// How many proxies there are.
        proxies: usize,
        /// How long it took since it was published.
        took: Duration,
    },
    /// Proxies have not acknowledged a generation in time. They are waited for.
    Lagging {
        /// Its number.
        generation: u64,
        /// How many proxies there are.
        proxies: usize,
        /// Those that lag, and why.
        lagging: Vec<Lag>,
        /// How long they had.
        after: Duration,
    },
    /// The files are no good: nothing changes until they are mended.
    Refused {
        /// All that is wrong.
        findings: Findings,
    },
    /// The gateway stays where it is, though the `LocalMesh` now names another port.
    GatewayStays {
        /// Where it is.
        port: u16,
        /// Where it should be.
        wanted: u16,
    },
    /// Something failed that should not; it is tried again.
    Trouble {
        /// What.
        what: String,
    },
    /// Everything is being stopped.
    Stopping,
    /// Nothing runs any more.
    Stopped,
}

/// One process of the mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessName {
    /// The app of a replica.
    App(String),
    /// The proxy of a replica.
    Proxy(String),
    /// The proxy at the edge.
    Gateway,
}

/// Where events go.
#[derive(Debug, Clone)]
pub(super) struct Reporter(pub(super) mpsc::UnboundedSender<Event>);

impl Reporter {
    /// Tells of an event. Nobody may be listening.
    pub(super) fn tell(&self, event: Event) {
        let _ = self.0.send(event);
    }

    /// Tells of what may have happened.
    pub(super) fn tell_any(&self, event: Option<Event>) {
        if let Some(event) = event {
            self.tell(event);
        }
    }
}

impl ProcessName {
    /// Its name in files.
    pub(super) fn file_name(&self) -> String {
        match self {
            Self::App(replica) => replica.clone(),
            // No replica is called like that: each ends with a number.
            Self::Proxy(replica) => format!("{replica}_proxy"),
            Self::Gateway => "gateway_proxy".to_owned(),
        }
    }
}

impl fmt::Display for ProcessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(replica) => f.write_str(replica),
            Self::Proxy(replica) => write!(f, "the proxy of {replica}"),
            Self::Gateway => f.write_str("the gateway"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cleared { processes } => {
                write!(f, "ended what an earlier run had left: {}", processes.join(", "))
            }
            Self::Starting { replicas, logs } => {
                write!(f, "starting the gateway and {}; logs are in {}", counted(*replicas, "replica"), logs.display())
            }
            Self::Ready { gateway, admin } => {
                write!(f, "ready: http://{gateway} is the way in (its proxy's admin is http://{admin})")
            }
            Self::ReplicaReady { replica, app, admin } => {
                write!(f, "{replica} is ready at http://{app} (its proxy's admin is http://{admin})")
            }
            Self::ReplicaLate { replica, after } => {
                write!(f, "{replica} is still not ready after {}: it gets no requests until it is", shown(*after))
            }
            Self::ReplicaNotReady { replica } => write!(f, "{replica} is not ready: it gets no requests"),
            Self::ReplicaStopped { replica } => write!(f, "{replica} has stopped, after its last request"),
            Self::Exited { process, status, last_words, again_in } => {
                write!(f, "{process} ended by itself ({status}); it starts again in {}", shown(*again_in))?;
                last_words.iter().try_for_each(|line| write!(f, "\n    {line}"))
            }
            Self::NotStarted { process, program, cause, again_in } => {
                let (program, again_in) = (program.display(), shown(*again_in));
                write!(f, "{process} can not be started: {program}: {cause}; it is tried again in {again_in}")
            }
            Self::ProxyReturned { process, generation } => {
                write!(f, "{process} is ready again: it goes by generation {generation}")
            }
            Self::Published { generation, changes } => {
                write!(f, "generation {generation} published{}", listed(changes))
            }
            Self::Rerouted { changes } => write!(f, "routes published{}", listed(changes)),
            Self::Acknowledged { generation, proxies, took } => {
                write!(f, "generation {generation} acknowledged by {proxies} of {proxies} proxies in {}", shown(*took))
            }
            Self::Lagging { generation, proxies, lagging, after } => {
                let (have, after) = (proxies - lagging.len(), shown(*after));
                write!(f, "generation {generation} acknowledged by only {have} of {proxies} proxies after {after}:")?;
                lagging.iter().try_for_each(|lag| write!(f, "\n    {lag}"))
            }
            Self::Refused { findings } => {
                write!(f, "refused, everything stays as it is:")?;
                findings.iter().try_for_each(|finding| write!(f, "\n    {finding}"))
            }
            Self::GatewayStays { port, wanted } => {
                write!(f, "the gateway stays on port {port}; stop and start `graylane local` to move it to {wanted}")
            }
            Self::Trouble { what } => write!(f, "{what}; it is tried again"),
            Self::Stopping => f.write_str("stopping"),
            Self::Stopped => f.write_str("everything has stopped"),
        }
    }
}

fn listed(changes: &[Change]) -> String {
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    if changes.is_empty() { String::new() } else { format!(": {}", changes.join("; ")) }
}

fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A duration as people say it: `180 ms`, `1.2 s`.
fn shown(duration: Duration) -> String {
    match duration.as_millis() {
        millis @ 0..1_000 => format!("{millis} ms"),
        millis => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use graylane_core::Phase;

    use super::*;
    use crate::local::LagCause;

    #[test]
    fn an_exit_tells_what_how_the_last_words_and_what_happens_next() {
        let event = Event::Exited {
            process: ProcessName::Proxy("web-v1-0".to_owned()),
            status: ExitStatus::from_raw(9),
            last_words: vec!["one".to_owned(), "two".to_owned()],
            again_in: Duration::from_millis(1_640),
        };
        assert_eq!(
            event.to_string(),
            "the proxy of web-v1-0 ended by itself (signal: 9 (SIGKILL)); it starts again in 1.6 s\n    one\n    two"
        );
    }

    #[test]
    fn a_proxy_that_is_back_says_by_what_it_goes() {
        let event = Event::ProxyReturned { process: ProcessName::Gateway, generation: 3 };
        assert_eq!(event.to_string(), "the gateway is ready again: it goes by generation 3");
    }

    #[test]
    fn proxies_that_lag_are_counted_and_named() {
        let lagging = vec![Lag {
            proxy: "cart-v2-0".to_owned(),
            cause: LagCause::Generation { phase: Phase::SidecarOutbound, seen: Some(3) },
        }];
        let event = Event::Lagging { generation: 4, proxies: 7, lagging, after: Duration::from_secs(10) };
        assert_eq!(
            event.to_string(),
            "generation 4 acknowledged by only 6 of 7 proxies after 10.0 s:\n    cart-v2-0 still goes by generation 3 \
             (outbound filter)"
        );
    }
}

//! A running Envoy.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::DEADLINE;
use crate::scenario::Sample;

/// How many worker threads a proxy has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workers {
    /// All requests are served by the same one, which alone writes what filters share.
    One,
    /// Four: each serves some of the requests.
    Several,
}

impl Workers {
    const fn count(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Several => "4",
        }
    }
}

/// How long to wait between two looks at something that changes.
const A_MOMENT: Duration = Duration::from_millis(5);

/// An Envoy that runs until it is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Mutex<Child>,
    folder: TempDir,
    admin: SocketAddr,
    /// The address of each listener, by name.
    pub(super) listeners: BTreeMap<String, SocketAddr>,
}

impl Process {
    /// Starts `executable`; the bootstrap configuration may refer to files of the folder, which `prepare` writes.
    pub(super) fn start(
        executable: &Path,
        workers: Workers,
        prepare: impl FnOnce(&Path) -> Result<Value>,
    ) -> Result<Self> {
        let folder = TempDir::with_prefix("graylane-scenarios-")?;
        let (bootstrap, admin) = (folder.path().join("bootstrap.json"), folder.path().join("admin"));
        fs::write(&bootstrap, prepare(folder.path())?.to_string())?;
        let mut command = Command::new(executable);
        command.args(["--concurrency", workers.count(), "--use-dynamic-base-id", "--log-level", "warning"]);
        command.args(["--component-log-level", "wasm:info"]).arg("--config-path").arg(&bootstrap);
        command.arg("--admin-address-path").arg(&admin).stderr(File::create(folder.path().join(LOG))?);
        let child = spawn(command).with_context(|| executable.display().to_string())?;
        let child = Mutex::new(child);
        let mut process = Self { child, folder, admin: ([127, 0, 0, 1], 0).into(), listeners: BTreeMap::new() };
        process.admin = process.eventually("has an admin address", || {
            Ok(fs::read_to_string(&admin).ok().and_then(|address| address.parse().ok()))
        })?;
        process.eventually("is ready", || Ok(process.is_ready()?.then_some(())))?;
        process.listeners = process.find_listeners()?;
        Ok(process)
    }

    /// Replaces a file of the folder in one step, which is what makes Envoy read it.
    pub(super) fn replace(folder: &Path, name: &str, content: &Value) -> Result<()> {
        let draft = folder.join(format!("{name}.draft"));
        fs::write(&draft, content.to_string())?;
        Ok(fs::rename(draft, folder.join(name))?)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until `look` finds something.
    pub(super) fn eventually<T>(&self, what: &str, look: impl Fn() -> Result<Option<T>>) -> Result<T> {
        let started = Instant::now();
        loop {
            let looked = look();
            if let Ok(Some(found)) = looked {
                return Ok(found);
            }
            // Until it listens, asking fails.
            let may_come = looked.is_ok() || self.listeners.is_empty();
            if !may_come || self.has_ended()? || started.elapsed() > DEADLINE {
                let log = format!("Envoy never {what}; its log ends with:\n{}", self.last_words());
                return Err(looked.err().map_or_else(|| anyhow!(log.clone()), |error| error.context(log.clone())));
            }
            thread::sleep(A_MOMENT);
        }
    }

    fn has_ended(&self) -> Result<bool> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(child.try_wait()?.is_some())
    }

    pub(super) fn is_ready(&self) -> Result<bool> {
        Ok(self.ask("/ready")? == "LIVE\n")
    }

    /// The filter's own statistics.
    pub(super) fn statistics(&self) -> Result<BTreeMap<Sample, u64>> {
        let text = self.ask("/stats/prometheus?filter=graylane_")?;
        Ok(text.lines().filter_map(Sample::of_prometheus).collect())
    }

    /// All that it has logged.
    pub(super) fn log(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(self.folder().join(LOG))?).into_owned())
    }

    /// The last lines that it has logged.
    pub(super) fn last_words(&self) -> String {
        const LINES: usize = 8;
        let log = self.log().unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n")
    }

    fn ask(&self, path: &str) -> Result<String> {
        let response = minreq::get(format!("http://{}{path}", self.admin)).with_timeout(DEADLINE.as_secs()).send()?;
        Ok(response.as_str()?.to_owned())
    }

    fn find_listeners(&self) -> Result<BTreeMap<String, SocketAddr>> {
        let answer: Value = serde_json::from_str(&self.ask("/listeners?format=json")?)?;
        let listeners = answer.get("listener_statuses").and_then(Value::as_array).context("no listeners")?;
        // Those on sockets of files are for the process itself.
        let found: Option<BTreeMap<String, SocketAddr>> = listeners
            .iter()
            .filter(|listener| listener.pointer("/local_address/pipe").is_none())
            .map(|listener| {
                let address = listener.pointer("/local_address/socket_address")?;
                let port = u16::try_from(address.get("port_value")?.as_u64()?).ok()?;
                Some((listener.get("name")?.as_str()?.to_owned(), ([127, 0, 0, 1], port).into()))
            })
            .collect();
        let found = found.context("listeners of another form")?;
        ensure!(!found.is_empty(), "no listener");
        Ok(found)
    }
}

const LOG: &str = "log";

/// Starts a process from a thread that lives as long as this program.
///
/// Envoy asks the kernel to end it with its parent (`PR_SET_PDEATHSIG`), and to the kernel that is the thread which has
/// started it: so none is ever left behind, and none ends with the test that happened to start it.
fn spawn(command: Command) -> Result<Child> {
    type Order = (Command, Sender<io::Result<Child>>);
    static NURSERY: OnceLock<Sender<Order>> = OnceLock::new();
    let nursery = NURSERY.get_or_init(|| {
        let (sender, orders) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, reply) in orders {
                // Whoever has ordered it may be gone; then the child is not waited for, and ends with this program.
                let _ = reply.send(command.spawn());
            }
        });
        sender
    });
    let (reply, child) = mpsc::channel();
    nursery.send((command, reply))?;
    Ok(child.recv()??)
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has no state that would be worth a graceful end.
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

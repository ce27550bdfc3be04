//! One process: started in a group of its own, known to the guard, its words kept in a file.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::client::HttpClient;
use super::event::{ProcessName, Reporter};
use super::guard::Guard;
use super::leftover;
use super::state::StateFolder;
use crate::envoy::Tracing;

/// How much of what a process said last is looked at, in bytes, and how many lines of it are told.
const LAST_BYTES: u64 = 16_384;
const LAST_LINES: usize = 5;

/// What all processes of a mesh share.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) state: StateFolder,
    pub(super) guard: Guard,
    /// The program that proxies are.
    pub(super) envoy: PathBuf,
    /// The folder of resources, absolute.
    pub(super) dir: PathBuf,
    /// Where proxies send their spans.
    pub(super) tracing: Option<Tracing>,
    /// How many worker threads each proxy has.
    pub(super) workers: NonZeroU16,
    pub(super) client: HttpClient,
    pub(super) reporter: Reporter,
    /// Told when a process or a replica is not what it was.
    pub(super) wake: Notify,
    /// Cancelled when everything is to end, so that nothing is waited for.
    pub(super) closing: CancellationToken,
}

/// What to run.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) name: ProcessName,
    pub(super) file: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) folder: PathBuf,
    /// What lines hold that are not worth telling when it ends by itself.
    pub(super) noise: &'static [&'static str],
    /// How long it may take to end when it is asked to.
    pub(super) grace: Duration,
}

/// A process that runs. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// The number of the process and of its group.
    id: u32,
    log: PathBuf,
    noise: &'static [&'static str],
    file_name: String,
    grace: Duration,
    site: Arc<Site>,
}

impl Process {
    /// Starts `program`.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn start(program: &Program, site: &Arc<Site>) -> io::Result<Self> {
        let file_name = program.name.file_name();
        let log = site.state.log(&file_name);
        let words = File::create(&log)?;
        let child = Command::new(&program.file)
            .args(&program.arguments)
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&program.folder)
            .stdin(Stdio::null())
            .stdout(words.try_clone()?)
            .stderr(words)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        // It is there until it has been waited for, which only `self` can do.
        let id = child.id().unwrap_or_default();
        site.guard.watch(id);
        leftover::note(&site.state.processes(), &file_name, id);
        let Program { noise, grace, .. } = *program;
        Ok(Self { child, id, log, noise, file_name, grace, site: Arc::clone(site) })
    }

    /// Waits until it ends by itself.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// The last lines that it said.
    pub(super) fn last_words(&self) -> Vec<String> {
        let tail = || -> io::Result<Vec<u8>> {
            let mut log = File::open(&self.log)?;
            let length = log.metadata()?.len();
            log.seek(SeekFrom::Start(length.saturating_sub(LAST_BYTES)))?;
            let mut tail = Vec::new();
            log.read_to_end(&mut tail)?;
            Ok(tail)
        };
        let tail = tail().unwrap_or_default();
        let text = String::from_utf8_lossy(&tail);
        let is_noise = |line: &str| line.trim().is_empty() || self.noise.iter().any(|noise| line.contains(noise));
        let lines: Vec<&str> = text.lines().filter(|line| !is_noise(line)).collect();
        lines.iter().skip(lines.len().saturating_sub(LAST_LINES)).map(|line| (*line).to_owned()).collect()
    }

    /// Asks it to end, and ends it if it does not within its grace.
    pub(super) async fn stop(mut self) {
        self.signal(Signal::TERM);
        if timeout(self.grace, self.child.wait()).await.is_err() {
            tracing::warn!("{} did not end within {:?} and is killed", self.file_name, self.grace);
        }
        // What it started itself ends with it.
        self.signal(Signal::KILL);
        if let Err(error) = self.child.wait().await {
            tracing::warn!("{} can not be waited for: {error}", self.file_name);
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.id).ok().and_then(Pid::from_raw) {
            // The group may be gone.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        self.site.guard.forget(self.id);
        leftover::strike(&self.site.state.processes(), &self.file_name);
    }
}

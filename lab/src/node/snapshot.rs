//! How a container is at one moment, before it is put into the words of the API.

use jiff::Timestamp;
use std::process::ExitStatus;

/// How a container is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) state: State,
    /// How it ended the last time.
    pub(super) last_end: Option<End>,
    /// How often it was started again.
    pub(super) restarts: u32,
    /// Whether its startup probe has succeeded since its last start.
    pub(super) started: bool,
    /// Whether its readiness probe says so.
    pub(super) ready: bool,
}

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Its turn has not come.
    Creating,
    /// It can not be started.
    Refused(CannotRun),
    /// It ended too often, and waits before it is started again.
    BackingOff,
    /// It runs.
    Running {
        /// The start.
        since: Timestamp,
    },
    /// It has ended.
    Ended(End),
}

/// The end of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) status: ExitStatus,
    pub(super) started: Timestamp,
    pub(super) finished: Timestamp,
}

/// Why a container can not be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CannotRun {
    /// There is no such image.
    #[error("image \"{image}\" is not in the lab, which has: {known}")]
    NoImage {
        /// What was asked for.
        image: String,
        /// What there is.
        known: String,
    },
    /// It asks for what the lab can not give.
    #[error("{message}")]
    Config {
        /// What that is.
        message: String,
    },
    /// The system refuses it.
    #[error("{message}")]
    System {
        /// What it said.
        message: String,
    },
}

impl CannotRun {
    /// As the kubelet calls it.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::NoImage { .. } => "ImagePullBackOff",
            Self::Config { .. } => "CreateContainerConfigError",
            Self::System { .. } => "RunContainerError",
        }
    }
}

impl Snapshot {
    pub(super) fn new() -> Self {
        Self { state: State::Creating, last_end: None, restarts: 0, started: false, ready: false }
    }
}

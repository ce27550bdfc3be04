//! What can go wrong while a module is run.

use wasmi::TrapCode;

use super::world::VmName;

/// Why a test could not go on with a VM.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The bytes are no module, or it wants imports that Envoy does not have.
    #[error("cannot load the module: {0}")]
    Load(#[from] wasmi::Error),
    /// Envoy refuses a module without this export.
    #[error("the module exports none of `{0}`, Envoy would refuse it")]
    MissingExport(&'static str),
    /// The guest trapped; its VM is dead from now on.
    #[error("{vm} trapped in `{callback}`: {trap}; last log line: {last_log:?}")]
    Trapped {
        /// The VM that is dead now.
        vm: VmName,
        /// The callback that the host had called.
        callback: &'static str,
        /// What happened.
        trap: Trap,
        /// The last line that the plugin logged, where a Rust panic leaves its message.
        last_log: Option<String>,
    },
    /// The VM trapped earlier.
    #[error("{0} is dead since an earlier trap; reload it to go on")]
    Dead(VmName),
    /// No configuration was accepted so far; Envoy would answer 500 with flag NFCF.
    #[error("{0} has no accepted configuration, Envoy would answer 500")]
    NotConfigured(VmName),
    /// The canary accepted a configuration that a worker then refused: state of the VM matters to it.
    #[error("{0} refused a configuration that the canary accepted")]
    WorkerRefused(VmName),
    /// The proxy has fewer workers.
    #[error("there is no worker {0}")]
    UnknownWorker(usize),
    /// The exchange is not at a point where this can be done.
    #[error("cannot {0} in this state of the exchange")]
    OutOfOrder(&'static str),
}

/// How a guest died.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trap {
    /// An `unreachable` instruction, which is what a Rust panic ends in.
    #[error("unreachable code (a panic)")]
    Unreachable,
    /// The guest used all the fuel of one callback: most likely it loops for ever.
    #[error("out of fuel (an endless loop?)")]
    OutOfFuel,
    /// The guest called `proc_exit`.
    #[error("exit with code {0}")]
    Exit(i32),
    /// Any other reason, in the interpreter's words.
    #[error("{0}")]
    Other(String),
}

impl From<&wasmi::Error> for Trap {
    fn from(error: &wasmi::Error) -> Self {
        match (error.as_trap_code(), error.i32_exit_status()) {
            (Some(TrapCode::UnreachableCodeReached), _) => Self::Unreachable,
            (Some(TrapCode::OutOfFuel), _) => Self::OutOfFuel,
            (_, Some(code)) => Self::Exit(code),
            (Some(_) | None, None) => Self::Other(error.to_string()),
        }
    }
}

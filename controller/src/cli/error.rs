//! Why a command could not be carried out.

use std::io;
use std::process::ExitCode;

use graylane_core::Problems;

use crate::local;
use crate::resources::Findings;

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The resources that it needs are refused.
    #[error("the resources are refused:\n{0}")]
    Refused(#[from] Findings),
    /// The local mesh did not start.
    #[error(transparent)]
    Local(#[from] local::Error),
    /// The controller did not start.
    #[error(transparent)]
    Run(#[from] crate::run::Error),
    /// The cluster could not be asked or told.
    #[error(transparent)]
    Operate(#[from] crate::operate::Error),
    /// The output could not be written.
    #[error("can not write the output: {0}")]
    Output(#[from] io::Error),
    /// The output has no form in YAML.
    #[error("can not write the output as YAML: {0}")]
    Yaml(#[from] serde_saphyr::ser::Error),
    /// The output has no form in JSON.
    #[error("can not write the output as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A planned configuration does not compile, which the planner rules out.
    #[error(
        "the planned configuration is refused, which is a bug of graylane: please report it with the resources:\n{0}"
    )]
    Compile(Problems),
    /// A key is not where it should be, or is no key.
    #[error("no key: {0}")]
    Secret(String),
    /// The URL of a request can not be understood.
    #[error("{url:?} is no URL: {reason}; allowed: http://HOST/PATH?QUERY, or HOST/PATH")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl CliError {
    /// Whether it is only that nobody reads on, as in `graylane crd | head`.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        let kind = match self {
            Self::Output(cause) | Self::Operate(crate::operate::Error::Output(cause)) => Some(cause.kind()),
            Self::Json(cause) => cause.io_error_kind(),
            _ => None,
        };
        kind == Some(io::ErrorKind::BrokenPipe)
    }

    /// 1 when it is the resources' fault, else 2.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Refused(_) | Self::Local(local::Error::Resources(_)) => ExitCode::from(1),
            Self::Local(_)
            | Self::Run(_)
            | Self::Operate(_)
            | Self::Output(_)
            | Self::Yaml(_)
            | Self::Json(_)
            | Self::Compile(_)
            | Self::Secret(_)
            | Self::Url { .. } => ExitCode::from(2),
        }
    }
}

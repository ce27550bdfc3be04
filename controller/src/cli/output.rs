//! The forms in which commands print data.

use std::io::Write;

use clap::ValueEnum;
use serde::Serialize;

use super::CliError;

/// A form that is data and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DataForm {
    Yaml,
    Json,
}

/// A form for people, or data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportForm {
    Text,
    Yaml,
    Json,
}

impl ReportForm {
    /// The form of the data, if it is to be data.
    pub(super) fn data(self) -> Option<DataForm> {
        match self {
            Self::Text => None,
            Self::Yaml => Some(DataForm::Yaml),
            Self::Json => Some(DataForm::Json),
        }
    }
}

impl DataForm {
    pub(super) fn print(self, value: &impl Serialize, out: &mut impl Write) -> Result<(), CliError> {
        match self {
            Self::Yaml => Ok(write!(out, "{}", serde_saphyr::to_string(value)?)?),
            Self::Json => {
                serde_json::to_writer_pretty(&mut *out, value)?;
                Ok(writeln!(out)?)
            }
        }
    }
}

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
    Json,
}

impl DataForm {
    pub(super) fn print(self, value: &impl Serialize, out: &mut impl Write) -> Result<(), CliError> {
        match self {
            Self::Yaml => Ok(write!(out, "{}", serde_saphyr::to_string(value)?)?),
            Self::Json => print_json(value, out),
        }
    }
}

/// Prints `value` as indented JSON and a line's end.
pub(super) fn print_json(value: &impl Serialize, out: &mut impl Write) -> Result<(), CliError> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    Ok(writeln!(out)?)
}

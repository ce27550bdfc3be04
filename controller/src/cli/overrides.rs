//! `graylane override`: texts by which testers choose the lanes of their requests.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use graylane_core::config::{OverrideKey, Overrides};
use graylane_core::name::{Audience, KeyId, LaneName};
use graylane_core::token::Override;

use super::{CliError, Verdict};
use crate::resources;

#[derive(Debug, Subcommand)]
pub(super) enum OverrideCommand {
    /// Sign an override, to be sent along as the header x-gray-override
    Mint(MintArgs),
    /// Say what an override would do at a gateway, or why it would not
    Check(CheckArgs),
}

/// The key, and whom overrides are for: what the mesh policy says.
#[derive(Debug, Args)]
struct Signer {
    /// Whom it is for: `spec.overrides.audience` of the mesh policy
    #[arg(long)]
    audience: Audience,
    /// The name of the key
    #[arg(long)]
    key_id: KeyId,
    /// The file that holds the key; it is best made by `openssl rand -hex 32`
    #[arg(long)]
    key_file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct MintArgs {
    /// A lane to be put in, in order of precedence; may be repeated. None: base
    #[arg(long)]
    lane: Vec<LaneName>,
    #[command(flatten)]
    key: Signer,
    /// How long it is good for, as 30m, 8h or 7d
    #[arg(long, default_value = "8h", value_parser = duration)]
    expires: Duration,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    key: Signer,
    /// The longest that it may still be good for: `spec.overrides.maxAgeSeconds` of the mesh policy
    #[arg(long, default_value = "24h", value_parser = duration)]
    max_age: Duration,
    /// The override
    text: String,
}

pub(super) fn run(command: &OverrideCommand, out: &mut impl Write) -> Result<Verdict, CliError> {
    match command {
        OverrideCommand::Mint(args) => mint(args, out),
        OverrideCommand::Check(args) => check(args, out),
    }
}

fn mint(args: &MintArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let MintArgs { lane, key: Signer { audience, key_id, key_file }, expires } = args;
    let secret = resources::secret(key_file).map_err(CliError::Secret)?;
    let said = Override {
        key: key_id.clone(),
        expiry: now() + expires.as_secs(),
        audience: audience.clone(),
        lanes: lane.iter().filter(|lane| !lane.is_base()).cloned().collect(),
    };
    writeln!(out, "{}", said.sign(&secret))?;
    Ok(Verdict::Fine)
}

fn check(args: &CheckArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let CheckArgs { key: Signer { audience, key_id, key_file }, max_age, text } = args;
    let secret = resources::secret(key_file).map_err(CliError::Secret)?;
    let overrides = Overrides {
        audience: audience.clone(),
        max_age_seconds: u32::try_from(max_age.as_secs()).unwrap_or(u32::MAX),
        keys: vec![OverrideKey { id: key_id.clone(), secret }],
    };
    let now = now();
    match Override::check(text.trim().as_bytes(), &overrides, now) {
        Ok(said) => {
            let lanes: Vec<&str> = said.lanes.iter().map(LaneName::as_str).collect();
            let lanes = if lanes.is_empty() { LaneName::BASE.to_owned() } else { lanes.join(", ") };
            writeln!(out, "good for another {} seconds: {lanes}", said.expiry.saturating_sub(now))?;
            Ok(Verdict::Fine)
        }
        Err(why) => {
            writeln!(out, "not honoured: {why}")?;
            Ok(Verdict::Refused)
        }
    }
}

/// Seconds since the Unix epoch.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs())
}

/// Reads `90s`, `30m`, `8h` or `7d`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no length of time; allowed: a whole number and s, m, h or d, as 8h");
    let seconds = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 60 * 60,
        Some('d') => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number: u32 = text.get(..text.len() - 1).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_a_unit() {
        for (text, seconds) in [("90s", 90), ("30m", 1_800), ("8h", 28_800), ("7d", 604_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "8", "h", "-1h", "1.5h", "8w", "8\u{e4}"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}

//! Showing what runs.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use graylane_lab::folder::Folder;
use jiff::Timestamp;

use super::holder;
use super::report::{Report, State};

/// Prints what runs; fails when nothing does.
pub(super) fn show(path: &Path) -> Result<ExitCode> {
    if !path.is_dir() {
        return Ok(none(path));
    }
    let folder = Folder::make(path)?;
    if holder::lock(&folder)?.is_some() {
        return Ok(none(path));
    }
    let Some(report) = Report::read(&folder) else {
        println!("lab: starting; see {}", folder.logs().join(holder::LOG).display());
        return Ok(ExitCode::FAILURE);
    };
    for line in &report.components {
        let state = match &line.state {
            State::Ready => "ready".to_owned(),
            State::NotReady => "not ready".to_owned(),
            State::Stopped => "stopped".to_owned(),
            State::Ended(status) => format!("ended ({status})"),
        };
        let since = line.since.map_or_else(String::new, age);
        println!("{:<24} {:<26} {:<10} {since}", line.component.name(), line.component.address(), state);
    }
    println!("{:<24} {}", "logs", folder.logs().display());
    println!("{:<24} {}", "kubeconfig", folder.kubeconfig().display());
    Ok(if report.is_up() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn none(path: &Path) -> ExitCode {
    println!("lab: none runs in {}; `cargo xtask lab up` starts one", path.display());
    ExitCode::FAILURE
}

/// How long ago, in the largest unit that is not zero.
fn age(since: Timestamp) -> String {
    let seconds = Timestamp::now().duration_since(since).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        _ => format!("{}h{}m", seconds / 3600, seconds % 3600 / 60),
    }
}

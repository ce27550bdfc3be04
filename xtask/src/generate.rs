//! `cargo xtask gen`: files in the work tree that a program of ours writes, so that they cannot
//! contradict it. Each is the standard output of one cargo command.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::suite::Outcome;
use crate::workspace::Workspace;

/// A generated file.
struct Generated {
    /// Where it lies, from the root folder.
    path: &'static str,
    /// What cargo is asked to run, `["run", "--quiet", "--package", …]`; it prints the file.
    producer: &'static [&'static str],
}

const GENERATED: &[Generated] = &[];

/// What to do with the files.
#[derive(Debug, clap::Args)]
pub(crate) struct GenArgs {
    /// Change nothing; fail if a file is not what it would be
    #[arg(long)]
    check: bool,
}

/// Writes the files that have changed, or checks that none would.
pub(crate) fn run(workspace: &Workspace, args: &GenArgs) -> Result<()> {
    if args.check {
        check(workspace)?;
        return Ok(());
    }
    let stale = stale(workspace)?;
    for (path, content) in &stale {
        let file = workspace.root().join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&file, content).with_context(|| format!("cannot write {path}"))?;
        println!("gen: {path}: written");
    }
    println!("gen: {} files, {} of them changed", GENERATED.len(), stale.len());
    Ok(())
}

/// Fails, naming each of them, if files are not what they would be.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    if GENERATED.is_empty() {
        return Ok(Outcome::NotRun("no generated file is declared".to_owned()));
    }
    let stale: Vec<_> = stale(workspace)?.into_iter().map(|(path, _)| path).collect();
    if !stale.is_empty() {
        bail!("not fresh: {}; to write them anew: cargo xtask gen", stale.join(", "));
    }
    println!("gen: {} files are fresh", GENERATED.len());
    Ok(Outcome::Passed)
}

/// The files that differ from what their producers print, with what they print.
fn stale(workspace: &Workspace) -> Result<Vec<(&'static str, String)>> {
    let mut stale = Vec::new();
    for Generated { path, producer } in GENERATED {
        let content = process::capture(workspace.cargo().args(*producer)).context(format!("cannot generate {path}"))?;
        let present = fs::read_to_string(workspace.root().join(path)).ok();
        if present.as_deref() != Some(content.as_str()) {
            stale.push((*path, content));
        }
    }
    Ok(stale)
}

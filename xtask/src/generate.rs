//! `cargo xtask gen`: files in the work tree that `graylane` itself prints, so that they cannot
//! contradict it.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::suite::Outcome;
use crate::workspace::Workspace;

/// A generated file.
struct Generated {
    /// Where it lies, from the root folder.
    path: &'static str,
    /// What `graylane` is asked, to print it.
    asked: &'static [&'static str],
}

const GENERATED: [Generated; 3] = [
    Generated { path: "deploy/crds/grayreleases.yaml", asked: &["crd", "grayreleases"] },
    Generated { path: "deploy/crds/lanes.yaml", asked: &["crd", "lanes"] },
    Generated { path: "deploy/crds/meshpolicies.yaml", asked: &["crd", "meshpolicies"] },
];

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
    let stale: Vec<_> = stale(workspace)?.into_iter().map(|(path, _)| path).collect();
    if !stale.is_empty() {
        bail!("not fresh: {}; to write them anew: cargo xtask gen", stale.join(", "));
    }
    println!("gen: {} files are fresh", GENERATED.len());
    Ok(Outcome::Passed)
}

/// The files that differ from what `graylane` prints, with that.
fn stale(workspace: &Workspace) -> Result<Vec<(&'static str, String)>> {
    process::run(workspace.cargo().args(["build", "--package", "graylane", "--bin", "graylane"]))?;
    let graylane = workspace.target().join("debug/graylane");
    let mut stale = Vec::new();
    for Generated { path, asked } in GENERATED {
        let content = process::capture(workspace.command(&graylane).args(asked))?;
        let present = fs::read_to_string(workspace.root().join(path)).ok();
        if present.as_deref() != Some(content.as_str()) {
            stale.push((path, content));
        }
    }
    Ok(stale)
}

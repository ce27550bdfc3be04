//! `cargo xtask gen`: files in the work tree that programs print which are built from what the
//! files describe, so that they cannot contradict it.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::suite::Outcome;
use crate::workspace::Workspace;

/// A generated file.
struct Generated {
    /// Where it lies, from the root folder.
    path: &'static str,
    /// Who prints it.
    printer: Printer,
    /// What the printer is asked.
    asked: &'static [&'static str],
}

/// A program of the package `graylane`.
#[derive(Clone, Copy)]
enum Printer {
    /// The command line itself.
    Graylane,
    /// What prints pages of the reference: an example, for nobody else has a use for it.
    Reference,
}

const GENERATED: [Generated; 7] = [
    Generated { path: "deploy/crds/grayreleases.yaml", printer: Printer::Graylane, asked: &["crd", "grayreleases"] },
    Generated { path: "deploy/crds/lanes.yaml", printer: Printer::Graylane, asked: &["crd", "lanes"] },
    Generated { path: "deploy/rbac.yaml", printer: Printer::Graylane, asked: &["rbac"] },
    Generated { path: "deploy/crds/meshpolicies.yaml", printer: Printer::Graylane, asked: &["crd", "meshpolicies"] },
    Generated { path: "docs/reference/commands.md", printer: Printer::Reference, asked: &["commands"] },
    Generated {
        path: "docs/reference/filter-config.schema.json",
        printer: Printer::Reference,
        asked: &["filter-config"],
    },
    Generated { path: "docs/reference/metrics.md", printer: Printer::Reference, asked: &["metrics"] },
];

impl Printer {
    /// Where cargo leaves it, from the folder of what it builds.
    fn program(self) -> &'static str {
        match self {
            Self::Graylane => "debug/graylane",
            Self::Reference => "debug/examples/reference",
        }
    }
}

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

/// The files that differ from what is printed, with that.
fn stale(workspace: &Workspace) -> Result<Vec<(&'static str, String)>> {
    // All packages, so that libraries have the features that tests are built with, and need not be built again.
    process::run(workspace.cargo().args(["build", "--workspace", "--bins", "--examples"]))?;
    let mut stale = Vec::new();
    for Generated { path, printer, asked } in GENERATED {
        let program = workspace.target().join(printer.program());
        let content = process::capture(workspace.command(program).args(asked))?;
        let present = fs::read_to_string(workspace.root().join(path)).ok();
        if present.as_deref() != Some(content.as_str()) {
            stale.push((path, content));
        }
    }
    Ok(stale)
}

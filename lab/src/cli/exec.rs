//! Running a command inside.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use graylane_lab::folder::Folder;
use rustix::process::Pid;

use super::{ExecArgs, holder};

/// Becomes the command, inside the namespaces of the lab.
pub(super) fn exec(path: &Path, args: &ExecArgs) -> Result<ExitCode> {
    let folder = Folder::make(path)?;
    if holder::lock(&folder)?.is_some() {
        bail!("no lab runs in {}; `cargo xtask lab up` starts one", path.display());
    }
    // The holder's one child is `unshare`, whose one child is the first process inside.
    let inside = only_child(only_child(holder::holder(&folder)?)?)?;
    let error = Command::new("nsenter")
        .arg(format!("--target={}", inside.as_raw_nonzero()))
        .args(["--user", "--net", "--pid", "--mount", "--preserve-credentials"])
        .arg(format!("--wdns={}", std::env::current_dir()?.display()))
        .arg("--")
        .args(&args.command)
        .env("KUBECONFIG", folder.kubeconfig_inside())
        .exec();
    Err(error).context("cannot start nsenter (util-linux)")
}

fn only_child(parent: Pid) -> Result<Pid> {
    let number = parent.as_raw_nonzero();
    let children = fs::read_to_string(format!("/proc/{number}/task/{number}/children"))?;
    let child = children.split_whitespace().next().and_then(|child| child.parse().ok()).and_then(Pid::from_raw);
    child.with_context(|| format!("process {number} of the lab has no child: it is ending"))
}

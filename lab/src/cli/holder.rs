//! Starting and stopping the holder: the one process outside that a lab lives and dies with.

use std::env;
use std::fs::{self, File, TryLockError};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use graylane_lab::folder::Folder;
use rustix::process::{Pid, Signal, kill_process};

use super::report::Report;
use super::{DownArgs, UpArgs, status};

/// How long a lab may take until it is ready, and to end.
const PATIENCE: Duration = Duration::from_mins(3);

const PERIOD: Duration = Duration::from_millis(100);

/// Where the holder says what goes wrong.
pub(super) const LOG: &str = "lab.log";

/// Starts a lab in the background.
pub(super) fn up(path: &Path, args: &UpArgs) -> Result<ExitCode> {
    let folder = Folder::make(path)?;
    drop(lock(&folder)?.with_context(|| format!("a lab runs already in {}", path.display()))?);
    // What an earlier lab said is not true of this one.
    fs::remove_dir_all(folder.logs())?;
    let folder = Folder::make(path)?;
    let log = File::create(folder.logs().join(LOG))?;
    let mut holder = Command::new(env::current_exe()?)
        .arg("hold")
        .arg("--folder")
        .arg(path)
        .args(["--extent", args.extent.name()])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()?;
    println!("lab: starting {} in {}", args.extent.name(), path.display());
    until_ready(&folder, &mut holder)?;
    status::show(path)?;
    println!("\nexport KUBECONFIG={}", folder.kubeconfig().display());
    Ok(ExitCode::SUCCESS)
}

fn until_ready(folder: &Folder, holder: &mut Child) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !Report::read(folder).is_some_and(|report| report.is_up()) {
        if let Some(ended) = holder.try_wait()? {
            let said = fs::read_to_string(folder.logs().join(LOG)).unwrap_or_default();
            bail!("the lab has ended ({ended}):\n{}", said.trim());
        }
        ensure!(Instant::now() < deadline, "the lab is not ready after {} s", PATIENCE.as_secs());
        sleep(PERIOD);
    }
    Ok(())
}

/// Stops the lab.
pub(super) fn down(path: &Path, args: &DownArgs) -> Result<ExitCode> {
    let folder = Folder::make(path)?;
    if lock(&folder)?.is_none() {
        let pid = holder(&folder)?;
        kill_process(pid, Signal::TERM).context("the lab's holder can not be told to end")?;
        let deadline = Instant::now() + PATIENCE;
        while lock(&folder)?.is_none() {
            ensure!(Instant::now() < deadline, "the lab has not ended after {} s", PATIENCE.as_secs());
            sleep(PERIOD);
        }
        println!("lab: ended");
    } else {
        println!("lab: none runs in {}", path.display());
    }
    if args.keep {
        println!("lab: {} is kept", path.display());
    } else {
        fs::remove_dir_all(path)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The lock that the holder keeps; `None` while it does.
pub(super) fn lock(folder: &Folder) -> Result<Option<File>> {
    let lock = File::create(folder.path().join("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the lab's folder"),
    }
}

/// The number of the holder of a lab that runs.
pub(super) fn holder(folder: &Folder) -> Result<Pid> {
    let number = fs::read_to_string(number_file(folder)).ok().and_then(|text| text.trim().parse().ok());
    number.and_then(Pid::from_raw).with_context(|| format!("{} is no number", number_file(folder).display()))
}

/// Where the holder writes its number.
pub(super) fn number_file(folder: &Folder) -> std::path::PathBuf {
    folder.path().join("holder.pid")
}

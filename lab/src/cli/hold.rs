//! The holder: enters the namespaces, and carries connections to the API server across their wall.
//!
//! A socket with a path is reached from every network namespace; clients of Kubernetes want a port.

use std::path::Path;
use std::process::{Child, Command, ExitCode};
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result};
use graylane_lab::folder::Folder;
use graylane_lab::{kubeconfig, namespace};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::interval;

use super::{UpArgs, holder};

const PERIOD: Duration = Duration::from_millis(100);

/// Holds a lab until a signal comes, or the lab ends.
pub(super) fn hold(path: &Path, args: &UpArgs) -> Result<ExitCode> {
    let folder = Folder::make(path)?;
    let _held = holder::lock(&folder)?.context("another lab runs in the same folder")?;
    fs::write(holder::number_file(&folder), std::process::id().to_string())?;
    // What an earlier lab said is not true of this one.
    let _ = fs::remove_file(folder.status());
    let mut inside = Command::new(env::current_exe()?);
    inside.arg("inside").arg("--folder").arg(path).args(["--extent", args.extent.name()]);
    let mut inside = namespace::run_inside(&inside)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let held = runtime.block_on(until_the_end(&folder, &mut inside));
    // The pipe closes; the kernel lets `unshare` go when nothing inside is left.
    drop(inside.stdin.take());
    let ended = inside.wait()?;
    held?;
    tracing::info!("the inside has ended ({ended})");
    Ok(ExitCode::SUCCESS)
}

async fn until_the_end(folder: &Folder, inside: &mut Child) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = format!("https://{}", listener.local_addr()?);
    kubeconfig::write(&folder.kubeconfig(), folder, &server, kubeconfig::ADMINISTRATOR)?;
    let mut asked = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut look = interval(PERIOD);
    loop {
        tokio::select! {
            _ = asked.recv() => return Ok(()),
            _ = interrupted.recv() => return Ok(()),
            _ = look.tick() => {
                if let Some(ended) = inside.try_wait()? {
                    anyhow::bail!("the inside has ended ({ended})");
                }
            }
            accepted = listener.accept() => {
                let (mut outer, _) = accepted?;
                let socket = folder.api_socket();
                tokio::spawn(async move {
                    // Either end may go at any time; there is nobody to tell but the other.
                    if let Ok(mut inner) = UnixStream::connect(socket).await {
                        let _ = copy_bidirectional(&mut outer, &mut inner).await;
                    }
                });
            }
        }
    }
}

//! The lab itself, as first process of its namespaces.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, io};

use anyhow::{Context, Result};
use graylane_lab::folder::Folder;
use graylane_lab::namespace::{self, Side};
use graylane_lab::node::Images;
use graylane_lab::{Component, Extent, Lab};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener};
use tokio::time::interval;

use super::UpArgs;
use super::report::Report;

/// How often is written what runs.
const PERIOD: Duration = Duration::from_secs(1);

/// Runs the lab for as long as the holder lives.
pub(super) fn run(path: &Path, args: &UpArgs) -> Result<ExitCode> {
    if let Side::Outside(code) = namespace::enter()? {
        return Ok(code);
    }
    let extent = Extent::from(args.extent);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(serve(path, extent))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(path: &Path, extent: Extent) -> Result<()> {
    let folder = Folder::make(path)?;
    let relay = relay(&folder)?;
    tokio::spawn(relay);
    let mut lab = Lab::up(path, extent).await?;
    lab.join(images(extent)?).await?;
    let mut tick = interval(PERIOD);
    loop {
        tick.tick().await;
        Report::of(&lab, extent).await?.write(&folder).context("cannot write what runs")?;
    }
}

/// Our own programs lie beside this one.
fn images(extent: Extent) -> Result<Images> {
    let program = std::env::current_exe()?;
    let ours = Images::built_in(program.parent().context("this program lies in a folder")?)?;
    match extent {
        Extent::Kubernetes => Ok(ours),
        Extent::Mesh => Ok(ours.with_proxy()?),
    }
}

/// Carries what comes to a socket in the lab's folder to the API server.
fn relay(folder: &Folder) -> io::Result<impl Future<Output = ()> + use<>> {
    let path = folder.api_socket();
    // One that an earlier lab has left takes no connections.
    let _ = fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    Ok(async move {
        while let Ok((mut outer, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(mut inner) = TcpStream::connect(Component::API_SERVER_SOCKET).await {
                    // Either end may go at any time; there is nobody to tell but the other.
                    let _ = copy_bidirectional(&mut outer, &mut inner).await;
                }
            });
        }
    })
}

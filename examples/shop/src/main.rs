//! `shop serve`: one instance of one service of the shop, as a process.

use std::io;

use anyhow::Context;
use clap::Parser;
use shop::Config;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The shop: web calls cart, cart calls stock. Each process plays one of them, in one version.
#[derive(Parser)]
#[command(name = "shop", version)]
enum Command {
    /// Play one service until SIGTERM or Ctrl-C, then finish what is open
    Serve(Config),
}

// One thread is plenty for one instance, and a whole mesh of them has to share a laptop.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Command::Serve(config) = Command::parse();
    let name = config.instance_name();
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone()).context("cannot listen for signals")?;

    let (address, serving) = shop::serve(config, stop).await?;
    println!("{name} listens on http://{address}");
    serving.await.context("the server failed")?;
    println!("{name} finished");
    Ok(())
}

/// Handles signals from the return on.
fn stop_on_signal(stop: CancellationToken) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
        }
        stop.cancel();
    });
    Ok(())
}

//! The demo: real traffic through real proxies, and a story that is checked as it is told.
//!
//! ```text
//! story -> folder --(YAML)--> local mesh --(acknowledgements)--+
//!                                ^                              v
//!                     load ------+---(answers)---> show (ledger, claims) -> view, summary
//! ```
//!
//! It knows the mesh as a reader does: it edits files, sends requests, and believes only what it sees.

mod band;
mod chain;
mod claim;
mod clock;
mod director;
mod folder;
mod ledger;
mod lines;
mod load;
mod mesh;
mod proxies;
mod quantile;
mod recent;
mod screen;
mod show;
mod story;
mod summary;
mod view;

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use director::{Director, Interrupted};
use folder::Folder;
use mesh::Mesh;
use summary::Summary;
use view::Form;

/// Watch a release on real proxies: a tester, ten percent, fifty percent, an abort.
///
/// Exits with 1 if something that is claimed was not observed, and with 130 if it was interrupted.
#[derive(Parser)]
#[command(name = "demo")]
struct Args {
    /// Print lines instead of drawing a page
    #[arg(long)]
    plain: bool,
    /// Leave everything running afterwards, to try it, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

/// How shells report a program that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let stop = CancellationToken::new();
    let ended = match stop_on_signal(&stop).context("cannot listen for signals") {
        Ok(()) => demo(&args, stop).await,
        Err(error) => Err(error),
    };
    let (complaint, status) = match ended {
        Ok(summary) if summary.is_observed() => return ExitCode::SUCCESS,
        Ok(_) => return ExitCode::FAILURE,
        Err(error) if error.is::<Interrupted>() => {
            ("interrupted; nothing is left running".to_owned(), ExitCode::from(INTERRUPTED))
        }
        Err(error) => (format!("error: {error:#}"), ExitCode::FAILURE),
    };
    // Where a terminal was closed, nobody is there to read it.
    let _ = writeln!(io::stderr(), "{complaint}");
    status
}

/// The whole demo. From its return on, nothing of it runs.
async fn demo(args: &Args, stop: CancellationToken) -> anyhow::Result<Summary> {
    let program = env::current_exe().context("cannot find the demo's own folder")?.with_file_name("shop");
    let folder = Folder::create(&program)?;
    let mut mesh = Mesh::start(&folder).await?;
    let told = tell_story(args, &folder, &mut mesh, stop).await;
    mesh.stop().await;
    let wants_a_look = match &told {
        Ok(summary) => !summary.is_observed(),
        Err(error) => !error.is::<Interrupted>(),
    };
    if wants_a_look && tell(&format!("Files and logs are kept in {}", folder.root().display())).is_ok() {
        folder.keep();
    }
    told
}

/// The story, and the reader's turn if they want one. From its return on, the terminal is as it was.
async fn tell_story(args: &Args, folder: &Folder, mesh: &mut Mesh, stop: CancellationToken) -> anyhow::Result<Summary> {
    tokio::select! {
        ready = mesh.ready(|event| tell(&event.to_string())) => ready?,
        () = stop.cancelled() => return Err(Interrupted.into()),
    }
    let form = if args.plain { Form::Lines } else { Form::of_stdout() };
    let mut director = Director::new(folder, mesh, form, stop)?;
    let played = director.play().await;
    let summary = director.summary();
    let handed_over = if args.keep && played.is_ok() { director.hand_over(&summary).await } else { Ok(()) };
    drop(director);
    // A story that broke off by itself has shown something as well.
    if !played.as_ref().is_err_and(anyhow::Error::is::<Interrupted>) {
        tell(&format!("\n{summary}"))?;
    }
    played.and(handed_over).map(|()| summary)
}

fn tell(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

/// Handles signals from the return on; a hang-up is a terminal that was closed.
fn stop_on_signal(stop: &CancellationToken) -> io::Result<()> {
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let mut signals = signal(kind)?;
        let stop = stop.clone();
        tokio::spawn(async move {
            signals.recv().await;
            stop.cancel();
        });
    }
    Ok(())
}

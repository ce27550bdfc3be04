//! The command: a local mesh that lives until Ctrl-C, and tells what happens.

use std::io::{self, Write};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::running::Events;
use super::{Error, Options, start};

/// Runs a local mesh until Ctrl-C, SIGTERM or SIGHUP, or until nobody reads what it tells to `out`.
///
/// A second signal does not wait for open requests.
///
/// # Errors
/// When the mesh can not be started.
pub async fn run(options: Options, out: &mut impl Write) -> Result<(), Error> {
    let mut signals = Signals::listen().map_err(|cause| Error::System { verb: "listen for signals", cause })?;
    let (running, mut events) = tokio::select! {
        started = start(options) => started?,
        () = signals.next() => return Ok(()),
    };
    tokio::select! {
        () = print(&mut events, out) => {}
        () = signals.next() => {}
    }
    tokio::select! {
        ((), ()) = async { tokio::join!(running.shutdown(), print(&mut events, out)) } => {}
        () = signals.next() => {}
    }
    Ok(())
}

/// Prints events until there are no more, or nobody reads them.
async fn print(events: &mut Events, out: &mut impl Write) {
    while let Some(event) = events.next().await {
        if writeln!(out, "{event}").and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

/// The signals that ask a program to end.
struct Signals([Signal; 3]);

impl Signals {
    fn listen() -> io::Result<Self> {
        let [interrupt, terminate, hang_up] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        Ok(Self([interrupt?, terminate?, hang_up?]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hang_up] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}

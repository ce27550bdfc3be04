//! The view for a terminal: one page, drawn anew several times a second.
//!
//! Invariant: the terminal is as it was once the screen is dropped, and before a panic is told.

mod chain;
mod crowd;
mod footer;
mod header;
mod page;
mod palette;
mod requests;
#[cfg(test)]
mod tests;
mod verdicts;

use std::{io, mem::ManuallyDrop};

use crossterm::{
    cursor,
    event::{Event, EventStream, KeyCode, KeyEvent, KeyModifiers},
    execute,
};
use futures_util::StreamExt;
use ratatui::DefaultTerminal;
use tokio_util::sync::CancellationToken;

use crate::show::Show;

/// The terminal while it is ours.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Never dropped: it would complain of a terminal that was closed to that very terminal, and panic.
    terminal: ManuallyDrop<DefaultTerminal>,
    /// Ends the reading of keys.
    closed: CancellationToken,
}

impl Screen {
    /// Takes the terminal over. Ctrl-C, which then is a key like any other, cancels `stop`.
    pub(crate) fn open(stop: CancellationToken) -> io::Result<Self> {
        let terminal = ManuallyDrop::new(ratatui::try_init()?);
        let closed = CancellationToken::new();
        tokio::spawn(closed.clone().run_until_cancelled_owned(watch_keys(stop)));
        Ok(Self { terminal, closed })
    }

    pub(crate) fn draw(&mut self, show: &Show) -> io::Result<()> {
        self.terminal.draw(|frame| page::draw(frame, show))?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.closed.cancel();
        // A terminal that was closed needs nothing any more.
        let _ = ratatui::try_restore().and_then(|()| execute!(io::stdout(), cursor::Show));
    }
}

async fn watch_keys(stop: CancellationToken) {
    let mut events = EventStream::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Key(key)) if asks_to_stop(key) => stop.cancel(),
            Ok(_) => (),
            // The terminal is gone, and with it whoever could press a key.
            Err(_) => return stop.cancel(),
        }
    }
}

fn asks_to_stop(key: KeyEvent) -> bool {
    match key.code {
        KeyCode::Char('c') => key.modifiers.contains(KeyModifiers::CONTROL),
        KeyCode::Char('q') => key.modifiers.is_empty(),
        _ => false,
    }
}

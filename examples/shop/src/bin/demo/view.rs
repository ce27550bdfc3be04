//! What the reader sees: a page in a terminal, else lines.

use std::io::{self, IsTerminal};

use tokio_util::sync::CancellationToken;

use crate::{lines::Lines, screen::Screen, show::Show, summary::Summary};

/// How to tell the story.
#[derive(Debug)]
pub(crate) enum View {
    Screen(Box<Screen>),
    Lines(Lines),
}

/// The forms there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Screen,
    Lines,
}

impl Form {
    /// The form that suits standard output.
    pub(crate) fn of_stdout() -> Self {
        if io::stdout().is_terminal() { Self::Screen } else { Self::Lines }
    }
}

impl View {
    /// Opens it; the reader may cancel `stop` in it.
    pub(crate) fn open(form: Form, stop: CancellationToken) -> io::Result<Self> {
        match form {
            Form::Screen => Ok(Self::Screen(Box::new(Screen::open(stop)?))),
            Form::Lines => Ok(Self::Lines(Lines::default())),
        }
    }

    /// An act begins; its file has been written.
    pub(crate) fn begin(&mut self, show: &Show) -> io::Result<()> {
        match self {
            Self::Screen(screen) => screen.draw(show),
            Self::Lines(lines) => lines.begin(show),
        }
    }

    /// Every proxy has acknowledged it.
    pub(crate) fn settle(&mut self, show: &Show) -> io::Result<()> {
        match self {
            Self::Screen(screen) => screen.draw(show),
            Self::Lines(lines) => lines.settle(show),
        }
    }

    /// Time has passed.
    pub(crate) fn refresh(&mut self, show: &Show) -> io::Result<()> {
        match self {
            Self::Screen(screen) => screen.draw(show),
            Self::Lines(lines) => lines.refresh(show),
        }
    }

    /// An act ends.
    pub(crate) fn end(&mut self, show: &Show) -> io::Result<()> {
        match self {
            Self::Screen(screen) => screen.draw(show),
            Self::Lines(_) => Lines::end(show),
        }
    }

    /// The story is over, and the mesh is the reader's. A page keeps the summary for when it is closed.
    pub(crate) fn hand_over(&mut self, show: &Show, summary: &Summary) -> io::Result<()> {
        match self {
            Self::Screen(screen) => screen.draw(show),
            Self::Lines(lines) => lines.hand_over(show, summary),
        }
    }
}

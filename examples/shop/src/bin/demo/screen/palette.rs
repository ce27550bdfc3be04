//! Colours. Each also has a shape or a word, so that none is needed to understand the picture.

use ratatui::style::{Color, Style};

use crate::{
    chain::{Side, Version},
    claim::State,
};

pub(super) fn side(side: Side) -> Style {
    match side {
        Side::Base => Style::new().fg(Color::Cyan),
        Side::Gray => Style::new().fg(Color::Yellow).bold(),
    }
}

pub(super) fn version(version: Version) -> Style {
    match version {
        Version::V1 => side(Side::Base),
        Version::V2 => side(Side::Gray),
    }
}

pub(super) fn state(state: State) -> Style {
    match state {
        State::Pending => Style::new().dim(),
        State::Observed => Style::new().fg(Color::Green).bold(),
        State::Refuted => Style::new().fg(Color::Red).bold(),
    }
}

pub(super) const REMOVED: Style = Style::new().fg(Color::Red);
pub(super) const ADDED: Style = Style::new().fg(Color::Green);
pub(super) const QUIET: Style = Style::new().fg(Color::DarkGray);
pub(super) const ALARM: Style = Style::new().fg(Color::Red);

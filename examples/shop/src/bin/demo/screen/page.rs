//! Where each part of the page is.

use ratatui::{
    Frame,
    layout::{Constraint, Layout},
    text::Line,
    widgets::{Block, Borders},
};

use super::{
    chain,
    crowd::{self, Spacing},
    footer, header, palette, requests, verdicts,
};
use crate::show::Show;

/// Pages of fewer rows are laid out without a row to spare.
pub(super) const ROOMY: u16 = 36;
/// Narrower pages have no room for requests beside the claims.
const NARROW: u16 = 100;

/// A part of the page: a rule with its name, and what is below it.
pub(super) fn section<'a>(name: impl Into<Line<'a>>) -> Block<'a> {
    Block::new().borders(Borders::TOP).border_style(palette::QUIET).title(name)
}

pub(super) fn draw(frame: &mut Frame<'_>, show: &Show) {
    let area = frame.area();
    let spacing = Spacing::of(area);
    let [title, story, hops, users, rest, end] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(header::height(area.height)),
        Constraint::Length(chain::HEIGHT),
        Constraint::Length(spacing.height(area.width)),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(area);
    header::title(frame, title, show);
    header::story(frame, story, show);
    chain::draw(frame, hops, show);
    crowd::draw(frame, users, spacing, show);
    // Claims are what it is about: a page without much room has them alone.
    if area.width < NARROW {
        verdicts::draw(frame, rest, show);
    } else {
        let [left, right] = Layout::horizontal([Constraint::Length(40), Constraint::Min(0)]).spacing(1).areas(rest);
        requests::draw(frame, left, show);
        verdicts::draw(frame, right, show);
    }
    footer::draw(frame, end, show);
}

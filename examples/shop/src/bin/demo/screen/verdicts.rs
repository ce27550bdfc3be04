//! What the act claims and how that stands; what the mesh reported.

use std::mem;

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Paragraph, Wrap},
};

use super::{page::section, palette};
use crate::{
    claim::{State, Verdict},
    show::{Note, Scene, Show},
};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, show: &Show) {
    let (title, verdicts) = match show.scene {
        Scene::Act(number) => (" what must be seen ", show.verdicts(number)),
        Scene::YourTurn => (" what the mesh says ", Vec::new()),
    };
    let block = section(title);
    let room = usize::from(block.inner(area).height);
    let layout = if room < 2 * verdicts.len() { Layout::Tight } else { Layout::Roomy };
    let mut lines: Vec<_> = verdicts.into_iter().flat_map(|verdict| lines(verdict, layout)).collect();
    lines.extend(show.notes.iter().rev().take(room).flat_map(note));
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }).block(block), area);
}

fn note(note: &Note) -> impl Iterator<Item = Line<'_>> {
    let mut time = format!("{:.0} s  ", note.at.as_secs_f64());
    note.text
        .lines()
        .map(move |line| Line::from(vec![Span::styled(mem::take(&mut time), palette::QUIET), Span::from(line)]))
}

/// A claim, and how that stands: below it, or behind it where there is no room.
fn lines<'a>(verdict: Verdict, layout: Layout) -> Vec<Line<'a>> {
    let Verdict { claim, evidence, state } = verdict;
    let sign = match state {
        State::Pending => "…",
        State::Observed => "✓",
        State::Refuted => "✗",
    };
    let sign = Span::styled(format!("{sign} "), palette::state(state));
    match layout {
        Layout::Tight => {
            vec![Line::from(vec![sign, Span::from(claim), Span::styled(format!("  {evidence}"), palette::QUIET)])]
        }
        Layout::Roomy => {
            vec![Line::from(vec![sign, Span::from(claim)]), Line::styled(format!("  {evidence}"), palette::QUIET)]
        }
    }
}

#[derive(Clone, Copy)]
enum Layout {
    Tight,
    Roomy,
}

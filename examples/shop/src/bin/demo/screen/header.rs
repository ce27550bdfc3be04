//! Which act it is, what it is about, and what it changed.

use ratatui::{
    Frame,
    layout::{Alignment, Constraint, Layout, Rect},
    style::Stylize,
    text::{Line, Span},
    widgets::{Paragraph, Wrap},
};

use super::{
    page::{ROOMY, section},
    palette,
};
use crate::{
    folder::{Change, RELEASE},
    show::{Scene, Show},
    story::STORY,
};

/// The rows of the story, with the rule above it, on a page of this height.
pub(super) fn height(page: u16) -> u16 {
    if page < ROOMY { 5 } else { 7 }
}

/// The first line: the act, and how far the proxies are.
pub(super) fn title(frame: &mut Frame<'_>, area: Rect, show: &Show) {
    let name = match (show.scene, show.act()) {
        (Scene::Act(number), Some(act)) => format!(" {} of {}  {} ", number + 1, STORY.len(), act.title),
        (Scene::Act(_) | Scene::YourTurn, _) => " Your turn ".to_owned(),
    };
    let line = Line::from(vec![" Graylane ".bold(), Span::from(name).reversed().bold()]);
    frame.render_widget(line, area);
    let proxies = show.proxies;
    let (generation, count) = (proxies.published(), proxies.count());
    let progress = if proxies.agree() {
        Span::styled(format!("on all {count} proxies"), palette::ADDED)
    } else {
        Span::styled(format!("on its way to {count} proxies"), palette::REMOVED)
    };
    let seconds = Span::styled(format!("  {:.0} s ", show.now.as_secs_f64()), palette::QUIET);
    let line = Line::from(vec![Span::from(format!("generation {generation} ")), progress, seconds]);
    frame.render_widget(line.alignment(Alignment::Right), area);
}

/// The story to the left, the file to the right.
pub(super) fn story(frame: &mut Frame<'_>, area: Rect, show: &Show) {
    let Some(act) = show.act() else { return your_turn(frame, area, show) };
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(1).areas(area);
    frame.render_widget(Paragraph::new(act.story).wrap(Wrap { trim: true }).block(section("")), left);
    let lines: Vec<_> = show.changes.iter().map(change).collect();
    frame.render_widget(Paragraph::new(lines).block(section(format!(" {RELEASE} "))), right);
}

fn your_turn(frame: &mut Frame<'_>, area: Rect, show: &Show) {
    let lines: Vec<_> = show.invitations().into_iter().map(Line::from).collect();
    frame.render_widget(Paragraph::new(lines).block(section("")), area);
}

fn change(change: &Change) -> Line<'_> {
    match change {
        Change::Removed(line) => Line::styled(format!("-{line}"), palette::REMOVED),
        Change::Added(line) => Line::styled(format!("+{line}"), palette::ADDED),
    }
}

//! What was sent, seen and lost, and how to leave.

use std::time::Duration;

use ratatui::{
    Frame,
    layout::{Alignment, Rect},
    text::{Line, Span},
};

use super::palette;
use crate::{ledger::Record, show::Show};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, show: &Show) {
    let sum = |of: fn(&Record) -> u64| -> u64 { show.ledger.acts().iter().map(of).sum() };
    let failed = sum(|act| act.failed);
    let lost = Span::styled(format!("lost {failed}"), if failed > 0 { palette::ALARM } else { palette::ADDED });
    let counts = format!(" sent {}  seen {}  ", sum(|act| act.sent), sum(|act| act.seen));
    let pace = format!(
        "  {:.0}/s  p50 {}  p99 {}",
        show.recent.rate(),
        milliseconds(show.recent.latency(50)),
        milliseconds(show.recent.latency(99))
    );
    frame.render_widget(Line::from(vec![Span::from(counts), lost, Span::from(pace)]), area);
    frame.render_widget(Line::styled("Ctrl-C ends ", palette::QUIET).alignment(Alignment::Right), area);
}

fn milliseconds(latency: Option<Duration>) -> String {
    latency.map_or_else(|| "-".to_owned(), |latency| format!("{:.1} ms", latency.as_secs_f64() * 1e3))
}

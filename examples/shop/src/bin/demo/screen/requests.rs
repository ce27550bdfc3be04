//! The last requests, newest on top.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{page::section, palette};
use crate::{ledger::Answer, load, show::Show};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, show: &Show) {
    let block = section(" last requests ");
    let room = usize::from(block.inner(area).height);
    let lines: Vec<_> = show.recent.newest().take(room).map(request).collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn request(answer: &Answer) -> Line<'_> {
    let mut spans = vec![Span::from(format!("{:<9}", load::name(answer.caller)))];
    match &answer.outcome {
        Ok(chain) => {
            for version in chain.versions {
                spans.push(Span::styled(format!(" {version}"), palette::version(version)));
            }
            spans.push(Span::styled(format!("  {}", chain.side), palette::side(chain.side)));
            let took = answer.seen.saturating_sub(answer.sent);
            spans.push(Span::styled(format!("  {:.1} ms", took.as_secs_f64() * 1e3), palette::QUIET));
        }
        Err(cause) => spans.push(Span::styled(format!(" {cause}"), palette::ALARM)),
    }
    Line::from(spans)
}

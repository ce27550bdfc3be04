//! Every user as a dot: where they were served last.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    page::{ROOMY, section},
    palette,
};
use crate::{chain::Side, load::USERS, show::Show};

/// How users are laid out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spacing {
    /// Side by side.
    Dense,
    /// With room between them.
    Wide,
}

impl Spacing {
    /// The layout for a page of this size.
    pub(super) fn of(page: Rect) -> Self {
        if page.height < ROOMY { Self::Dense } else { Self::Wide }
    }

    /// The rows that all users take in this width, with the rule above them.
    pub(super) fn height(self, width: u16) -> u16 {
        let rows = USERS.div_ceil(self.columns(width));
        u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(1)
    }

    /// Users in a row: a round number, so that one finds somebody again.
    fn columns(self, width: u16) -> usize {
        let room = match self {
            Self::Dense => usize::from(width),
            Self::Wide => usize::from(width) / 2,
        };
        (room / 10 * 10).clamp(1, USERS)
    }

    fn dot(self, face: Option<Side>) -> Span<'static> {
        let (shape, style) = match face {
            None => (" ", Style::new()),
            Some(Side::Base) => ("·", palette::side(Side::Base)),
            Some(Side::Gray) => ("■", palette::side(Side::Gray)),
        };
        match self {
            Self::Dense => Span::styled(shape, style),
            Self::Wide => Span::styled(format!("{shape} "), style),
        }
    }
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, spacing: Spacing, show: &Show) {
    let gray = show.gray_users();
    let base = show.faces.iter().flatten().count() - gray;
    let title = Line::from(vec![
        Span::from(format!(" {USERS} users: ")),
        Span::styled(format!("· {base} on base"), palette::side(Side::Base)),
        Span::from("  "),
        Span::styled(format!("■ {gray} on new versions "), palette::side(Side::Gray)),
    ]);
    let rows = show.faces.chunks(spacing.columns(area.width));
    let rows: Vec<_> = rows.map(|faces| faces.iter().map(|&face| spacing.dot(face)).collect::<Line<'_>>()).collect();
    frame.render_widget(Paragraph::new(rows).block(section(title)), area);
}

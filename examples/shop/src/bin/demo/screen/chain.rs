//! The chain, service by service: which version serves how much of the traffic, and where the tester goes.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::Stylize,
    text::{Line, Span},
    widgets::{Block, Paragraph},
};
use shop::Service;

use super::palette;
use crate::{
    chain::{SERVICES, Side, Version},
    recent::Served,
    show::Show,
};

pub(super) const HEIGHT: u16 = 5;
/// The width of what is between two services.
const CALL: u16 = 6;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, show: &Show) {
    let [entry, web, first, cart, second, stock] = Layout::horizontal([
        Constraint::Length(12),
        Constraint::Fill(1),
        Constraint::Length(CALL),
        Constraint::Fill(1),
        Constraint::Length(CALL),
        Constraint::Fill(1),
    ])
    .areas(area);
    let users = Line::from("  users ──▶ ");
    let tester = Line::from(vec![" tester".into(), Span::from(" ──▶ ")]);
    frame.render_widget(Paragraph::new(vec![Line::from(" gateway").bold(), users, Line::default(), tester]), entry);
    call(frame, first, "HTTP");
    call(frame, second, "gRPC");
    let served = show.recent.served();
    let tester = show.tester.map(|chain| chain.versions.map(|version| Some((version, chain.side)))).unwrap_or_default();
    for (((area, name), served), tester) in [web, cart, stock].into_iter().zip(SERVICES).zip(served).zip(tester) {
        service(frame, area, name, served, tester);
    }
}

fn call(frame: &mut Frame<'_>, area: Rect, protocol: &'static str) {
    let lines = vec![Line::from(protocol).style(palette::QUIET), Line::from("──▶"), Line::default(), Line::from("──▶")];
    frame.render_widget(Paragraph::new(lines).centered(), area);
}

fn service(frame: &mut Frame<'_>, area: Rect, name: Service, served: Served, tester: Option<(Version, Side)>) {
    let block = Block::bordered().title(Span::from(format!(" {name} ")).bold());
    let width = block.inner(area).width;
    let tester = match tester {
        Some((version, side)) => Line::from(vec![
            Span::styled(format!("● {version}"), palette::version(version)),
            Span::styled(format!("  lane {side}"), palette::side(side)),
        ]),
        None => Line::from("○").style(palette::QUIET),
    };
    let lines = vec![bar(Version::V1, served, width), bar(Version::V2, served, width), tester];
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// A version, its share as a bar, and in numbers.
fn bar(version: Version, served: Served, width: u16) -> Line<'static> {
    let share = served.share(version);
    let number = share.map_or_else(String::new, |share| format!("{:3.0} %", share * 100.0));
    let room = usize::from(width).saturating_sub(3 + 6);
    let filled = (1..=room).filter(|&cell| share.is_some_and(|share| is_filled(cell, room, share))).count();
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(room - filled));
    let style = if share.is_some_and(|share| share > 0.0) { palette::version(version) } else { palette::QUIET };
    Line::styled(format!("{version} {bar}{number:>6}"), style)
}

/// Whether cell number `cell` of `room`, from 1, is within the share. The first is, for any share at all.
fn is_filled(cell: usize, room: usize, share: f64) -> bool {
    let at = |cell: usize| f64::from(u32::try_from(cell).unwrap_or(u32::MAX));
    let middle = (at(cell) - 0.5) / at(room);
    middle <= share || (cell == 1 && share > 0.0)
}

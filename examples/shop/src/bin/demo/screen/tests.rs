use std::path::Path;

use graylane::local;
use ratatui::{Terminal, backend::TestBackend};

use super::*;
use crate::{
    chain::{
        BASE, Chain, Side,
        Version::{V1, V2},
    },
    folder::Folder,
    ledger::{Answer, Caller, Moment},
    load::{Traffic, USERS},
    proxies::Proxies,
    story::STORY,
};

/// A show in its second act, in which every user and the tester have been asked often enough.
fn tester_in_the_lane() -> Show {
    let folder = Folder::create(Path::new("shop")).unwrap();
    let mut show = Show::new("127.0.0.1:8080".parse().unwrap(), &folder, Proxies::default());
    show.begin(0, Moment::ZERO);
    show.begin(1, Moment::ZERO);
    show.changes = folder.edit(STORY[1].edits).unwrap();
    show.hear(&local::Event::Published { generation: 2, changes: Vec::new() }, Moment::ZERO);
    show.hear(&local::Event::Acknowledged { generation: 2, proxies: 7, took: Moment::ZERO }, Moment::ZERO);
    let (sent, seen) = (Moment::from_secs(1), Moment::from_millis(1_005));
    let mut ask = |caller, side, versions| {
        show.note(Traffic::Sent(sent));
        show.note(Traffic::Ended(Answer { caller, sent, seen, outcome: Ok(Chain { side, versions }) }));
    };
    for _ in 0..10 {
        (0..USERS).for_each(|user| ask(Caller::User(user), Side::Base, BASE));
        ask(Caller::Tester, Side::Gray, [V2, V1, V2]);
    }
    show.now = Moment::from_secs(12);
    show
}

fn drawn(show: &Show, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| page::draw(frame, show)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn a_small_terminal_shows_the_whole_story() {
    insta::assert_snapshot!(drawn(&tester_in_the_lane(), 80, 24));
}

#[test]
fn no_terminal_is_too_small_to_draw_on() {
    let show = tester_in_the_lane();
    for (width, height) in [(1, 1), (10, 5), (40, 10), (80, 24), (120, 40), (300, 100)] {
        drawn(&show, width, height);
    }
}

#[test]
fn what_the_mesh_reports_is_told() {
    let mut show = tester_in_the_lane();
    show.hear(&local::Event::ReplicaNotReady { replica: "cart-v1-0".to_owned() }, Moment::from_secs(3));
    let page = drawn(&show, 120, 40);
    assert!(page.contains("3 s  cart-v1-0 is not ready"), "{page}");
}

#[test]
fn after_the_story_the_page_says_what_to_try() {
    let mut show = tester_in_the_lane();
    show.hand_over(Moment::from_secs(50));
    let page = drawn(&show, 120, 40);
    assert!(page.contains("Your turn") && page.contains("curl http://127.0.0.1:8080/"), "{page}");
    assert!(page.contains("release.yaml"), "{page}");
}

#[test]
fn ctrl_c_and_q_end_the_demo_and_nothing_else_does() {
    let key = |code, modifiers| asks_to_stop(KeyEvent::new(code, modifiers));
    assert!(key(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert!(key(KeyCode::Char('q'), KeyModifiers::NONE));
    assert!(!key(KeyCode::Char('c'), KeyModifiers::NONE));
    assert!(!key(KeyCode::Esc, KeyModifiers::NONE));
}

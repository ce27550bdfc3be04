use super::*;
use crate::{
    chain::{
        Chain,
        Version::{V1, V2},
    },
    ledger::{Answer, Caller, Moment},
};

const GRAY: Versions = [V2, V1, V2];
const USERS: usize = 400;

/// A ledger in which acts follow each other and every user is asked as often as it takes.
struct Play {
    ledger: Ledger,
    clock: u64,
}

impl Play {
    fn new() -> Self {
        Self { ledger: Ledger::of(USERS), clock: 0 }
    }

    fn tick(&mut self) -> Moment {
        self.clock += 1;
        Moment::from_millis(self.clock)
    }

    fn ask(&mut self, caller: Caller, side: Side) {
        let versions = if side == Side::Gray { GRAY } else { BASE };
        let (sent, seen) = (self.tick(), self.tick());
        self.ledger.sent(sent);
        self.ledger.note(&Answer { caller, sent, seen, outcome: Ok(Chain { side, versions }) });
    }

    /// An act in which `side` says where each user is.
    fn act(&mut self, side: impl Fn(usize) -> Side) {
        let now = self.tick();
        self.ledger.begin(now, GRAY);
        let now = self.tick();
        self.ledger.settle(now);
        for _ in 0..ANSWERS_OF_USER {
            for user in 0..USERS {
                self.ask(Caller::User(user), side(user));
            }
        }
    }

    fn state(&self, claim: Claim) -> State {
        claim.judge(&self.ledger, self.ledger.acts().len() - 1).state
    }
}

fn first(gray: usize) -> impl Fn(usize) -> Side {
    move |user| if user < gray { Side::Gray } else { Side::Base }
}

#[test]
fn a_share_must_lie_within_the_band() {
    for (gray, state) in [(24, State::Refuted), (25, State::Observed), (56, State::Observed), (57, State::Refuted)] {
        let mut play = Play::new();
        play.act(first(gray));
        assert_eq!(play.state(Claim::Share(Percent(10))), state, "{gray} users");
    }
}

#[test]
fn a_user_on_both_sides_is_not_sticky() {
    let mut play = Play::new();
    play.act(first(40));
    assert_eq!(play.state(Claim::Sticky), State::Observed);
    play.ask(Caller::User(7), Side::Base);
    assert_eq!(play.state(Claim::Sticky), State::Refuted);
}

#[test]
fn whoever_is_moved_back_is_noticed_even_while_the_change_spreads() {
    let mut play = Play::new();
    play.act(first(40));
    play.act(first(200));
    assert_eq!(play.state(Claim::NobodyMovedBack), State::Observed);

    let mut play = Play::new();
    play.act(first(40));
    let now = play.tick();
    play.ledger.begin(now, GRAY);
    play.ask(Caller::User(39), Side::Base);
    assert_eq!(play.state(Claim::NobodyMovedBack), State::Refuted);
}

#[test]
fn nobody_can_be_moved_back_where_nobody_was_gray() {
    let mut play = Play::new();
    play.act(first(0));
    play.act(first(200));
    assert_eq!(play.state(Claim::NobodyMovedBack), State::Pending);
}

#[test]
fn one_tester_on_the_wrong_side_is_one_too_many() {
    let mut play = Play::new();
    play.act(first(0));
    for _ in 0..ANSWERS_OF_TESTER {
        assert_eq!(play.state(Claim::Tester(Side::Gray)), State::Pending);
        play.ask(Caller::Tester, Side::Gray);
    }
    assert_eq!(play.state(Claim::Tester(Side::Gray)), State::Observed);
    assert_eq!(play.state(Claim::Tester(Side::Base)), State::Refuted);
    play.ask(Caller::Tester, Side::Base);
    assert_eq!(play.state(Claim::Tester(Side::Gray)), State::Refuted);
}

#[test]
fn one_user_in_the_lane_is_one_too_many() {
    for (gray, state) in [(0, State::Observed), (1, State::Refuted)] {
        let mut play = Play::new();
        play.act(first(gray));
        assert_eq!(play.state(Claim::CrowdOnBase), state);
    }
}

#[test]
fn an_abort_takes_as_long_as_its_last_gray_answer() {
    let (just, too_little) = (Duration::from_millis(4), Duration::from_millis(3));
    let mut play = Play::new();
    let now = play.tick();
    play.ledger.begin(now, GRAY);
    play.tick();
    let now = play.tick();
    play.ledger.settle(now);
    assert_eq!(play.state(Claim::Acknowledged(just)), State::Observed);
    assert_eq!(play.state(Claim::Acknowledged(Duration::from_millis(2))), State::Refuted);

    play.ask(Caller::Tester, Side::Gray);
    assert_eq!(play.state(Claim::LastGray(just)), State::Refuted);
    assert_eq!(play.state(Claim::LastGray(too_little)), State::Refuted);
    assert_eq!(play.state(Claim::LastGray(just * 2)), State::Pending, "more may come");
    for _ in 0..ANSWERS_OF_USER {
        (0..USERS).for_each(|user| play.ask(Caller::User(user), Side::Base));
    }
    assert_eq!(play.state(Claim::LastGray(just * 2)), State::Observed);
}

#[test]
fn a_request_without_an_answer_is_never_passed_over() {
    let mut play = Play::new();
    play.act(first(0));
    assert_eq!(play.state(Claim::NothingLost), State::Observed);
    let now = play.tick();
    play.ledger.sent(now);
    assert_eq!(play.state(Claim::NothingLost), State::Pending);
    let seen = play.tick();
    play.ledger.note(&Answer { caller: Caller::Tester, sent: now, seen, outcome: Err("503".to_owned()) });
    assert_eq!(play.state(Claim::NothingLost), State::Refuted);
}

#[test]
fn nothing_is_observed_in_an_act_that_was_not_played() {
    let ledger = Ledger::of(USERS);
    for claim in [Claim::CrowdOnBase, Claim::Sticky, Claim::NothingLost, Claim::NothingMixed] {
        assert_eq!(claim.judge(&ledger, 0).state, State::Pending, "{claim:?}");
    }
}

#[test]
fn a_mixed_answer_is_noticed() {
    let mut play = Play::new();
    play.act(first(40));
    assert_eq!(play.state(Claim::NothingMixed), State::Observed);
    let (sent, seen) = (play.tick(), play.tick());
    let outcome = Ok(Chain { side: Side::Gray, versions: BASE });
    play.ledger.note(&Answer { caller: Caller::Tester, sent, seen, outcome });
    assert_eq!(play.state(Claim::NothingMixed), State::Refuted);
}

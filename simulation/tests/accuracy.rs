//! How accurate lanes are, by what apps forward.

#![expect(clippy::unwrap_used, reason = "test code")]

use graylane_core::config::LostMark;
use graylane_simulation::{Apps, Forwarding, Plan, Tally, percent, simulate};

fn tally(apps: Apps) -> Tally {
    simulate(&Plan { requests: 10_000, apps, ..Plan::default() }).unwrap()
}

#[test]
fn nobody_leaves_the_lane_and_nobody_strays_into_it_where_apps_forward_the_mark_or_a_trace_id() {
    for forwarding in [Forwarding::Everything, Forwarding::TraceId] {
        let tally = tally(Apps::All(forwarding));
        assert!(tally.lane_visits > 1_000 && tally.base_visits > 10_000, "{tally:?}");
        assert_eq!((tally.leaks, tally.strays, tally.mixed), (0, 0, 0), "{tally:?}");
        // The users are drawn, too: 10 % of 10,000 requests, within four standard deviations.
        assert!((tally.share() - 10.0).abs() < 1.2, "{tally:?}");
    }
}

#[test]
fn without_a_trace_id_the_share_still_holds_and_the_chain_does_not() {
    let tally = tally(Apps::All(Forwarding::Nothing));
    assert!((tally.share_of_visits() - tally.due_share_of_visits()).abs() < 1.0, "{tally:?}");
    assert!(percent(tally.leaks, tally.lane_visits) > 50.0, "{tally:?}");
}

#[test]
fn only_apps_that_forward_nothing_ever_lose_a_mark() {
    let tally = tally(Apps::Mixed);
    assert!(tally.leaks > 0 && tally.strays > 0, "{tally:?}");
    assert_eq!(tally.blame.keys().collect::<Vec<_>>(), [&Forwarding::Nothing]);
    assert_eq!(tally.blame.values().sum::<u64>(), tally.leaks + tally.strays);
}

#[test]
fn where_a_lost_mark_means_base_nobody_on_base_meets_a_gray_version() {
    for apps in [Apps::All(Forwarding::Nothing), Apps::Mixed] {
        let plan = Plan { requests: 10_000, apps, lost_mark: LostMark::Base, ..Plan::default() };
        let tally = simulate(&plan).unwrap();
        assert!(tally.base_visits > 10_000 && tally.leaks > 0, "{tally:?}");
        assert_eq!(tally.strays, 0, "{tally:?}");
        assert_eq!(tally.blame.keys().collect::<Vec<_>>(), [&Forwarding::Nothing]);
    }
}

#[test]
fn the_same_plan_gives_the_same_tally() {
    let told = || format!("{:?}", simulate(&Plan { requests: 1_000, apps: Apps::Mixed, ..Plan::default() }).unwrap());
    assert_eq!(told(), told());
}

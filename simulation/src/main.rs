//! `simulate`: the table of the simulation.

use std::io::{self, Write as _};
use std::time::Instant;

use clap::Parser;
use graylane_core::config::LostMark;
use graylane_simulation::{Apps, Forwarding, Plan, Tally, percent, simulate};

/// Plays many requests through a large mesh, and says what became of their lanes
#[derive(Parser)]
struct Args {
    /// Requests from outside, for each kind of apps
    #[arg(long, default_value_t = Plan::default().requests)]
    requests: u64,
    /// Services
    #[arg(long, default_value_t = Plan::default().services)]
    services: usize,
    /// What chance starts from
    #[arg(long, default_value_t = Plan::default().seed)]
    seed: u128,
}

const KINDS: [(&str, Apps, LostMark); 6] = [
    ("everything", Apps::All(Forwarding::Everything), LostMark::Decide),
    ("trace id only", Apps::All(Forwarding::TraceId), LostMark::Decide),
    ("nothing", Apps::All(Forwarding::Nothing), LostMark::Decide),
    ("nothing, `lostMark: base`", Apps::All(Forwarding::Nothing), LostMark::Base),
    ("6 : 3 : 1 of these", Apps::Mixed, LostMark::Decide),
    ("6 : 3 : 1, `lostMark: base`", Apps::Mixed, LostMark::Base),
];

fn main() -> anyhow::Result<()> {
    let Args { requests, services, seed } = Args::parse();
    let mut out = io::stdout().lock();
    writeln!(out, "{requests} requests over {services} services, a lane of 10 %, gray versions of 2 services in 5\n")?;
    writeln!(
        out,
        "| apps forward | share of requests | share of visits (due) | lane leaks | base on gray | mixed requests |"
    )?;
    writeln!(out, "|---|---:|---:|---:|---:|---:|")?;
    let mut blamed = Vec::new();
    for (name, apps, lost_mark) in KINDS {
        let began = Instant::now();
        let tally = simulate(&Plan { seed, services, requests, apps, lost_mark, ..Plan::default() })?;
        writeln!(out, "| {name} | {} |", row(&tally))?;
        eprintln!("simulate: {name}: {:.1} s", began.elapsed().as_secs_f64());
        if apps == Apps::Mixed {
            blamed.extend(blame(&tally).into_iter().map(|line| format!("{name}: {line}")));
        }
    }
    writeln!(out, "\nWho lost the mark first, where mixed apps meet the wrong version:\n")?;
    blamed.into_iter().try_for_each(|line| writeln!(out, "- {line}"))?;
    Ok(())
}

fn row(tally: &Tally) -> String {
    [
        format!("{:.2} %", tally.share()),
        format!("{:.2} % ({:.2} %)", tally.share_of_visits(), tally.due_share_of_visits()),
        format!("{} of {} ({:.3} %)", tally.leaks, tally.lane_visits, percent(tally.leaks, tally.lane_visits)),
        format!("{} of {} ({:.3} %)", tally.strays, tally.base_visits, percent(tally.strays, tally.base_visits)),
        format!("{} of {} ({:.3} %)", tally.mixed, tally.requests, percent(tally.mixed, tally.requests)),
    ]
    .join(" | ")
}

fn blame(tally: &Tally) -> Vec<String> {
    let all = tally.leaks + tally.strays;
    let line = |(app, wrong): (&Forwarding, &u64)| {
        format!("an app that forwards {}: {wrong} ({:.1} %)", app.as_str(), percent(*wrong, all))
    };
    tally.blame.iter().map(line).collect()
}

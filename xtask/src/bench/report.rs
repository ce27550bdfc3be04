//! What was found, as tables for people and as JSON for machines.

use std::fmt;

use anyhow::{Context, Result};
use serde::Serialize;

use super::correlation::Added;
use super::cpu::CpuTime;
use super::measure::{Measured, REQUESTS_PER_ROUND};
use super::memory::Memory;
use super::stats::{self, Spread};
use super::update::Update;
use super::variant::REFERENCE;

/// Everything that a run has found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    conditions: Conditions,
    rounds: usize,
    requests_per_round: u32,
    requests: Vec<Cost>,
    correlation: Vec<Added>,
    /// The same in a proxy with several workers, where that matters.
    pub(crate) contended: Option<Contended>,
    pub(crate) updates: Vec<Update>,
    pub(crate) memory: Vec<Memory>,
}

/// What the figures depend on.
#[derive(Debug, Serialize)]
pub(crate) struct Conditions {
    /// Envoy's version.
    pub(crate) proxy: String,
    pub(crate) processor: String,
    /// Part of its time for which the proxy was kept from its core by other work of the machine. It then also finds its
    /// caches empty, and every figure is too high.
    pub(crate) waited_percent: f64,
}

/// Above this the figures are not worth comparing.
const TOLERABLE_WAIT_PERCENT: f64 = 5.0;

/// Waiting as a part of the time in which there was something to do.
pub(crate) fn waited_percent(time: CpuTime) -> f64 {
    100.0 * time.waiting.as_secs_f64() / (time.running + time.waiting).as_secs_f64().max(f64::MIN_POSITIVE)
}

/// What requests of one variant cost.
#[derive(Debug, Serialize)]
struct Cost {
    variant: String,
    /// CPU microseconds of the proxy per request.
    cpu_us: Spread,
    /// The same above plain routes and the same requests, as paired differences.
    above_plain_us: Spread,
    /// `above_plain_us` over that of the raw minimum with log, medians.
    ratio: Option<f64>,
    /// Percentiles over all requests of all rounds.
    p50_us: f64,
    p99_us: f64,
}

impl Report {
    /// The costs of requests; updates and memory are added where they are measured.
    pub(crate) fn new(conditions: Conditions, measured: &[Measured<'_>]) -> Result<Self> {
        let requests = costs(measured)?;
        Ok(Self {
            conditions,
            rounds: measured.first().map_or(0, |measured| measured.cpu.len()),
            requests_per_round: REQUESTS_PER_ROUND,
            correlation: Added::all(measured, reference(&requests)),
            requests,
            contended: None,
            updates: Vec::new(),
            memory: Vec::new(),
        })
    }

    /// For programs, and for comparing with later runs.
    pub(crate) fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).context("cannot write the report as JSON")
    }
}

/// What requests cost where several workers serve them at once.
#[derive(Debug, Serialize)]
pub(crate) struct Contended {
    workers: u8,
    cores: u32,
    requests: Vec<Cost>,
    correlation: Vec<Added>,
}

impl Contended {
    pub(crate) fn new(workers: u8, cores: u32, measured: &[Measured<'_>]) -> Result<Self> {
        let requests = costs(measured)?;
        let correlation = Added::all(measured, reference(&requests));
        Ok(Self { workers, cores, requests, correlation })
    }
}

fn costs(measured: &[Measured<'_>]) -> Result<Vec<Cost>> {
    let mut requests = measured.iter().map(|one| cost(one, measured)).collect::<Result<Vec<_>>>()?;
    let reference = reference(&requests);
    for cost in &mut requests {
        cost.ratio = reference.map(|reference| cost.above_plain_us.median / reference);
    }
    Ok(requests)
}

/// What ratios are relative to.
fn reference(requests: &[Cost]) -> Option<f64> {
    requests.iter().find(|cost| cost.variant == REFERENCE).map(|cost| cost.above_plain_us.median)
}

fn cost(measured: &Measured<'_>, all: &[Measured<'_>]) -> Result<Cost> {
    let Measured { variant, cpu, latencies } = measured;
    let baseline = all
        .iter()
        .find(|other| other.variant.is_baseline() && other.variant.request == variant.request)
        .with_context(|| format!("{:?} has no baseline", variant.name))?;
    let mut latencies = latencies.clone();
    latencies.sort_by(f64::total_cmp);
    let percentile = |percent| stats::percentile(&latencies, percent);
    let nothing = || format!("nothing was measured of {:?}", variant.name);
    Ok(Cost {
        variant: variant.name.clone(),
        cpu_us: Spread::of(cpu.clone()).with_context(nothing)?,
        above_plain_us: Spread::of(stats::paired_differences(cpu, &baseline.cpu)).with_context(nothing)?,
        ratio: None,
        p50_us: percentile(50).with_context(nothing)?,
        p99_us: percentile(99).with_context(nothing)?,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conditions { proxy, processor, waited_percent } = &self.conditions;
        writeln!(
            f,
            "\nEnvoy {proxy}, one worker on one core of {processor}; {} rounds of {} requests for each variant",
            self.rounds, self.requests_per_round
        )?;
        if *waited_percent > TOLERABLE_WAIT_PERCENT {
            writeln!(
                f,
                "The machine was busy: the proxy waited for its core {waited_percent:.0} % of the time. All figures are \
                 too high; only the order of the ratios tells anything."
            )?;
        }
        let titles = ["a request", "CPU µs", "above plain, µs (quartiles)", "ratio", "p50 µs", "p99 µs"];
        let added = ["correlation adds", "µs (quartiles)", "ratio"];
        table(f, titles, self.requests.iter().map(Cost::row))?;
        table(f, added, self.correlation.iter().map(Added::row))?;
        if let Some(Contended { workers, cores, requests, correlation }) = &self.contended {
            writeln!(f, "\n{workers} workers on {cores} cores, which they share with the load:")?;
            table(f, titles, requests.iter().map(Cost::row))?;
            table(f, added, correlation.iter().map(Added::row))?;
        }
        let titles = ["a configuration", "bytes", "worker, ms (quartiles)", "process, ms (quartiles)"];
        table(f, titles, self.updates.iter().map(Update::row))?;
        let titles = ["a virtual machine", "machines per filter", "KiB"];
        table(f, titles, self.memory.iter().map(Memory::row))
    }
}

impl Cost {
    fn row(&self) -> [String; 6] {
        [
            self.variant.clone(),
            format!("{:.2}", self.cpu_us.median),
            self.above_plain_us.to_string(),
            self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            format!("{:.0}", self.p50_us),
            format!("{:.0}", self.p99_us),
        ]
    }
}

impl Update {
    fn row(&self) -> [String; 4] {
        let Self { services, bytes, worker_ms, process_ms } = self;
        [format!("ours, services: {services}"), bytes.to_string(), worker_ms.to_string(), process_ms.to_string()]
    }
}

impl Memory {
    fn row(&self) -> [String; 3] {
        let Self { module, machines, kib_per_machine } = self;
        [module.clone(), machines.to_string(), kib_per_machine.to_string()]
    }
}

/// A table in Markdown, to be read in a terminal and pasted into documents; nothing where there are no rows.
fn table<const COLUMNS: usize>(
    f: &mut fmt::Formatter<'_>,
    titles: [&str; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) -> fmt::Result {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    let titles = titles.map(str::to_owned);
    let mut widths = [0; COLUMNS];
    for row in rows.iter().chain([&titles]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    writeln!(f)?;
    line(f, &titles, widths)?;
    for (column, width) in widths.into_iter().enumerate() {
        let (dashes, end) = if column == 0 { (width + 2, "") } else { (width + 1, ":") };
        write!(f, "|{:-<dashes$}{end}", "")?;
    }
    writeln!(f, "|")?;
    rows.iter().try_for_each(|row| line(f, row, widths))
}

/// Names to the left, numbers to the right.
fn line<const COLUMNS: usize>(
    f: &mut fmt::Formatter<'_>,
    cells: &[String; COLUMNS],
    widths: [usize; COLUMNS],
) -> fmt::Result {
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if column == 0 {
            write!(f, "| {cell:<width$} ")?;
        } else {
            write!(f, "| {cell:>width$} ")?;
        }
    }
    writeln!(f, "|")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::variant;
    use super::*;

    /// Two rounds of a plain listener that takes 40 and 60 us, and of a filter that adds `more` to each.
    fn report(more: f64) -> Report {
        let variants = variant::chosen(&[REFERENCE.to_owned()], 0).unwrap();
        let measured: Vec<_> = variants
            .iter()
            .map(|variant| {
                let more = if variant.is_baseline() { 0.0 } else { more };
                let cpu = vec![40.0 + more, 60.0 + more];
                Measured { variant, cpu, latencies: vec![1000.0, 100.0, 200.0] }
            })
            .collect();
        let conditions =
            Conditions { proxy: "1.40.0".to_owned(), processor: "a processor".to_owned(), waited_percent: 0.4 };
        Report::new(conditions, &measured).unwrap()
    }

    #[test]
    fn costs_are_above_the_baseline_of_the_same_round_and_relative_to_the_reference() {
        let report = report(6.5);
        let reference = report.requests.iter().find(|cost| cost.variant == REFERENCE).unwrap();
        assert_eq!(reference.above_plain_us.to_string(), "+6.50 (+6.50 .. +6.50)");
        assert_eq!(reference.cpu_us.to_string(), "+56.50 (+51.50 .. +61.50)");
        assert_eq!(report.rounds, 2);
        assert_eq!(format!("{:.2} {:.0}", reference.ratio.unwrap(), reference.p50_us), "1.00 200");
    }

    #[test]
    fn columns_stand_under_their_titles() {
        let text = report(6.5).to_string();
        let table: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(table.len(), 5, "{text}");
        assert!(table.iter().all(|line| line.chars().count() == table[0].chars().count()), "{text}");
        assert!(table[0].starts_with("| a request ") && table[1].starts_with("|-----"), "{text}");
    }

    #[test]
    fn a_busy_machine_is_told_and_an_idle_one_is_not() {
        let mut report = report(1.0);
        assert!(!report.to_string().contains("busy"));
        let time = CpuTime { running: Duration::from_secs(3), waiting: Duration::from_secs(1) };
        report.conditions.waited_percent = waited_percent(time);
        assert!(report.to_string().contains("waited for its core 25 % of the time"));
        assert!(waited_percent(CpuTime::default()) < 0.1);
    }

    #[test]
    fn what_was_not_measured_is_not_shown() {
        let text = report(1.0).to_string();
        assert!(!text.contains("a configuration") && !text.contains("a virtual machine"), "{text}");
    }

    #[test]
    fn requests_of_several_workers_have_a_table_of_their_own() {
        let mut report = report(1.0);
        let requests = std::mem::take(&mut report.requests);
        report.contended = Some(Contended { workers: 4, cores: 2, requests, correlation: Vec::new() });
        let text = report.to_string();
        let (before, after) = text.split_once("4 workers on 2 cores").unwrap();
        assert!(!before.contains(REFERENCE) && after.contains(REFERENCE), "{text}");
    }

    #[test]
    fn updates_and_memory_have_tables_of_their_own() {
        let worker_ms = Spread { lower_quartile: 1.0, median: 1.5, upper_quartile: 2.0 };
        let mut report = report(1.0);
        report.updates = vec![Update { services: 1_000, bytes: 97_531, worker_ms, process_ms: worker_ms }];
        report.memory = vec![Memory { module: "ours".to_owned(), machines: 3, kib_per_machine: 456 }];
        let text = report.to_string();
        assert!(text.contains("| 97531 | +1.50 (+1.00 .. +2.00) |"), "{text}");
        assert!(text.contains("| ours              |                   3 | 456 |"), "{text}");
    }
}

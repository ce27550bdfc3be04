//! What was found, as tables for people and as JSON for machines.

use std::fmt;

use anyhow::{Context, Result};
use serde::Serialize;

use super::measure::{Measured, REQUESTS_PER_ROUND};
use super::memory::Memory;
use super::stats::{self, Spread};
use super::update::Update;
use super::variant::REFERENCE;

/// Everything that a run has found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    proxy: String,
    processor: String,
    rounds: usize,
    requests_per_round: u32,
    requests: Vec<Cost>,
    pub(crate) updates: Vec<Update>,
    pub(crate) memory: Vec<Memory>,
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
    pub(crate) fn new(proxy: String, processor: String, measured: &[Measured<'_>]) -> Result<Self> {
        let mut requests = measured.iter().map(|one| cost(one, measured)).collect::<Result<Vec<_>>>()?;
        let reference = requests.iter().find(|cost| cost.variant == REFERENCE).map(|cost| cost.above_plain_us.median);
        for cost in &mut requests {
            cost.ratio = reference.map(|reference| cost.above_plain_us.median / reference);
        }
        Ok(Self {
            proxy,
            processor,
            rounds: measured.first().map_or(0, |measured| measured.cpu.len()),
            requests_per_round: REQUESTS_PER_ROUND,
            requests,
            updates: Vec::new(),
            memory: Vec::new(),
        })
    }

    /// For programs, and for comparing with later runs.
    pub(crate) fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).context("cannot write the report as JSON")
    }
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
        writeln!(
            f,
            "\nEnvoy {}, one worker on one core of {}; {} rounds of {} requests for each variant",
            self.proxy, self.processor, self.rounds, self.requests_per_round
        )?;
        requests_table(f, &self.requests)?;
        if !self.updates.is_empty() {
            updates_table(f, &self.updates)?;
        }
        if !self.memory.is_empty() {
            memory_table(f, &self.memory)?;
        }
        Ok(())
    }
}

fn requests_table(f: &mut fmt::Formatter<'_>, costs: &[Cost]) -> fmt::Result {
    let width = costs.iter().map(|cost| cost.variant.len()).max().unwrap_or_default();
    writeln!(
        f,
        "\n{:width$}  {:>7}  {:>26}  {:>5}  {:>6}  {:>6}",
        "per request", "CPU us", "above plain us (quartiles)", "ratio", "p50 us", "p99 us"
    )?;
    for cost in costs {
        let ratio = cost.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        writeln!(
            f,
            "{:width$}  {:7.2}  {:>26}  {ratio:>5}  {:6.0}  {:6.0}",
            cost.variant,
            cost.cpu_us.median,
            signed(&cost.above_plain_us),
            cost.p50_us,
            cost.p99_us
        )?;
    }
    Ok(())
}

fn updates_table(f: &mut fmt::Formatter<'_>, updates: &[Update]) -> fmt::Result {
    writeln!(
        f,
        "\n{:>22}  {:>9}  {:>24}  {:>24}",
        "configuration, services", "bytes", "worker ms", "whole process ms"
    )?;
    for update in updates {
        let (worker, process) = (signed(&update.worker_ms), signed(&update.process_ms));
        writeln!(f, "{:>23}  {:>9}  {worker:>24}  {process:>24}", update.services, update.bytes)?;
    }
    Ok(())
}

fn memory_table(f: &mut fmt::Formatter<'_>, memory: &[Memory]) -> fmt::Result {
    let width = memory.iter().map(|one| one.module.len()).max().unwrap_or_default();
    writeln!(f, "\n{:width$}  {:>8}  {:>15}", "memory", "machines", "KiB per machine")?;
    for Memory { module, machines, kib_per_machine } in memory {
        writeln!(f, "{module:width$}  {machines:>8}  {kib_per_machine:>15}")?;
    }
    Ok(())
}

fn signed(spread: &Spread) -> String {
    let Spread { lower_quartile, median, upper_quartile } = spread;
    format!("{median:+.2} ({lower_quartile:+.2} .. {upper_quartile:+.2})")
}

#[cfg(test)]
mod tests {
    use super::super::variant;
    use super::*;

    /// Two rounds of a plain listener that takes 40 and 60 us, and of a filter that adds `more` to each.
    fn report(more: f64) -> Report {
        let variants = variant::chosen(Some(REFERENCE)).unwrap();
        let measured: Vec<_> = variants
            .iter()
            .map(|variant| {
                let more = if variant.is_baseline() { 0.0 } else { more };
                let cpu = vec![40.0 + more, 60.0 + more];
                Measured { variant, cpu, latencies: vec![1000.0, 100.0, 200.0] }
            })
            .collect();
        Report::new("1.40.0".to_owned(), "a processor".to_owned(), &measured).unwrap()
    }

    #[test]
    fn costs_are_above_the_baseline_of_the_same_round_and_relative_to_the_reference() {
        let report = report(6.5);
        let reference = report.requests.iter().find(|cost| cost.variant == REFERENCE).unwrap();
        assert_eq!(signed(&reference.above_plain_us), "+6.50 (+6.50 .. +6.50)");
        assert_eq!(signed(&reference.cpu_us), "+56.50 (+51.50 .. +61.50)");
        assert_eq!(report.rounds, 2);
        assert_eq!(format!("{:.2} {:.0}", reference.ratio.unwrap(), reference.p50_us), "1.00 200");
    }

    #[test]
    fn columns_stand_under_their_titles() {
        let text = report(6.5).to_string();
        let table: Vec<_> = text.lines().skip_while(|line| !line.starts_with("per request")).collect();
        assert!(table.len() > 3 && table.iter().all(|line| line.len() == table[0].len()), "{text}");
    }

    #[test]
    fn what_was_not_measured_is_not_shown() {
        let text = report(1.0).to_string();
        assert!(!text.contains("services") && !text.contains("machines"), "{text}");
    }

    #[test]
    fn updates_and_memory_have_tables_of_their_own() {
        let worker_ms = Spread { lower_quartile: 1.0, median: 1.5, upper_quartile: 2.0 };
        let mut report = report(1.0);
        report.updates = vec![Update { services: 1_000, bytes: 97_531, worker_ms, process_ms: worker_ms }];
        report.memory = vec![Memory { module: "ours".to_owned(), machines: 3, kib_per_machine: 456 }];
        let text = report.to_string();
        assert!(text.contains("97531    +1.50 (+1.00 .. +2.00)"), "{text}");
        assert!(text.contains("       3              456"), "{text}");
    }
}

//! What requests cost where several workers serve them at once, and get in each other's way in what they share: those that
//! are remembered, and those that are looked up.
//!
//! The workers are not pinned, so that they really run at once where there are cores for them; where there are fewer,
//! they take turns, and a worker that waits for another's lock waits longer.

use anyhow::Result;

use super::report::Contended;
use super::{Bench, BenchArgs, measure, variant};

const WORKERS: u8 = 4;

/// Measures the variants around an app; none where others are asked for.
pub(crate) fn measure(bench: &Bench, args: &BenchArgs) -> Result<Option<Contended>> {
    const AROUND_AN_APP: &str = "an app";
    if !args.only.is_empty() && !args.only.iter().any(|pattern| pattern.contains(AROUND_AN_APP)) {
        return Ok(None);
    }
    let variants = variant::chosen(&[AROUND_AN_APP.to_owned()], args.beside.len())?;
    let proxy = bench.launch_all(&variants, WORKERS)?;
    eprintln!("bench: {WORKERS} workers");
    let measured = measure::rounds(&proxy, &variants, args.effort())?;
    Contended::new(WORKERS, bench.launcher.cores.count(), &measured).map(Some)
}

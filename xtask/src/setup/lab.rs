//! The programs of the lab, built once.

use anyhow::Result;
use graylane_lab_tools::{Bundle, find};

use super::cache::Cache;
use super::go::Go;
use crate::workspace::Workspace;

/// Finds or builds every program of the lab.
pub(crate) fn lab(workspace: &Workspace) -> Result<()> {
    let cache = Cache::open()?;
    for bundle in Bundle::ALL {
        if bundle.files().any(|file| find(file).is_err()) {
            build(workspace, &cache, bundle)?;
        }
        for file in bundle.files() {
            println!("setup: {}: {}", file.name(), find(file)?.display());
        }
    }
    Ok(())
}

fn build(workspace: &Workspace, cache: &Cache, bundle: Bundle) -> Result<()> {
    let go = Go::find(cache)?;
    let place = bundle.place(cache.folder());
    println!(
        "setup: {} {}: not here yet; compiling it once, which takes some minutes, into {}",
        bundle.name(),
        bundle.version(),
        place.display()
    );
    cache.make(&place, |_, filled| go.build(workspace, bundle, filled))
}

//! Where Envoy is.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// The Envoy to play on: what `GRAYLANE_ENVOY` names, else the first on `PATH`, else the one in the cache.
pub(super) fn executable() -> Result<PathBuf> {
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = || env::split_paths(&path).map(|folder| folder.join("envoy")).find(|file| file.is_file());
    let users = || folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    let cache = || folder("GRAYLANE_CACHE").or_else(|| Some(users()?.join("graylane")));
    let cached = || Some(cache()?.join("envoy-1.40.0/envoy")).filter(|file| file.is_file());
    folder("GRAYLANE_ENVOY")
        .or_else(on_path)
        .or_else(cached)
        .context("no Envoy: not named by GRAYLANE_ENVOY, not on PATH, not in the cache; `cargo xtask setup` fetches it")
}

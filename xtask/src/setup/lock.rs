//! Versions that `Cargo.lock` has settled.

use std::fs;

use anyhow::{Context, Result};

use super::version::Version;
use crate::workspace::Workspace;

/// The version of a package that the workspace uses at exactly one version.
pub(super) fn locked_version(workspace: &Workspace, package: &str) -> Result<Version> {
    let lock = fs::read_to_string(workspace.root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
    version_in_lock(&lock, package).with_context(|| format!("Cargo.lock has no one version of {package}"))
}

/// The version of a package in the text of a `Cargo.lock`; `None` unless there is exactly one.
fn version_in_lock(lock: &str, package: &str) -> Option<Version> {
    let mut entries = lock.split("[[package]]").filter(|entry| field(entry, "name") == Some(package));
    let entry = entries.next()?;
    match entries.next() {
        Some(_) => None,
        None => Version::parse(field(entry, "version")?),
    }
}

fn field<'a>(entry: &'a str, name: &str) -> Option<&'a str> {
    entry.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
[[package]]
name = "wasm-bindgen"
version = "0.2.130"
dependencies = [
 "wasm-bindgen-macro",
]

[[package]]
name = "wasm-bindgen-macro"
version = "0.2.129"

[[package]]
name = "twice"
version = "1.0.0"

[[package]]
name = "twice"
version = "2.0.0"
"#;

    #[test]
    fn a_locked_version_is_that_of_the_very_package() {
        assert_eq!(version_in_lock(LOCK, "wasm-bindgen"), Some(Version(0, 2, 130)));
    }

    #[test]
    fn a_package_that_is_absent_or_there_twice_has_no_one_version() {
        assert_eq!(version_in_lock(LOCK, "wasm"), None);
        assert_eq!(version_in_lock(LOCK, "twice"), None);
    }
}

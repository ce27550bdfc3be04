//! Version numbers, as programs print them.

use std::fmt::{self, Display, Formatter};

/// Three numbers; nothing that we install uses pre-release names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u32, pub(super) u32, pub(super) u32);

impl Version {
    /// The first word of the form `1.2.3` or `v1.2.3` in what `--version` printed, where words are
    /// separated by white space or, as Envoy does, by slashes.
    pub(super) fn find_in(printed: &str) -> Option<Self> {
        printed.split(|letter: char| letter.is_whitespace() || letter == '/').find_map(Self::parse)
    }

    /// A whole word.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let mut numbers = word.strip_prefix('v').unwrap_or(word).split('.').map(str::parse);
        match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch)), None) => Some(Self(major, minor, patch)),
            _ => None,
        }
    }
}

impl Display for Version {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self(major, minor, patch) = self;
        write!(formatter, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_where_programs_print_them() {
        for (printed, version) in [
            ("envoy  version: 3a1b9f0c77/1.40.0/Clean/RELEASE/BoringSSL\n", Version(1, 40, 0)),
            ("v20.20.2\n", Version(20, 20, 2)),
            ("wasm-bindgen-test-runner 0.2.130\n", Version(0, 2, 130)),
            ("typos-cli 1.52.0", Version(1, 52, 0)),
        ] {
            assert_eq!(Version::find_in(printed), Some(version), "{printed}");
        }
    }

    #[test]
    fn what_is_not_three_numbers_is_no_version() {
        for printed in ["", "wasm-opt version 108", "1.2", "1.2.3.4", "1.2.x", "1..3", "1.2.3-rc1"] {
            assert_eq!(Version::find_in(printed), None, "{printed}");
        }
    }

    #[test]
    fn versions_order_by_number_not_by_letters() {
        assert!(Version(18, 0, 0) > Version(9, 99, 99));
    }
}

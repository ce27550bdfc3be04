//! Comparing one value with one operator.

use crate::pattern::Pattern;

/// The longest value that a regular expression is tried on, in bytes; a longer one does not match.
///
/// The engine is linear, so this bounds the work that one hostile header can cause.
pub(crate) const LONGEST_REGEX_SUBJECT: usize = 8 * 1024;

/// An operator and what it compares with.
#[derive(Debug)]
pub(crate) enum Text {
    Exact(Box<[u8]>),
    Prefix(Box<[u8]>),
    Suffix(Box<[u8]>),
    Segments(Box<[u8]>),
    Pattern(Pattern),
    In(Box<[Box<[u8]>]>),
    Present,
}

/// Whether a match or its absence is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polarity {
    Is,
    IsNot,
}

impl Polarity {
    pub(crate) fn applied_to(self, matched: bool) -> bool {
        matched == (self == Self::Is)
    }

    pub(crate) fn inverted_if(invert: bool) -> Self {
        if invert { Self::IsNot } else { Self::Is }
    }
}

impl Text {
    pub(crate) fn matches(&self, value: &[u8]) -> bool {
        match self {
            Self::Exact(text) => value == &**text,
            Self::Prefix(text) => value.starts_with(text),
            Self::Suffix(text) => value.ends_with(text),
            Self::Segments(prefix) => is_below(value, prefix),
            // A regular expression speaks of characters: bytes that are none never match.
            Self::Pattern(pattern) => {
                value.len() <= LONGEST_REGEX_SUBJECT
                    && std::str::from_utf8(value).is_ok_and(|value| pattern.fits(value))
            }
            Self::In(texts) => texts.binary_search_by(|text| (**text).cmp(value)).is_ok(),
            Self::Present => true,
        }
    }
}

/// Whether `path` is `prefix` or below it by whole segments; `prefix` has no trailing slash.
pub(crate) fn is_below(path: &[u8], prefix: &[u8]) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
}

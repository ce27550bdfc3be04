//! Bytes as the tables write them.

use std::fmt;

use serde::Deserialize;

/// Bytes written as text: `\xHH` is any byte, `\\` a backslash, `\{N}` the byte before it N times in all.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Text(Vec<u8>);

/// Text with an escape that means nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} has an unknown escape: \\xHH, \\\\ and \\{{N}} after a byte are allowed")]
pub struct UnknownEscape(String);

impl Text {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes with `{n}` replaced by a number.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() + 8);
        let mut rest = self.0.as_slice();
        while let Some(at) = rest.windows(3).position(|window| window == b"{n}") {
            let (before, after) = rest.split_at(at);
            bytes.extend_from_slice(before);
            bytes.extend(number.to_string().bytes());
            rest = after.get(3..).unwrap_or_default();
        }
        bytes.extend_from_slice(rest);
        bytes
    }
}

impl TryFrom<String> for Text {
    type Error = UnknownEscape;

    fn try_from(text: String) -> Result<Self, UnknownEscape> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut parts = text.split('\\');
        bytes.extend(parts.next().unwrap_or_default().bytes());
        while let Some(part) = parts.next() {
            let rest = match part.as_bytes() {
                // Two backslashes: an empty part, and the text after it.
                [] => {
                    bytes.push(b'\\');
                    parts.next()
                }
                [b'x', ..] => part.get(1..3).and_then(|hex| u8::from_str_radix(hex, 16).ok()).and_then(|byte| {
                    bytes.push(byte);
                    part.get(3..)
                }),
                [b'{', ..] => part.get(1..).and_then(|part| part.split_once('}')).and_then(|(times, rest)| {
                    let (last, times) = (*bytes.last()?, times.parse::<usize>().ok()?);
                    bytes.resize(bytes.len() + times.checked_sub(1)?, last);
                    Some(rest)
                }),
                _ => None,
            };
            bytes.extend(rest.ok_or_else(|| UnknownEscape(text.clone()))?.bytes());
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}\"", Shown(&self.0))
    }
}

/// Bytes for a person to read, cut where they get too long.
pub(crate) struct Shown<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 200;
        write!(formatter, "{}", self.0.get(..LONGEST).unwrap_or(self.0).escape_ascii())?;
        if self.0.len() > LONGEST { write!(formatter, "... ({} bytes)", self.0.len()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Option<Vec<u8>> {
        Text::try_from(text.to_owned()).ok().map(|text| text.0)
    }

    #[test]
    fn every_byte_can_be_written() {
        assert_eq!(bytes(r"a\xFF\xfeb").as_deref(), Some(&b"a\xff\xfeb"[..]));
        assert_eq!(bytes(r"\\x\\").as_deref(), Some(&br"\x\"[..]));
        assert_eq!(bytes(r"ab\{3}c").as_deref(), Some(&b"abbbc"[..]));
        assert_eq!(bytes("").as_deref(), Some(&b""[..]));
    }

    #[test]
    fn an_unknown_escape_is_refused() {
        for text in [r"\n", r"\x", r"\xg0", r"\{3}", r"a\{}", r"a\{0}", r"a\{3", r"\"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn every_place_of_a_number_is_filled() {
        assert_eq!(Text(b"{n}-{n}{n".to_vec()).numbered(12), b"12-12{n");
    }
}

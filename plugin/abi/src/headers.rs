//! All fields of a header map, read in place.
//!
//! The buffer holds the number of fields, the sizes of each name and value, then names and values, each followed by a zero
//! byte; numbers are little-endian and 32 bits wide (`pairs_util.cc` of the C++ host).

use crate::Given;

/// The fields of a header map, in the one buffer that the host has given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderMap(Given);

impl HeaderMap {
    /// Reads `buffer` as it was given; whatever is malformed in it ends the iteration early.
    #[must_use]
    pub fn new(buffer: Given) -> Self {
        Self(buffer)
    }

    /// Names and values, in order.
    #[must_use]
    pub fn pairs(&self) -> Pairs<'_> {
        let parts = || {
            let (count, rest) = number(&self.0)?;
            rest.split_at_checked(count.checked_mul(SIZES)?)
        };
        let (sizes, content) = parts().unwrap_or_default();
        Pairs { sizes, content }
    }
}

/// Bytes that the two sizes of a field take.
const SIZES: usize = 8;

/// Iterates over names and values.
#[derive(Debug, Clone)]
pub struct Pairs<'a> {
    sizes: &'a [u8],
    content: &'a [u8],
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name_size, sizes) = number(self.sizes)?;
        let (value_size, sizes) = number(sizes)?;
        let (name, content) = text(self.content, name_size)?;
        let (value, content) = text(content, value_size)?;
        *self = Self { sizes, content };
        Some((name, value))
    }
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

/// The next `size` bytes, without the zero byte after them.
fn text(bytes: &[u8], size: usize) -> Option<(&[u8], &[u8])> {
    let (text, rest) = bytes.split_at_checked(size)?;
    Some((text, rest.get(1..)?))
}

/// The form in which the host takes fields.
pub(crate) fn encode(fields: &[(&str, &str)]) -> Vec<u8> {
    let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes();
    let mut buffer = size(fields.len()).to_vec();
    for (name, value) in fields {
        buffer.extend(size(name.len()));
        buffer.extend(size(value.len()));
    }
    for text in fields.iter().flat_map(|(name, value)| [name, value]) {
        buffer.extend(text.as_bytes());
        buffer.push(0);
    }
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: [(&str, &str); 3] = [(":path", "/cart"), ("x-empty", ""), ("x-gray-lane", "gray")];

    #[test]
    fn fields_are_read_as_they_were_written() {
        let map = HeaderMap::new(encode(&FIELDS).into());
        let fields: Vec<_> = map.pairs().collect();
        assert_eq!(fields, FIELDS.map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    }

    #[test]
    fn values_are_bytes_and_may_hold_zeros() {
        let buffer = b"\x01\0\0\0\x01\0\0\0\x03\0\0\0a\0\xff\0\xfe\0";
        assert_eq!(
            HeaderMap::new(buffer.to_vec().into()).pairs().collect::<Vec<_>>(),
            [(&b"a"[..], &b"\xff\0\xfe"[..])]
        );
    }

    #[test]
    fn a_buffer_that_is_cut_short_ends_early() {
        let whole = encode(&FIELDS);
        for length in 0..whole.len() {
            let map = HeaderMap::new(whole.iter().copied().take(length).collect::<Vec<_>>().into());
            let read = map.pairs().count();
            assert!(read < FIELDS.len(), "{length}: {read}");
            assert!(map.pairs().zip(FIELDS).all(|((name, _), (field, _))| name == field.as_bytes()));
        }
    }

    #[test]
    fn no_size_or_number_of_fields_leads_outside() {
        let whole = encode(&FIELDS);
        for at in 0..whole.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut broken = whole.clone();
                broken[at] = byte;
                assert!(HeaderMap::new(broken.into()).pairs().count() <= FIELDS.len());
            }
        }
        assert_eq!(HeaderMap::new(vec![0xff; 64].into()).pairs().count(), 0);
    }
}

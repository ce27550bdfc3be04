//! The byte form of header maps that crosses the border between host and guest.
//!
//! `count, (name length, value length) * count, (name, 0, value, 0) * count`; numbers are 32-bit
//! little-endian (`pairs_util.h` of the C++ host). Like the host, reading is lenient: bytes that are too
//! short for what they promise are an empty map.

use super::headers::Headers;

pub(super) fn encode(headers: &Headers) -> Vec<u8> {
    let mut bytes = length(headers.len()).to_vec();
    for (name, value) in headers.iter() {
        bytes.extend(length(name.len()));
        bytes.extend(length(value.len()));
    }
    for (name, value) in headers.iter() {
        for part in [name, value] {
            bytes.extend(part);
            bytes.push(0);
        }
    }
    bytes
}

pub(super) fn decode(bytes: &[u8]) -> Headers {
    try_decode(bytes).unwrap_or_default()
}

/// A map holds far fewer than 2^32 bytes: the guest's whole memory is smaller.
fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

fn try_decode(mut bytes: &[u8]) -> Option<Headers> {
    let count = take_number(&mut bytes)?;
    let sizes: Vec<(usize, usize)> =
        (0..count).map(|_| Some((take_number(&mut bytes)?, take_number(&mut bytes)?))).collect::<Option<_>>()?;
    sizes.into_iter().map(|(name, value)| Some((take_part(&mut bytes, name)?, take_part(&mut bytes, value)?))).collect()
}

fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    usize::try_from(u32::from_le_bytes(*number)).ok()
}

fn take_part<'a>(bytes: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (part, rest) = bytes.split_at_checked(size)?;
    *bytes = rest.split_first()?.1;
    Some(part)
}

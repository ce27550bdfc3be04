//! The hash by which identities are spread over slots.
//!
//! Specified in `docs/reference/hash.md` with test vectors, so that other languages can reproduce a decision:
//! XXH64 (Collet, "xxHash fast digest algorithm", version 0.1.1) with seed 0 over `salt ++ 0x00 ++ value`.
//! Integers only: native and WebAssembly give the same result.

use std::fmt;
use std::hash::Hasher;

use xxhash_rust::xxh64::Xxh64;

use crate::hex::{self, Letters};
use crate::slots::Slot;

/// XXH64, seed 0, of the salt's bytes, one zero byte, and the value's bytes.
#[must_use]
pub fn salted(salt: &str, value: &[u8]) -> u64 {
    let mut hasher = Xxh64::new(0);
    hasher.update(salt.as_bytes());
    hasher.update(&[0]);
    hasher.update(value);
    hasher.digest()
}

/// What travels of an identity: 32 bits of its salted hash, written as 8 lower-case hexadecimal digits.
///
/// The identity itself never leaves the proxy that saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityHash([u8; 8]);

impl IdentityHash {
    /// The upper 32 bits of `salted(salt, identity)`.
    #[must_use]
    pub fn of(salt: &str, identity: &[u8]) -> Self {
        let [.., a, b, c, d] = (salted(salt, identity) >> 32).to_be_bytes();
        Self::from_bits(u32::from_be_bytes([a, b, c, d]))
    }

    /// The hash of these bits.
    pub(crate) fn from_bits(bits: u32) -> Self {
        Self(hex::written(bits))
    }

    /// The bits that the digits stand for.
    pub(crate) fn bits(self) -> u32 {
        // Eight digits always are such a number.
        hex::of_8(self.0, Letters::Small).unwrap_or_default()
    }

    /// Reads exactly 8 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digits: [u8; 8] = text.try_into().ok()?;
        hex::of_8(digits, Letters::Small).map(|_| Self(digits))
    }

    /// The 8 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Digits are ASCII, so this always succeeds.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The slot of this identity in the table salted with `salt`: `salted(salt, digits) mod 10,000`.
    #[must_use]
    pub fn slot(&self, salt: &str) -> Slot {
        Slot::of_hash(salted(salt, &self.0))
    }
}

impl fmt::Display for IdentityHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// XXH64 over values in memory, the same on every platform: numbers little-endian, lengths and variants as 64 bits.
pub(crate) struct Portable(Xxh64);

impl Default for Portable {
    fn default() -> Self {
        Self(Xxh64::new(0))
    }
}

impl Hasher for Portable {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn write_u16(&mut self, number: u16) {
        self.write(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.write(&number.to_le_bytes());
    }

    fn write_u64(&mut self, number: u64) {
        self.write(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(u64::try_from(number).unwrap_or(u64::MAX));
    }

    fn write_isize(&mut self, number: isize) {
        self.write(&i64::try_from(number).unwrap_or(i64::MAX).to_le_bytes());
    }

    fn finish(&self) -> u64 {
        self.0.digest()
    }
}

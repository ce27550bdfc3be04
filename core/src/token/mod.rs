//! Signed overrides: texts by which testers choose the lanes of their requests, at a gateway that knows the key.
//!
//! ```text
//! v1:KEY:EXPIRY:AUDIENCE:LANES:MAC      v1:k1:1790000000:shop.example.com:gray+blue:5f2c…
//! ```
//!
//! `EXPIRY` is in seconds since the Unix epoch, `LANES` are 1 to 8 names in order of precedence, and `MAC` is
//! HMAC-SHA-256 (RFC 2104, FIPS 180-4) over all bytes before the last colon, as 64 lower-case hexadecimal digits. The key
//! is checked first and in constant time, so that whoever has none learns nothing about the rest.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::config::{OverrideKey, Overrides, Secret};
use crate::decision::OverrideRefusal;
use crate::mark::{self, LaneList};
use crate::name::{Audience, KeyId, LaneName};

const VERSION: &str = "v1";
/// Longer than any that [`Override::sign`] writes.
const LONGEST: usize = 1_024;
const MAC_DIGITS: usize = 64;

/// What an override says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The key that signs it.
    pub key: KeyId,
    /// When it ends, in seconds since the Unix epoch.
    pub expiry: u64,
    /// Whom it is meant for.
    pub audience: Audience,
    /// The lanes it chooses, in order of precedence; none stands for base.
    pub lanes: Vec<LaneName>,
}

impl Override {
    /// The text to be sent along with requests.
    #[must_use]
    pub fn sign(&self, secret: &Secret) -> String {
        let Self { key, expiry, audience, lanes } = self;
        let lanes = mark::encode_lanes(lanes).replace(", ", "+");
        sealed(&format!("{VERSION}:{key}:{expiry}:{audience}:{lanes}"), secret)
    }

    /// What `text` says, if it is signed by one of `keys`.
    ///
    /// # Errors
    /// [`OverrideRefusal::Malformed`], [`OverrideRefusal::UnknownKey`] or [`OverrideRefusal::Tampered`].
    pub fn verify(text: &[u8], keys: &[OverrideKey]) -> Result<Self, OverrideRefusal> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= LONGEST);
        let (said, digits) = text.and_then(|text| text.rsplit_once(':')).ok_or(OverrideRefusal::Malformed)?;
        let signature = bytes_of(digits).ok_or(OverrideRefusal::Malformed)?;
        let parts: [&str; 5] =
            said.split(':').collect::<Vec<_>>().try_into().map_err(|_| OverrideRefusal::Malformed)?;
        let [VERSION, id, expiry, audience, lanes] = parts else {
            return Err(OverrideRefusal::Malformed);
        };
        let key = keys.iter().find(|key| key.id.as_str() == id).ok_or(OverrideRefusal::UnknownKey)?;
        mac(&key.secret, said.as_bytes()).verify_slice(&signature).map_err(|_| OverrideRefusal::Tampered)?;
        let plain = expiry.bytes().all(|byte| byte.is_ascii_digit());
        let expiry = expiry.parse().ok().filter(|_| plain).ok_or(OverrideRefusal::Malformed)?;
        let audience = Audience::new(audience).map_err(|_| OverrideRefusal::Malformed)?;
        let lanes = lanes.replace('+', ",");
        let names = mark::decode_lanes(lanes.as_bytes()).map_err(|_| OverrideRefusal::Malformed)?;
        Ok(Self { key: key.id.clone(), expiry, audience, lanes: owned(&names) })
    }

    /// What `text` says, if `overrides` honours it at `now`, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// The first reason not to.
    pub fn check(text: &[u8], overrides: &Overrides, now: u64) -> Result<Self, OverrideRefusal> {
        let said = Self::verify(text, &overrides.keys)?;
        if said.audience != overrides.audience {
            return Err(OverrideRefusal::Audience);
        }
        match said.expiry.checked_sub(now) {
            None | Some(0) => Err(OverrideRefusal::Expired),
            Some(left) if left > overrides.max_age_seconds.into() => Err(OverrideRefusal::TooLong),
            Some(_) => Ok(said),
        }
    }
}

/// What is said, with the proof that whoever has the key said so.
fn sealed(said: &str, secret: &Secret) -> String {
    let mut text = format!("{said}:");
    for byte in mac(secret, said.as_bytes()).finalize().into_bytes() {
        // Writing to a string can not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn owned(names: &LaneList<'_>) -> Vec<LaneName> {
    names.iter().filter_map(|name| LaneName::new(name).ok()).collect()
}

fn mac(secret: &Secret, said: &[u8]) -> Hmac<Sha256> {
    // Keys of every length are taken (RFC 2104 section 2).
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.bytes()).expect("a key of any length");
    mac.update(said);
    mac
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = digits.as_bytes().chunks_exact(2);
    (digits.len() == MAC_DIGITS).then_some(())?;
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;

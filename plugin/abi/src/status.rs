//! What host calls answer.

use std::fmt;

/// The host did not do what it was asked to, for the reason that this number stands for.
///
/// Hosts answer numbers that no document lists, so this is not an enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub u32);

impl Refused {
    /// There is no such header, property, map or key.
    pub const NOT_FOUND: Self = Self(1);
    /// The host does not have this call.
    pub const UNIMPLEMENTED: Self = Self(12);

    /// The only number that is not a refusal.
    const OK: u32 = 0;

    pub(crate) fn check(status: u32) -> Result<(), Self> {
        if status == Self::OK { Ok(()) } else { Err(Self(status)) }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy refuses with status {}", self.0)
    }
}

impl std::error::Error for Refused {}

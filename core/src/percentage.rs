//! Shares of traffic in hundredths of a percent, exact and without floats.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::problem::Quoted;
use crate::slots::SLOTS;

/// A share of traffic from 0 % to 100 % in steps of 0.01 %.
///
/// Read from a number of percent (`10`, `12.5`) or from text (`"10%"`, `"0.05%"`);
/// written as a number when whole, else as text, so that equal shares have equal bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Percentage(u16);

/// A share that is not a percentage from 0 to 100 with at most two decimals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid percentage {}: a number from 0 to 100 with at most two decimals, as 10 or \"0.05%\"", Quoted(.0))]
pub struct InvalidPercentage(String);

impl Percentage {
    /// Nobody.
    pub const ZERO: Self = Self(0);
    /// Everybody.
    pub const FULL: Self = Self(SLOTS);

    /// The share as a number of slots, 0 to 10,000.
    #[must_use]
    pub fn slots(self) -> u16 {
        self.0
    }

    /// The share that `slots` of 10,000 slots are.
    ///
    /// # Errors
    /// [`InvalidPercentage`] above 10,000.
    pub fn from_slots(slots: u16) -> Result<Self, InvalidPercentage> {
        if slots <= SLOTS { Ok(Self(slots)) } else { Err(InvalidPercentage(format!("{slots} of {SLOTS} slots"))) }
    }
}

impl FromStr for Percentage {
    type Err = InvalidPercentage;

    fn from_str(text: &str) -> Result<Self, InvalidPercentage> {
        let invalid = || InvalidPercentage(text.to_owned());
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let number = text.strip_suffix('%').unwrap_or(text);
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let decimals = match decimals.len() {
            1..=2 => format!("{decimals:0<2}"),
            _ => return Err(invalid()),
        };
        if !(1..=3).contains(&whole.len()) || !digits(whole) || !digits(&decimals) {
            return Err(invalid());
        }
        let whole: u16 = whole.parse().map_err(|_| invalid())?;
        let decimals: u16 = decimals.parse().map_err(|_| invalid())?;
        Self::from_slots(whole * 100 + decimals).map_err(|_| invalid())
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = (self.0 / 100, self.0 % 100);
        match decimals {
            0 => write!(f, "{whole}%"),
            d if d % 10 == 0 => write!(f, "{whole}.{}%", d / 10),
            d => write!(f, "{whole}.{d:02}%"),
        }
    }
}

impl Serialize for Percentage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(100) { serializer.serialize_u16(self.0 / 100) } else { serializer.collect_str(self) }
    }
}

impl<'de> Deserialize<'de> for Percentage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PercentageVisitor)
    }
}

struct PercentageVisitor;

impl Visitor<'_> for PercentageVisitor {
    type Value = Percentage;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a percentage from 0 to 100 with at most two decimals, as 10 or \"0.05%\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Percentage, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Percentage, E> {
        number.to_string().parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Percentage, E> {
        number.to_string().parse().map_err(E::custom)
    }

    // The shortest text of a double is the text that was typed, so no digit is invented or lost.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Percentage, E> {
        number.to_string().parse().map_err(E::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Percentage {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Percentage".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "x-kubernetes-int-or-string": true,
            "pattern": r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)%?$",
            "minimum": 0,
            "maximum": 100,
            "description": "A share from 0 to 100 percent in steps of 0.01, as 10 or \"0.05%\"."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_of_the_same_share_are_equal() {
        for (json, slots) in [
            ("10", 1_000),
            ("10.0", 1_000),
            ("\"10%\"", 1_000),
            ("\"10\"", 1_000),
            ("0.05", 5),
            ("\"0.05%\"", 5),
            ("12.5", 1_250),
            ("0", 0),
            ("100", 10_000),
            ("\"99.99%\"", 9_999),
        ] {
            let share: Percentage = serde_json::from_str(json).unwrap();
            assert_eq!(share.slots(), slots, "{json}");
        }
    }

    #[test]
    fn what_is_finer_larger_or_not_a_number_is_refused() {
        for json in ["101", "-1", "0.001", "\"\"", "\"%\"", "\"1e1\"", "\"+5\"", "\"5 %\"", "100.01", "1e9"] {
            assert!(serde_json::from_str::<Percentage>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn every_share_survives_a_round_trip() {
        for slots in 0..=SLOTS {
            let share = Percentage::from_slots(slots).unwrap();
            let json = serde_json::to_string(&share).unwrap();
            assert_eq!(serde_json::from_str::<Percentage>(&json).unwrap(), share, "{json}");
            assert_eq!(share.to_string().parse::<Percentage>().unwrap(), share);
        }
    }
}

//! How long to wait, as people write it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// A time in whole seconds, up to 30 days: `20s`, `5m`, `1h30m`, or a number of seconds; written in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaitTime(u32);

/// A text that is no time to wait.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time to wait: seconds, or hours, minutes and seconds as 20s, 5m or 1h30m, up to 720h")]
pub struct InvalidWaitTime(String);

const LONGEST: u32 = 720 * 60 * 60;

impl WaitTime {
    /// `seconds`.
    ///
    /// # Errors
    /// [`InvalidWaitTime`] above 30 days.
    pub fn from_seconds(seconds: u32) -> Result<Self, InvalidWaitTime> {
        if seconds <= LONGEST { Ok(Self(seconds)) } else { Err(InvalidWaitTime(seconds.to_string())) }
    }

    /// The time as a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0.into())
    }
}

impl FromStr for WaitTime {
    type Err = InvalidWaitTime;

    fn from_str(text: &str) -> Result<Self, InvalidWaitTime> {
        seconds(text)
            .and_then(|seconds| Self::from_seconds(seconds).ok())
            .ok_or_else(|| InvalidWaitTime(text.to_owned()))
    }
}

/// The seconds in `text`, whose units fall.
fn seconds(text: &str) -> Option<u32> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let mut rest = text;
    let mut sum = 0_u32;
    for (unit, seconds) in [('h', 3_600), ('m', 60), ('s', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            sum = sum.checked_add(number.parse::<u32>().ok()?.checked_mul(seconds)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(sum)
}

impl fmt::Display for WaitTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0)
    }
}

impl Serialize for WaitTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WaitTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WaitTimeVisitor)
    }
}

struct WaitTimeVisitor;

impl Visitor<'_> for WaitTimeVisitor {
    type Value = WaitTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds, or a time as 20s, 5m or 1h30m")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<WaitTime, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<WaitTime, E> {
        number.to_string().parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<WaitTime, E> {
        number.to_string().parse().map_err(E::custom)
    }
}

impl JsonSchema for WaitTime {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "WaitTime".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-kubernetes-int-or-string": true,
            "minimum": 0,
            "maximum": LONGEST,
            "pattern": "^([0-9]{1,7}|([0-9]{1,3}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?)$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (json, seconds) in
            [("20", 20), ("\"20\"", 20), ("\"20s\"", 20), ("\"5m\"", 300), ("\"1h30m\"", 5_400), ("0", 0)]
        {
            assert_eq!(serde_json::from_str::<WaitTime>(json).unwrap(), WaitTime(seconds), "{json}");
        }
        assert_eq!(serde_json::to_string(&WaitTime(90)).unwrap(), "\"90s\"");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for json in ["\"\"", "\"5\\u0020s\"", "\"1m2h\"", "\"-1s\"", "-1", "\"800h\"", "\"1d\"", "\"s\"", "4294967295"]
        {
            assert!(serde_json::from_str::<WaitTime>(json).is_err(), "{json}");
        }
    }
}

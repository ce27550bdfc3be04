//! Whole numbers that may arrive as doubles.
//!
//! Istio carries the plugin's configuration as a protobuf `Struct`, whose only number is a double, so `10000` may come
//! back as `10000.0` or `1e4`. Exact up to 2⁵³; a fraction is refused, never rounded.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, Visitor};

/// The largest whole number below which every whole number is a double: 2⁵³ - 1.
pub(crate) const MAX_EXACT: u64 = (1 << 53) - 1;

/// Reads a whole number of type `T` from any number without a fraction.
///
/// # Errors
/// A fraction, a negative number, or a number outside of `T` or above 2⁵³ - 1.
pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: TryFrom<u64>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(IntegerVisitor(PhantomData))
}

struct IntegerVisitor<T>(PhantomData<T>);

impl<T: TryFrom<u64>> Visitor<'_> for IntegerVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = size_of::<T>() * 8;
        let max = if bits >= 64 { MAX_EXACT } else { (1 << bits) - 1 };
        write!(f, "a whole number from 0 to {max}")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        if number > MAX_EXACT {
            return Err(E::invalid_value(de::Unexpected::Unsigned(number), &self));
        }
        T::try_from(number).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
        }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        match whole(number) {
            Some(whole) => self.visit_u64(whole),
            None => Err(E::invalid_value(de::Unexpected::Float(number), &self)),
        }
    }
}

/// The whole number that a double is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "casts saturate, and casting back shows whether anything was lost"
)]
pub(crate) fn whole(number: f64) -> Option<u64> {
    let whole = number as u64;
    (whole as f64 == number).then_some(whole)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Holder {
        #[serde(deserialize_with = "super::deserialize")]
        n: u16,
    }

    fn read(json: &str) -> Result<u16, String> {
        serde_json::from_str::<Holder>(json).map(|holder| holder.n).map_err(|error| error.to_string())
    }

    #[test]
    fn whole_doubles_are_whole_numbers() {
        for json in [r#"{"n":10000}"#, r#"{"n":10000.0}"#, r#"{"n":1e4}"#] {
            assert_eq!(read(json), Ok(10_000), "{json}");
        }
    }

    #[test]
    fn fractions_negatives_and_overflows_are_refused_with_the_allowed_range() {
        for json in [r#"{"n":0.5}"#, r#"{"n":-1}"#, r#"{"n":65536}"#, r#"{"n":1e300}"#, r#"{"n":"7"}"#] {
            let refusal = read(json).unwrap_err();
            assert!(refusal.contains("from 0 to 65535"), "{json}: {refusal}");
        }
    }
}

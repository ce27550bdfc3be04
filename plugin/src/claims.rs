//! Claims of verified tokens, as Envoy hands them out.
//!
//! `envoy.filters.http.jwt_authn` puts a token's payload into dynamic metadata under the provider's
//! `payload_in_metadata`. Properties arrive without their type (`serializeValue` in Envoy's
//! `source/extensions/common/wasm/context.cc`): a string as it is, a number as a little-endian double, a boolean as one
//! byte. Text never holds control characters and numbers in tokens nearly always do, which tells them apart.

use graylane_abi::host;
use graylane_core::name::ClaimName;

const FILTER: &str = "envoy.filters.http.jwt_authn";
/// What payloads are called in that filter's metadata: our own convention first, then Istio's.
const PAYLOADS: [&str; 2] = ["jwt_payload", "payload"];

/// The claim called `name` of the request's verified token.
pub(crate) fn find(name: &ClaimName) -> Option<Vec<u8>> {
    PAYLOADS.into_iter().find_map(|payload| {
        let path = ["metadata", "filter_metadata", FILTER, payload, name.as_str()];
        host::property(&path).ok().and_then(as_text)
    })
}

/// The text of a claim; fractions, lists and objects have none.
fn as_text(value: Vec<u8>) -> Option<Vec<u8>> {
    let is_text = |text: &str| !text.contains(char::is_control);
    if std::str::from_utf8(&value).is_ok_and(is_text) {
        return Some(value);
    }
    match value.as_slice() {
        [0] => Some(b"false".to_vec()),
        [1] => Some(b"true".to_vec()),
        bytes => whole(f64::from_le_bytes(bytes.try_into().ok()?)).map(|number| number.to_string().into_bytes()),
    }
}

/// The number, if it is a whole one that a double holds exactly.
fn whole(number: f64) -> Option<i64> {
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    let exact = number.trunc().to_bits() == number.to_bits() && number.abs() <= LARGEST;
    #[expect(clippy::cast_possible_truncation, reason = "whole and at most 2^53")]
    exact.then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_stay_as_they_are() {
        for text in ["internal", "a", "", "äöü", "12345678"] {
            assert_eq!(as_text(text.as_bytes().to_vec()).as_deref(), Some(text.as_bytes()));
        }
    }

    #[test]
    fn numbers_and_booleans_read_as_in_json() {
        for (number, text) in [(0.0_f64, "0"), (42.0, "42"), (-1.0, "-1"), (1_700_000_000.0, "1700000000")] {
            assert_eq!(as_text(number.to_le_bytes().to_vec()).as_deref(), Some(text.as_bytes()));
        }
        assert_eq!(as_text(vec![1]).as_deref(), Some(&b"true"[..]));
        assert_eq!(as_text(vec![0]).as_deref(), Some(&b"false"[..]));
    }

    #[test]
    fn fractions_lists_and_objects_have_no_text() {
        assert_eq!(as_text(0.5_f64.to_le_bytes().to_vec()), None);
        assert_eq!(as_text(f64::NAN.to_le_bytes().to_vec()), None);
        let one_empty_pair = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(as_text(one_empty_pair.to_vec()), None);
    }
}

//! Short names for content.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// What digits are written with: neither vowels nor what looks like them, so that no word comes out.
const DIGITS: &[u8; 16] = b"bcdfghjklmnpqrst";

/// Ten digits, 40 bits of a hash, that are equal for equal content, in any release of Graylane.
pub(crate) fn fingerprint(content: &impl Serialize) -> String {
    // Content is plain data: it can always be written, and its members in the order of their names.
    let text = serde_json::to_value(content).map(|value| value.to_string()).unwrap_or_default();
    let halves = Sha256::digest(text).into_iter().take(5).flat_map(|byte| [byte >> 4, byte & 15]);
    halves.filter_map(|half| DIGITS.get(usize::from(half))).map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_content_has_equal_names_whatever_the_order_of_its_members() {
        let one: serde_json::Value = serde_json::from_str(r#"{"a": 1, "b": [2]}"#).unwrap();
        let other: serde_json::Value = serde_json::from_str(r#"{"b": [2], "a": 1}"#).unwrap();
        assert_eq!(fingerprint(&one), fingerprint(&other));
        assert_ne!(fingerprint(&one), fingerprint(&[1]));
        assert_eq!(fingerprint(&[1]), "blbnmsrgdl", "names outlive the program that gave them");
    }
}

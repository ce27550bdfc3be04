//! The mark on the wire: encoding, and decoding that takes only what [`encode`] could have written.

use std::borrow::Cow;

use arrayvec::ArrayVec;

use crate::hash::IdentityHash;
use crate::name::LaneName;

/// The most lanes a request may be in.
pub const MAX_LANES: usize = 8;

/// The longest value that [`encode_lanes`] writes: so many names of 63 characters, and what separates them.
pub(crate) const LONGEST: usize = MAX_LANES * (63 + 2) - 2;

/// A mark that can not be used; the request goes on as if it had none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedMark {
    /// The header occurs more than once, so there is no telling which one counts.
    #[error("the header occurs more than once")]
    Repeated,
    /// More than [`MAX_LANES`] lanes.
    #[error("more than {MAX_LANES} lanes")]
    TooMany,
    /// A member is no lane name, or a lane is named twice.
    #[error("not a list of different lane names")]
    NotLanes,
    /// The identity is not 8 lower-case hexadecimal digits.
    #[error("not 8 lower-case hexadecimal digits")]
    NotIdentity,
}

impl serde::Serialize for MalformedMark {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The lane names in a mark, in order of precedence; empty stands for `base`.
pub type LaneList<'a> = ArrayVec<&'a str, MAX_LANES>;

/// Reads the value of a lane header: `base`, or 1 to 8 different lane names separated by commas and optional spaces.
///
/// # Errors
/// [`MalformedMark`] for everything else, however small the difference.
pub(crate) fn decode_lanes(value: &[u8]) -> Result<LaneList<'_>, MalformedMark> {
    if value.len() > LONGEST {
        return Err(MalformedMark::NotLanes);
    }
    let text = std::str::from_utf8(value).map_err(|_| MalformedMark::NotLanes)?;
    let mut lanes = LaneList::new();
    if text == LaneName::BASE {
        return Ok(lanes);
    }
    for member in text.split(',') {
        let name = member.trim_matches([' ', '\t']);
        let fits = LaneName::is_valid(name) && name != LaneName::BASE && !lanes.contains(&name);
        if !fits {
            return Err(MalformedMark::NotLanes);
        }
        lanes.try_push(name).map_err(|_| MalformedMark::TooMany)?;
    }
    Ok(lanes)
}

/// Writes the value of a lane header.
pub(crate) fn encode_lanes<'a>(lanes: impl IntoIterator<Item = &'a LaneName>) -> String {
    told(&lanes.into_iter().take(MAX_LANES).map(LaneName::as_str).collect()).into_owned()
}

/// Carried lanes as explanations show them.
pub(crate) fn told<'a>(lanes: &LaneList<'a>) -> Cow<'a, str> {
    match lanes.as_slice() {
        [] => LaneName::BASE.into(),
        [only] => (*only).into(),
        several => several.join(", ").into(),
    }
}

/// Reads the value of an identity header.
///
/// # Errors
/// [`MalformedMark::NotIdentity`] unless it is exactly 8 lower-case hexadecimal digits.
pub(crate) fn decode_identity(value: &[u8]) -> Result<IdentityHash, MalformedMark> {
    IdentityHash::parse(value).ok_or(MalformedMark::NotIdentity)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lanes(value: &str) -> Result<Vec<&str>, MalformedMark> {
        decode_lanes(value.as_bytes()).map(|lanes| lanes.to_vec())
    }

    #[test]
    fn marks_are_read_as_they_are_written() {
        assert_eq!(lanes("base"), Ok(vec![]));
        assert_eq!(lanes("gray"), Ok(vec!["gray"]));
        assert_eq!(lanes("a, b"), Ok(vec!["a", "b"]));
        assert_eq!(lanes("a,b"), Ok(vec!["a", "b"]));
        assert_eq!(lanes("a,b,c,d,e,f,g,h").map(|lanes| lanes.len()), Ok(8));
    }

    #[test]
    fn whatever_is_not_exactly_a_mark_is_malformed() {
        for value in ["", ",", "a,", "a,,b", "A", "a b", "a;b", "base,a", "a, base", "a, a", "a\n", "ä"] {
            assert_eq!(lanes(value), Err(MalformedMark::NotLanes), "{value:?}");
        }
        assert_eq!(decode_lanes(&[0xff, 0xfe]), Err(MalformedMark::NotLanes));
        assert_eq!(lanes("a,b,c,d,e,f,g,h,i"), Err(MalformedMark::TooMany));
        assert_eq!(lanes(&format!("a,{}b", " ".repeat(600))), Err(MalformedMark::NotLanes));
        for value in ["", "1a2b3c4", "1A2B3C4D", "1a2b3c4d5", "1a2b3c4g"] {
            assert_eq!(decode_identity(value.as_bytes()), Err(MalformedMark::NotIdentity));
        }
    }

    proptest! {
        #[test]
        fn every_set_of_lanes_survives_a_round_trip(
            names in prop::collection::btree_set("[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", 0..=MAX_LANES)
        ) {
            let names: Vec<LaneName> = names
                .iter()
                .filter(|name| *name != LaneName::BASE)
                .map(|name| LaneName::new(name).unwrap())
                .collect();
            let value = encode_lanes(&names);
            let read = decode_lanes(value.as_bytes()).unwrap();
            prop_assert_eq!(read.to_vec(), names.iter().map(LaneName::as_str).collect::<Vec<_>>());
        }

        #[test]
        fn no_bytes_make_decoding_fail(value: Vec<u8>) {
            let _ = decode_lanes(&value);
            let _ = decode_identity(&value);
        }
    }
}

//! W3C Baggage (<https://www.w3.org/TR/baggage/>): `gray-lane=a%2Cb,gray-id=0cda3b18` among the members of others.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::{List, Said, list};
use crate::config::BaggageMembers;
use crate::hash::IdentityHash;
use crate::mark::{self, LaneList};
use crate::name::LaneName;
use crate::view::Field;

/// What every platform must propagate (section 3.3.2); beyond that it may drop members, of which ours are the least.
const MOST_MEMBERS: usize = 64;
const MOST_BYTES: usize = 8_192;

pub(super) fn read<'a>(keys: &BaggageMembers, list: &List<'a>) -> Said<'a> {
    let (mut lanes, mut identity) = (Field::Absent, Field::Absent);
    for member in list.members() {
        match list::key(member) {
            key if key == keys.lane.as_str().as_bytes() => lanes.add(value(member)),
            key if key == keys.identity.as_str().as_bytes() => identity.add(value(member)),
            _ => {}
        }
    }
    let lanes = lanes.once().map(|value| {
        let text: Cow<'_, [u8]> = percent_decode(value?).into();
        mark::decode_lanes(&text)?;
        Ok(text)
    });
    let identity = identity.once().map(|value| {
        let text: Cow<'_, [u8]> = percent_decode(value?).into();
        mark::decode_identity(&text)
    });
    Said { lanes, identity }
}

/// The value of a member, without its properties (section 3.3.1).
fn value(member: &[u8]) -> &[u8] {
    list::value(member.split(|byte| *byte == b';').next().unwrap_or_default())
}

/// A member of ours that is there already keeps its place; a new one goes to the end.
pub(super) fn with(
    keys: &BaggageMembers,
    list: &List<'_>,
    lanes: &LaneList<'_>,
    identity: Option<IdentityHash>,
) -> Option<Vec<u8>> {
    let lanes = if lanes.is_empty() { LaneName::BASE.to_owned() } else { lanes.join("%2C") };
    let lane = [keys.lane.as_str(), "=", &lanes].concat();
    let identity = identity.map(|identity| [keys.identity.as_str(), "=", identity.as_str()].concat());
    let (mut lane, mut identity) = (Some(lane.as_bytes()), identity.as_deref().map(str::as_bytes));
    let mut kept: Vec<&[u8]> = Vec::new();
    for member in list.members() {
        match list::key(member) {
            key if key == keys.lane.as_str().as_bytes() => kept.extend(lane.take()),
            key if key == keys.identity.as_str().as_bytes() => kept.extend(identity.take()),
            _ => kept.push(member),
        }
    }
    kept.extend(lane);
    kept.extend(identity);
    let joined = list::joined(&kept);
    (joined.len() <= MOST_BYTES && list::count(&joined) <= MOST_MEMBERS).then_some(joined)
}

//! W3C Baggage (<https://www.w3.org/TR/baggage/>): `gray-lane=a%2Cb,gray-id=0cda3b18` among the members of others.

use std::borrow::Cow;
use std::iter;

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
    let (mut lanes, mut identity) = (Some(lanes), identity);
    let mut written = Written { list: Vec::with_capacity(USUAL), members: 0 };
    for member in list.members() {
        match list::key(member) {
            key if key == keys.lane.as_str().as_bytes() => written.lanes(keys, lanes.take()),
            key if key == keys.identity.as_str().as_bytes() => written.identity(keys, identity.take()),
            _ if member.trim_ascii().is_empty() => {}
            _ => written.begin(member),
        }
    }
    written.lanes(keys, lanes);
    written.identity(keys, identity);
    (written.list.len() <= MOST_BYTES && written.members <= MOST_MEMBERS).then_some(written.list)
}

/// Enough for both of our members, if nobody has others.
const USUAL: usize = 64;

/// A list, as far as it is written.
struct Written {
    list: Vec<u8>,
    members: usize,
}

impl Written {
    fn begin(&mut self, member: &[u8]) {
        if self.members > 0 {
            self.list.push(b',');
        }
        self.members += 1;
        self.list.extend_from_slice(member);
    }

    fn lanes(&mut self, keys: &BaggageMembers, lanes: Option<&LaneList<'_>>) {
        let Some(lanes) = lanes else { return };
        self.begin(keys.lane.as_str().as_bytes());
        let base = [LaneName::BASE];
        let names = if lanes.is_empty() { &base } else { lanes.as_slice() };
        for (name, separator) in names.iter().zip(iter::once("=").chain(iter::repeat("%2C"))) {
            self.list.extend_from_slice(separator.as_bytes());
            self.list.extend_from_slice(name.as_bytes());
        }
    }

    fn identity(&mut self, keys: &BaggageMembers, identity: Option<IdentityHash>) {
        let Some(identity) = identity else { return };
        self.begin(keys.identity.as_str().as_bytes());
        self.list.push(b'=');
        self.list.extend_from_slice(identity.as_str().as_bytes());
    }
}

//! W3C `tracestate` (<https://www.w3.org/TR/trace-context/#tracestate-header>): `gray-lane=a/b;id:0cda3b18`, leftmost
//! where it was changed, before the members of others.
//!
//! A key may occur once, so lanes and identity share a value. Neither `,` nor `=` may stand in one.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Said, list};
use crate::hash::IdentityHash;
use crate::mark::{self, LaneList, MalformedMark};
use crate::name::{LaneName, TraceStateKey};
use crate::view::Field;

const IDENTITY: &[u8] = b";id:";
/// Limits of section 3.3.1 and 3.3.1.5; whoever is asked to carry more may drop members of others to the right of ours.
const MOST_MEMBERS: usize = 32;
const LONGEST_VALUE: usize = 256;
const MOST_BYTES: usize = 512;

pub(super) fn read<'a>(key: &TraceStateKey, members: impl Iterator<Item = &'a [u8]>) -> Said<'a> {
    let mut value = Field::Absent;
    for member in members.filter(|member| list::key(member) == key.as_str().as_bytes()) {
        value.add(list::value(member));
    }
    match value.once() {
        None => Said::default(),
        Some(Err(why)) => Said { lanes: Some(Err(why)), identity: None },
        Some(Ok(value)) => {
            let (lanes, identity) = match value.windows(IDENTITY.len()).position(|window| window == IDENTITY) {
                Some(at) => (value.get(..at).unwrap_or_default(), value.get(at + IDENTITY.len()..)),
                None => (value, None),
            };
            Said { lanes: Some(lanes_of(lanes)), identity: identity.map(mark::decode_identity) }
        }
    }
}

fn lanes_of(text: &[u8]) -> Result<Cow<'_, [u8]>, MalformedMark> {
    let text: Cow<'_, [u8]> = if text.contains(&b'/') {
        text.iter().map(|byte| if *byte == b'/' { b',' } else { *byte }).collect()
    } else {
        text.into()
    };
    mark::decode_lanes(&text)?;
    Ok(text)
}

pub(super) fn with<'a>(
    key: &TraceStateKey,
    members: impl Iterator<Item = &'a [u8]>,
    lanes: &LaneList<'_>,
    identity: Option<IdentityHash>,
) -> Option<Vec<u8>> {
    let mut own = format!("{key}=");
    let before = own.len();
    own.push_str(if lanes.is_empty() { LaneName::BASE } else { "" });
    own.push_str(&lanes.join("/"));
    if let Some(identity) = identity {
        // Writing to a string can not fail.
        let _ = write!(own, ";id:{identity}");
    }
    let mut kept: Vec<&[u8]> = vec![own.as_bytes()];
    for member in members.filter(|member| list::key(member) != key.as_str().as_bytes()) {
        kept.push(member);
    }
    let list = list::joined(kept.into_iter());
    let fits = own.len() - before <= LONGEST_VALUE && list.len() <= MOST_BYTES && list::count(&list) <= MOST_MEMBERS;
    fits.then_some(list)
}

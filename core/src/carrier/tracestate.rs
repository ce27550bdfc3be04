//! W3C `tracestate` (<https://www.w3.org/TR/trace-context/#tracestate-header>): `gray-lane=a/b;id:0cda3b18`, leftmost
//! where it was changed, before the members of others.
//!
//! A key may occur once, so lanes and identity share a value. Neither `,` nor `=` may stand in one.

use std::borrow::Cow;

use super::{List, Said, list};
use crate::hash::IdentityHash;
use crate::mark::{self, LaneList, MalformedMark};
use crate::name::{LaneName, TraceStateKey};
use crate::view::Field;

const IDENTITY: &str = ";id:";
/// Limits of section 3.3.1 and 3.3.1.5; whoever is asked to carry more may drop members of others to the right of ours.
const MOST_MEMBERS: usize = 32;
const LONGEST_VALUE: usize = 256;
const MOST_BYTES: usize = 512;

pub(super) fn read<'a>(key: &TraceStateKey, list: &List<'a>) -> Said<'a> {
    let mut value = Field::Absent;
    for member in list.members().filter(|member| list::key(member) == key.as_str().as_bytes()) {
        value.add(list::value(member));
    }
    match value.once() {
        None => Said::default(),
        Some(Err(why)) => Said { lanes: Some(Err(why)), identity: None },
        Some(Ok(value)) => {
            let (lanes, identity) = match value.windows(IDENTITY.len()).position(|window| window == IDENTITY.as_bytes())
            {
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

pub(super) fn with(
    key: &TraceStateKey,
    list: &List<'_>,
    lanes: &LaneList<'_>,
    identity: Option<IdentityHash>,
) -> Option<Vec<u8>> {
    let lanes = if lanes.is_empty() { LaneName::BASE.to_owned() } else { lanes.join("/") };
    let mut own = [key.as_str(), "=", &lanes].concat();
    let before = own.len() - lanes.len();
    if let Some(identity) = identity {
        own.push_str(IDENTITY);
        own.push_str(identity.as_str());
    }
    let mut kept: Vec<&[u8]> = vec![own.as_bytes()];
    kept.extend(list.members().filter(|member| list::key(member) != key.as_str().as_bytes()));
    let joined = list::joined(&kept);
    let fits =
        own.len() - before <= LONGEST_VALUE && joined.len() <= MOST_BYTES && list::count(&joined) <= MOST_MEMBERS;
    fits.then_some(joined)
}

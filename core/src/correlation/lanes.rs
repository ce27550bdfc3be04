//! Lists of lanes, by the hash of their text: entries of the table name them so, whatever lanes there are.
//!
//! ```text
//! stamp: 4 (seconds since the Unix epoch, little-endian) | the value of the lane header
//! ```
//!
//! A list lies in one of four values that follow from its hash. Who remembers requests with it stamps it anew now and
//! then; only a list that nobody has stamped for longer than any entry lives is replaced by another. So what an entry
//! names is there for as long as the entry counts. A text is never out of date, so every worker keeps those that it has
//! met; two texts with one hash never stand side by side, for the second is not remembered.

use std::rc::Rc;

use super::entry::Time;
use super::{Key, Store};
use crate::hash;

/// Values that a list may lie in.
const PLACES: u32 = 4;
/// How often a value is tried to be written.
const TRIES: u32 = 3;
/// How many texts a worker keeps.
const MOST: usize = 256;

/// The texts that this worker has met.
#[derive(Debug, Default)]
pub(super) struct Lists(Vec<List>);

#[derive(Debug)]
struct List {
    name: u32,
    text: Rc<str>,
    /// When this worker stamped it, if it has.
    stamped: Option<u32>,
}

impl Lists {
    /// The name of a list, under which every worker finds it from now on; `None` where there is no room.
    pub(super) fn publish(&mut self, text: &str, store: &dyn Store, time: Time) -> Option<u32> {
        let fresh = |list: &&List| list.stamped.is_some_and(|stamped| time.now.wrapping_sub(stamped) < time.ttl / 2);
        if let Some(list) = self.0.iter().find(|list| *list.text == *text).filter(fresh) {
            return Some(list.name);
        }
        let name = name(text);
        let known = self.0.iter_mut().find(|list| list.name == name);
        if known.as_ref().is_some_and(|list| *list.text != *text) {
            return None;
        }
        stamp(text, name, store, time).then_some(())?;
        match known {
            Some(list) => list.stamped = Some(time.now),
            None => self.keep(List { name, text: text.into(), stamped: Some(time.now) }),
        }
        Some(name)
    }

    /// The list of this name.
    pub(super) fn text(&mut self, wanted: u32, store: &dyn Store) -> Option<Rc<str>> {
        if let Some(list) = self.0.iter().find(|list| list.name == wanted) {
            return Some(Rc::clone(&list.text));
        }
        let text = keys(wanted).find_map(|key| {
            let (value, _) = store.get(key)?;
            text_in(&value).filter(|text| name(text) == wanted).map(Rc::<str>::from)
        })?;
        self.keep(List { name: wanted, text: Rc::clone(&text), stamped: None });
        Some(text)
    }

    /// Stamps a list that is still in use.
    pub(super) fn refresh(&mut self, name: u32, store: &dyn Store, time: Time) {
        if let Some(text) = self.text(name, store) {
            self.publish(&text, store, time);
        }
    }

    fn keep(&mut self, list: List) {
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(list);
    }
}

/// 32 bits of the text's hash; never zero.
fn name(text: &str) -> u32 {
    let [.., a, b, c, d] = hash::salted("graylane.lanes", text.as_bytes()).to_be_bytes();
    u32::from_be_bytes([a, b, c, d]).max(1)
}

fn keys(name: u32) -> impl Iterator<Item = Key> {
    (0..PLACES).map(move |place| Key::Lanes(name.wrapping_add(place) % Key::LANES))
}

fn text_in(value: &[u8]) -> Option<&str> {
    let (_, text) = value.split_first_chunk::<4>()?;
    std::str::from_utf8(text).ok()
}

/// Whether nobody has stamped this value for so long that no entry names it.
fn is_free(value: &[u8], time: Time) -> bool {
    let stamp = value.split_first_chunk::<4>().map(|(stamp, _)| u32::from_le_bytes(*stamp));
    // A stamp from the future is none of ours, unless clocks differ a little.
    let age = |stamp: u32| time.now.saturating_add(LITTLE).wrapping_sub(stamp);
    stamp.is_none_or(|stamp| age(stamp) > LITTLE + 2 * time.ttl)
}

/// By how many seconds workers may differ on what time it is.
const LITTLE: u32 = 10;

fn stamp(text: &str, name_of_text: u32, store: &dyn Store, time: Time) -> bool {
    let value = [&time.now.to_le_bytes()[..], text.as_bytes()].concat();
    for _ in 0..TRIES {
        let mut chosen = None;
        for key in keys(name_of_text) {
            let Some((present, token)) = store.get(key) else { return false };
            match text_in(&present) {
                Some(other) if other == text => {
                    chosen = Some((key, token));
                    break;
                }
                Some(other) if name(other) == name_of_text && !is_free(&present, time) => return false,
                Some(_) | None if chosen.is_none() && is_free(&present, time) => chosen = Some((key, token)),
                Some(_) | None => {}
            }
        }
        match chosen {
            Some((key, token)) if store.put(key, &value, token).is_ok() => return true,
            Some(_) => {}
            None => return false,
        }
    }
    false
}

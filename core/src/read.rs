//! Reading JSON into checked types, with every problem at once.
//!
//! The filter reads its configuration with this and not with serde's derive: a derived reader is compiled anew for every
//! type, which made up a third of the module, and stops at the first problem. Here reading always gives something. What it
//! gives counts only if no problem was told, so no member needs to be looked at, or dropped, for another one's failure:
//! what is compiled anew for a type is little more than its list of members. Where a type can be read both ways (leaf
//! types stand in custom resources too), both must take the same documents; `diagnose/tests.rs` and the fuzz target
//! `config` hold them together.

use std::borrow::Cow;
use std::collections::BinaryHeap;

use crate::json::Json;
use crate::problem::{Path, Problems, Quoted};

/// A type that can be read from JSON.
pub(crate) trait Read: Sized {
    /// Reads what stands `at` a place. When something is wrong with it that is told there, and the result, whatever it
    /// is, is good for nothing.
    fn read(at: &mut At<'_>) -> Self;
}

/// Reads a whole document.
///
/// # Errors
/// Every problem of form, each with its place.
pub(crate) fn document<T: Read>(document: &Json<'_>) -> Result<T, Problems> {
    let mut problems = Problems::default();
    let value = T::read(&mut At::root(document, &mut problems));
    problems.or(value)
}

/// A place in a document, and what stands there.
pub(crate) struct At<'a> {
    /// `None`: nothing that could be read, which has been told already.
    value: Option<&'a Json<'a>>,
    path: Path<'a>,
    problems: &'a mut Problems,
}

impl<'a> At<'a> {
    /// The whole document.
    pub(crate) fn root(document: &'a Json<'a>, problems: &'a mut Problems) -> Self {
        Self { value: Some(document), path: Path::Root, problems }
    }

    fn wrong_type(&mut self, allowed: &str) {
        let found = match self.value {
            None => return,
            Some(Json::Null) => "is null",
            Some(Json::Bool(_)) => "is true or false",
            Some(Json::Number(_)) => "is another number",
            Some(Json::Text(_)) => "is a text",
            Some(Json::List(_)) => "is a list",
            Some(Json::Object(_)) => "is an object",
        };
        self.problems.add(&self.path, found, allowed);
        self.value = None;
    }

    /// The text that stands here.
    pub(crate) fn text(&mut self) -> &'a str {
        let Some(Json::Text(text)) = self.value else {
            self.wrong_type("a text");
            return "";
        };
        text
    }

    /// The text that stands here, if it fulfils `rule`, which `allowed` gives in words.
    pub(crate) fn checked(&mut self, rule: fn(&str) -> bool, allowed: &str) -> &'a str {
        let text = self.text();
        if !rule(text) {
            self.unfit(text, allowed);
        }
        text
    }

    /// What `parse` makes of the text that stands here; it takes what `allowed` gives in words.
    pub(crate) fn parsed<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>, allowed: &str) -> Option<T> {
        let text = self.text();
        let parsed = parse(text);
        if parsed.is_none() {
            self.unfit(text, allowed);
        }
        parsed
    }

    fn unfit(&mut self, text: &str, allowed: &str) {
        self.refuse(format!("{} can not stand here", Quoted(text)), allowed);
    }

    /// Tells what is wrong with what stands here, unless that was told already.
    pub(crate) fn refuse(&mut self, found: String, allowed: &str) {
        if self.value.is_some() {
            self.problems.add(&self.path, found, allowed);
        }
    }

    /// The whole number from 0 to `max` that stands here.
    pub(crate) fn integer(&mut self, max: u64) -> u64 {
        match self.value {
            Some(Json::Number(Some(number))) if *number <= max => *number,
            _ => {
                self.wrong_type(&format!("a whole number from 0 to {max}"));
                0
            }
        }
    }

    /// The place among `names` of the one that stands here.
    pub(crate) fn choice(&mut self, names: &[&str]) -> usize {
        let name = self.text();
        if self.value.is_none() { 0 } else { self.among(name, names) }
    }

    fn among(&mut self, name: &str, names: &[&str]) -> usize {
        names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.problems.add(&self.path, format!("{} is not known here", Quoted(name)), names.join(", "));
            self.value = None;
            0
        })
    }

    /// The one member of an object that stands for an enum: the place of its name among `names`, and its content.
    pub(crate) fn variant(&mut self, names: &[&'static str]) -> (usize, At<'_>) {
        let (mut place, mut content) = (0, None);
        match self.value {
            Some(Json::Object(members)) if members.len() == 1 => {
                for (name, value) in members {
                    place = self.among(name, names);
                    content = self.value.and(Some(value));
                }
            }
            Some(_) => self.problems.add(&self.path, "is no object with exactly one member", names.join(", ")),
            None => {}
        }
        let name = names.get(place).copied().unwrap_or_default();
        (place, self.field(name, content))
    }

    /// Makes sure that here is an object, and reports every member that is not among `known` or occurs twice.
    pub(crate) fn open(&mut self, known: &[&str]) {
        let members = self.members();
        for (name, _) in members {
            if !known.contains(&name.as_ref()) {
                let allowed = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
                self.problems.add(&self.path.field(name), "is not known here", allowed);
            }
        }
        for name in known {
            if members.iter().filter(|(other, _)| other == name).count() > 1 {
                self.twice(name);
            }
        }
    }

    /// The members of an object that stands for a map, by name.
    pub(crate) fn entries(&mut self) -> Vec<(&'a str, &'a Json<'a>)> {
        let members = self.members();
        // Sorting by a heap is the shortest code that sorts.
        let places: BinaryHeap<_> =
            members.iter().enumerate().map(|(place, (name, _))| (name.as_ref(), place)).collect();
        let mut entries: Vec<(&str, &Json<'_>)> = Vec::with_capacity(members.len());
        for (name, place) in places.into_sorted_vec() {
            if entries.last().is_some_and(|(last, _)| *last == name) {
                self.twice(name);
            }
            entries.extend(members.get(place).map(|(_, value)| (name, value)));
        }
        entries
    }

    /// One member of a map.
    pub(crate) fn entry<K: Read, V: Read>(&mut self, name: &str, value: &Json<'_>) -> (K, V) {
        let key = Json::Text(Cow::Borrowed(name));
        (K::read(&mut self.field(name, Some(&key))), V::read(&mut self.field(name, Some(value))))
    }

    fn twice(&mut self, name: &str) {
        self.problems.add(&self.path.field(name), "stands here more than once", "each member once");
    }

    fn members(&mut self) -> &'a [(Cow<'a, str>, Json<'a>)] {
        let Some(Json::Object(members)) = self.value else {
            self.wrong_type("an object");
            return &[];
        };
        members
    }

    fn elements(&mut self) -> &'a [Json<'a>] {
        let Some(Json::List(elements)) = self.value else {
            self.wrong_type("a list");
            return &[];
        };
        elements
    }

    fn member(&self, name: &str) -> Option<&'a Json<'a>> {
        let Some(Json::Object(members)) = self.value else {
            return None;
        };
        members.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    fn field<'b>(&'b mut self, name: &'b str, value: Option<&'b Json<'b>>) -> At<'b> {
        At { value, path: self.path.field(name), problems: self.problems }
    }

    fn element<'b>(&'b mut self, index: usize, value: &'b Json<'b>) -> At<'b> {
        At { value: Some(value), path: self.path.index(index), problems: self.problems }
    }

    fn needed<'b>(&'b mut self, name: &'b str) -> At<'b> {
        let value = self.member(name);
        if value.is_none() && self.value.is_some() {
            self.problems.add(&self.path.field(name), "is missing", "");
        }
        self.field(name, value)
    }

    /// A member that must be there.
    pub(crate) fn required<T: Read>(&mut self, name: &str) -> T {
        T::read(&mut self.needed(name))
    }

    /// A member that may be absent or null.
    pub(crate) fn optional<T: Read>(&mut self, name: &str) -> Option<T> {
        let value = self.member(name).filter(|value| **value != Json::Null)?;
        Some(T::read(&mut self.field(name, Some(value))))
    }

    /// A member that has the default of its type.
    pub(crate) fn defaulted<T: Read + Default>(&mut self, name: &str) -> T {
        self.or(name, T::default)
    }

    /// A member that has a default.
    pub(crate) fn or<T: Read>(&mut self, name: &str, default: impl FnOnce() -> T) -> T {
        match self.member(name) {
            None => default(),
            value => T::read(&mut self.field(name, value)),
        }
    }
}

impl Read for String {
    fn read(at: &mut At<'_>) -> Self {
        at.text().to_owned()
    }
}

impl Read for bool {
    fn read(at: &mut At<'_>) -> Self {
        let Some(Json::Bool(value)) = at.value else {
            at.wrong_type("true or false");
            return false;
        };
        *value
    }
}

macro_rules! read_integer {
    ($($integer:ident up to $max:expr),+) => {
        $(impl Read for $integer {
            fn read(at: &mut At<'_>) -> Self {
                // Within the bounds, so it fits.
                at.integer($max).try_into().unwrap_or_default()
            }
        })+
    };
}

read_integer!(u16 up to u16::MAX.into(), u32 up to u32::MAX.into(), u64 up to crate::integer::MAX_EXACT);

impl<T: Read> Read for Vec<T> {
    fn read(at: &mut At<'_>) -> Self {
        at.elements().iter().enumerate().map(|(index, element)| T::read(&mut at.element(index, element))).collect()
    }
}

/// Reads a struct from an object: each member is `required`, `optional` or `defaulted`.
macro_rules! read_object {
    ($name:ident $(<$param:ident>)? { $($field:ident: $how:ident $json:literal),* $(,)? }) => {
        impl$(<$param: crate::read::Read>)? crate::read::Read for $name$(<$param>)? {
            fn read(at: &mut crate::read::At<'_>) -> Self {
                at.open(&[$($json),*]);
                Self { $($field: at.$how($json)),* }
            }
        }
    };
}

/// Reads an enum without content from its names.
macro_rules! read_choice {
    ($name:ident { $($json:literal => $variant:ident),+ $(,)? }) => {
        impl crate::read::Read for $name {
            fn read(at: &mut crate::read::At<'_>) -> Self {
                let all @ [first, ..] = [$(Self::$variant),+];
                all.get(at.choice(&[$($json),+])).copied().unwrap_or(first)
            }
        }
    };
}

/// Reads an enum with content from an object with one member.
macro_rules! read_variant {
    ($name:ident { $first_json:literal => $first:ident $(, $json:literal => $variant:ident)* $(,)? }) => {
        impl crate::read::Read for $name {
            fn read(at: &mut crate::read::At<'_>) -> Self {
                enum Variant { $first, $($variant),* }
                let variants = [Variant::$first, $(Variant::$variant),*];
                let (place, mut content) = at.variant(&[$first_json, $($json),*]);
                match variants.get(place) {
                    None | Some(Variant::$first) => Self::$first(crate::read::Read::read(&mut content)),
                    $(Some(Variant::$variant) => Self::$variant(crate::read::Read::read(&mut content)),)*
                }
            }
        }
    };
}

pub(crate) use {read_choice, read_object, read_variant};

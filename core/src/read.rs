//! Reading JSON into checked types, with every problem at once.
//!
//! The filter reads its configuration with this and not with serde's derive: a derived reader is compiled anew for every
//! type, which made up a third of the module, and stops at the first problem. Where a type can be read both ways (leaf
//! types stand in custom resources too), both must take the same documents; `diagnose/tests.rs` and the fuzz target
//! `config` hold them together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::problem::{Path, Problems};

/// A type that can be read from JSON.
pub(crate) trait Read: Sized {
    /// Reads `value`; `None` when something is wrong, which then stands in `problems`.
    fn read(value: &Value, path: &Path<'_>, problems: &mut Problems) -> Option<Self>;
}

/// A type whose values are texts: names, patterns.
pub(crate) trait ReadText: Sized {
    /// Reads `text`; the error is what is allowed.
    fn read_text(text: &str) -> Result<Self, &'static str>;
}

impl<T: ReadText> Read for T {
    fn read(value: &Value, path: &Path<'_>, problems: &mut Problems) -> Option<Self> {
        keyed(text(value, path, problems)?, path, problems)
    }
}

fn keyed<T: ReadText>(text: &str, path: &Path<'_>, problems: &mut Problems) -> Option<T> {
    T::read_text(text).map_err(|allowed| problems.add(path, format!("{text:?} can not stand here"), allowed)).ok()
}

/// The text that `value` is.
pub(crate) fn text<'v>(value: &'v Value, path: &Path<'_>, problems: &mut Problems) -> Option<&'v str> {
    let text = value.as_str();
    if text.is_none() {
        wrong_type(value, "a text", path, problems);
    }
    text
}

/// The whole number from 0 to `max` that `value` is; it may come as a double, as Istio sends them.
pub(crate) fn integer(value: &Value, max: u64, path: &Path<'_>, problems: &mut Problems) -> Option<u64> {
    let number =
        value.as_u64().or_else(|| value.as_f64().and_then(crate::integer::whole)).filter(|number| *number <= max);
    if number.is_none() {
        wrong_type(value, &format!("a whole number from 0 to {max}"), path, problems);
    }
    number
}

/// The one of `choices` that `value` names.
pub(crate) fn choice<T: Copy>(
    value: &Value,
    choices: &[(&str, T)],
    path: &Path<'_>,
    problems: &mut Problems,
) -> Option<T> {
    let name = text(value, path, problems)?;
    let found = choices.iter().find(|(choice, _)| *choice == name).map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
        not_among(name, &names, path, problems);
    }
    found
}

fn not_among(name: &str, names: &[&str], path: &Path<'_>, problems: &mut Problems) {
    problems.add(path, format!("{name:?} is not known here"), names.join(", "));
}

fn wrong_type(value: &Value, allowed: &str, path: &Path<'_>, problems: &mut Problems) {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "another number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    problems.add(path, format!("is {found}"), allowed);
}

/// The members of an object, of which only some names are known.
pub(crate) struct Object<'v> {
    members: &'v Map<String, Value>,
    path: &'v Path<'v>,
}

impl<'v> Object<'v> {
    /// Opens `value` and reports every member that is not among `known`.
    pub(crate) fn open(value: &'v Value, known: &[&str], path: &'v Path<'v>, problems: &mut Problems) -> Option<Self> {
        let Value::Object(members) = value else {
            wrong_type(value, "an object", path, problems);
            return None;
        };
        for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
            let allowed = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            problems.add(&path.field(name), "is not known here", allowed);
        }
        Some(Self { members, path })
    }

    /// A member that must be there.
    pub(crate) fn required<T: Read>(&self, name: &str, problems: &mut Problems) -> Option<T> {
        let path = self.path.field(name);
        let Some(value) = self.members.get(name) else {
            problems.add(&path, "is missing", "");
            return None;
        };
        T::read(value, &path, problems)
    }

    /// A member that may be absent or null.
    #[expect(clippy::option_option, reason = "whether it could be read, and whether it is there")]
    pub(crate) fn optional<T: Read>(&self, name: &str, problems: &mut Problems) -> Option<Option<T>> {
        match self.members.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => T::read(value, &self.path.field(name), problems).map(Some),
        }
    }

    /// A member that has the default of its type.
    pub(crate) fn defaulted<T: Read + Default>(&self, name: &str, problems: &mut Problems) -> Option<T> {
        self.member(name, T::default, problems)
    }

    /// A member that has a default.
    pub(crate) fn member<T: Read>(
        &self,
        name: &str,
        default: impl FnOnce() -> T,
        problems: &mut Problems,
    ) -> Option<T> {
        match self.members.get(name) {
            None => Some(default()),
            Some(value) => T::read(value, &self.path.field(name), problems),
        }
    }
}

/// The name and content of the one member of an object that stands for an enum; `known` are the variants.
pub(crate) fn variant<'v>(
    value: &'v Value,
    known: &[&str],
    path: &Path<'_>,
    problems: &mut Problems,
) -> Option<(&'v str, &'v Value)> {
    let members = value.as_object().filter(|members| members.len() == 1);
    let Some((name, content)) = members.and_then(|members| members.iter().next()) else {
        problems.add(path, "is no object with exactly one member", known.join(", "));
        return None;
    };
    if known.contains(&name.as_str()) {
        Some((name, content))
    } else {
        not_among(name, known, path, problems);
        None
    }
}

impl Read for String {
    fn read(value: &Value, path: &Path<'_>, problems: &mut Problems) -> Option<Self> {
        text(value, path, problems).map(str::to_owned)
    }
}

impl Read for bool {
    fn read(value: &Value, path: &Path<'_>, problems: &mut Problems) -> Option<Self> {
        if value.as_bool().is_none() {
            wrong_type(value, "true or false", path, problems);
        }
        value.as_bool()
    }
}

impl Read for u16 {
    fn read(value: &Value, path: &Path<'_>, problems: &mut Problems) -> Option<Self> {
        integer(value, Self::MAX.into(), path, problems).and_then(|number| number.try_into().ok())
    }
}

impl Read for u32 {
    fn read(value: &Value, path: &Path<'_>, problems: &mut Problems) -> Option<Self> {
        integer(value, Self::MAX.into(), path, problems).and_then(|number| number.try_into().ok())
    }
}

impl Read for u64 {
    fn read(value: &Value, path: &Path<'_>, problems: &mut Problems) -> Option<Self> {
        integer(value, crate::integer::MAX_EXACT, path, problems)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: &Value, path: &Path<'_>, problems: &mut Problems) -> Option<Self> {
        let Value::Array(elements) = value else {
            wrong_type(value, "a list", path, problems);
            return None;
        };
        let mut list = Self::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            list.extend(T::read(element, &path.index(index), problems));
        }
        (list.len() == elements.len()).then_some(list)
    }
}

impl<T: Read + Ord> Read for BTreeSet<T> {
    fn read(value: &Value, path: &Path<'_>, problems: &mut Problems) -> Option<Self> {
        let mut set = Self::new();
        for element in Vec::read(value, path, problems)? {
            set.insert(element);
        }
        Some(set)
    }
}

impl<K: ReadText + Ord, T: Read> Read for BTreeMap<K, T> {
    fn read(value: &Value, path: &Path<'_>, problems: &mut Problems) -> Option<Self> {
        let Value::Object(members) = value else {
            wrong_type(value, "an object", path, problems);
            return None;
        };
        let mut map = Self::new();
        for (name, content) in members {
            let path = path.field(name);
            let key = keyed(name, &path, problems);
            let content = T::read(content, &path, problems);
            if let (Some(key), Some(content)) = (key, content) {
                map.insert(key, content);
            }
        }
        (map.len() == members.len()).then_some(map)
    }
}

/// Reads a struct from an object: each member is `required`, `optional` or `defaulted`.
macro_rules! read_object {
    ($name:ident $(<$param:ident>)? { $($field:ident: $how:ident $json:literal),+ $(,)? }) => {
        impl$(<$param: crate::read::Read>)? crate::read::Read for $name$(<$param>)? {
            fn read(
                value: &serde_json::Value,
                path: &crate::problem::Path<'_>,
                problems: &mut crate::problem::Problems,
            ) -> Option<Self> {
                let object = crate::read::Object::open(value, &[$($json),+], path, problems)?;
                // Every member is read before any failure counts.
                $(let $field = object.$how($json, problems);)+
                Some(Self { $($field: $field?),+ })
            }
        }
    };
}

/// Reads an enum without content from its names.
macro_rules! read_choice {
    ($name:ident { $($json:literal => $variant:ident),+ $(,)? }) => {
        impl crate::read::Read for $name {
            fn read(
                value: &serde_json::Value,
                path: &crate::problem::Path<'_>,
                problems: &mut crate::problem::Problems,
            ) -> Option<Self> {
                crate::read::choice(value, &[$(($json, Self::$variant)),+], path, problems)
            }
        }
    };
}

/// Reads an enum with content from an object with one member.
macro_rules! read_variant {
    ($name:ident { $($json:literal => $variant:ident),+ $(,)? }) => {
        impl crate::read::Read for $name {
            fn read(
                value: &serde_json::Value,
                path: &crate::problem::Path<'_>,
                problems: &mut crate::problem::Problems,
            ) -> Option<Self> {
                let (name, content) = crate::read::variant(value, &[$($json),+], path, problems)?;
                let path = path.field(name);
                match name {
                    $($json => crate::read::Read::read(content, &path, problems).map(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use {read_choice, read_object, read_variant};

//! Every problem of a document at once, for tools that talk to people.
//!
//! Deserialisers stop at the first error. This one notes the error with its path, takes the offending member out of the
//! document, and tries again, until nothing is left to complain about.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::config::FilterConfig;
use crate::problem::{Problem, Problems};
use crate::router::Router;

/// The most problems of form that one document is asked for.
const MOST: usize = 50;

/// Reads `document` as a `T`.
///
/// # Errors
/// Every problem of form: unknown members, wrong types, values that break their type's rule.
pub fn from_value<T: DeserializeOwned>(document: Value) -> Result<T, Problems> {
    let mut problems = Problems::default();
    let mut rest = document;
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(&rest) {
            Ok(value) => return problems.or(value),
            Err(error) => error,
        };
        let (path, mut message) = (error.path().clone(), error.inner().to_string());
        let member = unknown_member(&message).map(str::to_owned);
        message.truncate(1_000);
        problems.push(problem(&path, member.as_deref(), &message));
        if problems.len() >= MOST || !take_out(&mut rest, &path, member.as_deref()) {
            return problems.or_unreachable();
        }
    }
}

/// Reads a filter configuration.
///
/// # Errors
/// Every problem of form, or that the bytes are no JSON at all.
pub fn from_json(bytes: &[u8]) -> Result<FilterConfig, Problems> {
    match serde_json::from_slice(bytes) {
        Ok(document) => from_value(document),
        Err(error) => {
            let mut problems = Problems::default();
            problems.push(Problem { path: String::new(), found: format!("not JSON: {error}"), allowed: String::new() });
            Err(problems)
        }
    }
}

/// Reads and compiles a filter configuration.
///
/// # Errors
/// Every problem of form; if there is none, every problem of meaning.
pub fn compile(bytes: &[u8]) -> Result<Router, Problems> {
    from_json(bytes).and_then(|config| Router::compile(&config))
}

impl Problems {
    fn or_unreachable<T>(self) -> Result<T, Self> {
        Err(self)
    }
}

fn problem(path: &Path, member: Option<&str>, message: &str) -> Problem {
    let mut place = path.to_string();
    if place == "." {
        place.clear();
    }
    // serde puts the alternatives after ", expected"; our own types after ": ".
    let (found, allowed) =
        message.split_once(", expected ").or_else(|| message.split_once(": ")).unwrap_or((message, ""));
    if let Some(member) = member.filter(|member| !place.ends_with(member)) {
        place = if place.is_empty() { member.to_owned() } else { format!("{place}.{member}") };
    }
    Problem { path: place, found: found.to_owned(), allowed: allowed.to_owned() }
}

/// The member that serde calls unknown, if that is what it complains about.
fn unknown_member(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("unknown field `")?;
    rest.split('`').next()
}

/// Removes what `path` points to; `false` when there is nothing to remove, so that trying again would not help.
fn take_out(document: &mut Value, path: &Path, member: Option<&str>) -> bool {
    let mut steps: Vec<Step<'_>> = path.iter().filter_map(Step::of).collect();
    if let Some(member) = member.filter(|member| !matches!(steps.last(), Some(Step::Key(last)) if last == member)) {
        steps.push(Step::Key(member));
    }
    // The innermost step that exists in the document is what is taken out.
    while let Some((last, parents)) = steps.split_last() {
        let parent = parents.iter().try_fold(&mut *document, |node, step| step.into_node(node));
        if parent.is_some_and(|parent| last.remove_from(parent)) {
            return true;
        }
        steps.pop();
    }
    false
}

enum Step<'a> {
    Key(&'a str),
    Place(usize),
}

impl<'a> Step<'a> {
    fn of(segment: &'a Segment) -> Option<Self> {
        match segment {
            Segment::Seq { index } => Some(Self::Place(*index)),
            Segment::Map { key } => Some(Self::Key(key)),
            Segment::Enum { variant } => Some(Self::Key(variant)),
            Segment::Unknown => None,
        }
    }

    fn into_node<'v>(&self, node: &'v mut Value) -> Option<&'v mut Value> {
        match self {
            Self::Key(key) => node.get_mut(*key),
            Self::Place(index) => node.get_mut(*index),
        }
    }

    fn remove_from(&self, parent: &mut Value) -> bool {
        match (self, parent) {
            (Self::Key(key), Value::Object(members)) => members.remove(*key).is_some(),
            // Elements keep their places, so that the paths of later problems stay true.
            (Self::Place(_), Value::Array(_)) => false,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;

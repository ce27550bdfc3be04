//! What is wrong with the resources, told by object and field.

use std::collections::BTreeMap;
use std::fmt;

use graylane_core::Problem;
use serde::Serialize;

use crate::api::ObjectRef;

/// The most problems that one message tells of: what a person still reads, and a condition has room for.
const MOST_TOLD: usize = 20;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The object it is wrong with; `None` where no single object is at fault.
    pub object: Option<ObjectRef>,
    /// What is wrong, with the field's path in the object.
    pub problem: Problem,
}

/// Everything that is wrong; never empty where it is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Refusals(Vec<Refusal>);

impl Refusals {
    /// Adds what is wrong with the field of `object` at `path`.
    pub(crate) fn add(
        &mut self,
        object: &ObjectRef,
        path: impl Into<String>,
        found: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        let problem = Problem { path: path.into(), found: found.into(), allowed: allowed.into() };
        self.push(Refusal { object: Some(object.clone()), problem });
    }

    /// Adds a refusal, once: what two roles of a proxy have in common is wrong with both.
    pub(super) fn push(&mut self, refusal: Refusal) {
        if !self.0.contains(&refusal) {
            self.0.push(refusal);
        }
    }

    /// What is wrong, in the order in which it was found.
    pub fn iter(&self) -> impl Iterator<Item = &Refusal> {
        self.0.iter()
    }

    /// All that is wrong with each object that is named.
    pub(crate) fn by_object(&self) -> BTreeMap<&ObjectRef, String> {
        let mut problems: BTreeMap<&ObjectRef, Vec<String>> = BTreeMap::new();
        for refusal in &self.0 {
            if let Some(object) = &refusal.object {
                problems.entry(object).or_default().push(refusal.problem.to_string());
            }
        }
        problems.into_iter().filter_map(|(object, problems)| Some((object, in_one_line(&problems)?))).collect()
    }

    /// What `make` makes if nothing is wrong.
    pub(crate) fn or_else<T>(self, make: impl FnOnce() -> T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(make()) } else { Err(self) }
    }
}

/// Several problems as the message of one condition or event; `None` where there are none.
pub(crate) fn in_one_line(problems: &[String]) -> Option<String> {
    let (told, more) = problems.split_at(problems.len().min(MOST_TOLD));
    let more = if more.is_empty() { String::new() } else { format!("; and {} more", more.len()) };
    (!told.is_empty()).then(|| format!("{}{more}", told.join("; ")))
}

impl IntoIterator for Refusals {
    type Item = Refusal;
    type IntoIter = std::vec::IntoIter<Refusal>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object {
            Some(object) => write!(f, "{object}: {}", self.problem),
            None => self.problem.fmt(f),
        }
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, refusal) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            refusal.fmt(f)?;
        }
        Ok(())
    }
}

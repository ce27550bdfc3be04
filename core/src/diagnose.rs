//! Every problem of a document that serde reads at once: for custom resources.
//!
//! Deserialisers stop at the first error. This one notes the error with its path, mends the document there (takes the
//! offending member out, puts something in for a missing one), and tries again until nothing is left to complain about.
//! The mended document is thrown away: it only serves to look further.

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::Segment;

use crate::problem::{Problem, Problems};

/// How often one document is mended at most.
const MOST: usize = 100;

/// Reads `document` as a `T`.
///
/// # Errors
/// Every problem of form: unknown or missing members, wrong types, values that break their type's rule.
pub fn from_value<T: DeserializeOwned>(document: Value) -> Result<T, Problems> {
    let mut problems = Problems::default();
    let mut patient = Patient { document, removed: Vec::new(), taken_out: Vec::new() };
    for _ in 0..MOST {
        let error = match serde_path_to_error::deserialize::<_, T>(&patient.document) {
            Ok(value) => return problems.or(value),
            Err(error) => Complaint::of(&error),
        };
        if !patient.misses_what_was_taken(&error) {
            problems.push(patient.problem(&error));
        }
        if !patient.mend::<T>(&error) {
            break;
        }
    }
    Err(problems)
}

/// One step down into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Place(usize),
}

/// What a deserialiser complained about.
struct Complaint {
    steps: Vec<Step>,
    message: String,
}

impl Complaint {
    fn of(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let message = error.inner().to_string();
        let mut steps: Vec<Step> = error.path().iter().filter_map(step).collect();
        // For an unknown member some deserialisers end the path at the object, some at the member.
        if let Some(member) = quoted(&message, "unknown field `").map(|member| Step::Key(member.to_owned()))
            && steps.last() != Some(&member)
        {
            steps.push(member);
        }
        Self { steps, message }
    }

    fn missing_member(&self) -> Option<&str> {
        quoted(&self.message, "missing field `")
    }
}

fn step(segment: &Segment) -> Option<Step> {
    match segment {
        Segment::Seq { index } => Some(Step::Place(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { variant } => Some(Step::Key(variant.clone())),
        Segment::Unknown => None,
    }
}

fn quoted<'m>(message: &'m str, prefix: &str) -> Option<&'m str> {
    message.strip_prefix(prefix).and_then(|rest| rest.split('`').next())
}

/// A document being mended.
struct Patient {
    document: Value,
    /// The lists that elements were taken out of, one entry an element, so that later places can be told as they were.
    removed: Vec<Vec<Step>>,
    /// The members that were taken out for what they held: that they are missing now is no problem of the document.
    taken_out: Vec<String>,
}

impl Patient {
    fn problem(&self, complaint: &Complaint) -> Problem {
        let message: String = complaint.message.chars().take(1_000).collect();
        // serde puts the alternatives after ", expected"; our own types after ": ".
        let (found, allowed) =
            message.split_once(", expected ").or_else(|| message.split_once(": ")).unwrap_or((&message, ""));
        Problem { path: self.place(&complaint.steps), found: found.to_owned(), allowed: allowed.to_owned() }
    }

    /// The path of `steps` in the document as it was given.
    fn place(&self, steps: &[Step]) -> String {
        let mut path = String::new();
        for (depth, step) in steps.iter().enumerate() {
            match step {
                Step::Key(key) if path.is_empty() => path.push_str(key),
                Step::Key(key) => {
                    path.push('.');
                    path.push_str(key);
                }
                Step::Place(index) => {
                    let gone = self.removed.iter().filter(|list| steps.get(..depth) == Some(list)).count();
                    // Writing to a string can not fail.
                    let _ = write!(path, "[{}]", index + gone);
                }
            }
        }
        path
    }

    fn misses_what_was_taken(&self, complaint: &Complaint) -> bool {
        complaint.missing_member().is_some_and(|member| {
            let place = self.place(&[complaint.steps.as_slice(), &[Step::Key(member.to_owned())]].concat());
            self.taken_out.contains(&place)
        })
    }

    /// Changes the document so that the deserialiser gets further; `false` when that is not possible.
    fn mend<T: DeserializeOwned>(&mut self, complaint: &Complaint) -> bool {
        match complaint.missing_member() {
            Some(member) => self.put_in::<T>(&complaint.steps, member),
            None => self.take_out(&complaint.steps),
        }
    }

    /// Removes the innermost part of `steps` that exists.
    fn take_out(&mut self, steps: &[Step]) -> bool {
        let mut steps = steps;
        while let Some((last, parents)) = steps.split_last() {
            if self.node(parents).is_some_and(|parent| remove(parent, last)) {
                match last {
                    Step::Place(_) => self.removed.push(parents.to_vec()),
                    Step::Key(_) => self.taken_out.push(self.place(steps)),
                }
                return true;
            }
            steps = parents;
        }
        false
    }

    /// Puts in the first value that satisfies the deserialiser at this place, whatever it means.
    fn put_in<T: DeserializeOwned>(&mut self, steps: &[Step], member: &str) -> bool {
        let mut candidates = vec![json!(0), json!("a"), json!([]), json!({}), json!(false)];
        while let Some(candidate) = candidates.pop() {
            let Some(Value::Object(members)) = self.node(steps) else {
                return self.take_out(steps);
            };
            members.insert(member.to_owned(), candidate);
            let Err(error) = serde_path_to_error::deserialize::<_, T>(&self.document) else {
                return true;
            };
            let again = Complaint::of(&error);
            let below =
                again.steps.starts_with(steps) && again.steps.get(steps.len()) == Some(&Step::Key(member.to_owned()));
            if !below {
                return true;
            }
            // A closed enum says what it takes.
            if again.message.starts_with("unknown variant `a`") {
                candidates.extend(again.message.split('`').nth(3).map(|variant| json!(variant)));
            }
        }
        self.take_out(&[steps, &[Step::Key(member.to_owned())]].concat());
        self.take_out(steps)
    }

    fn node(&mut self, steps: &[Step]) -> Option<&mut Value> {
        steps.iter().try_fold(&mut self.document, |node, step| match step {
            Step::Key(key) => node.get_mut(key),
            Step::Place(index) => node.get_mut(*index),
        })
    }
}

fn remove(parent: &mut Value, step: &Step) -> bool {
    match (step, parent) {
        (Step::Key(key), Value::Object(members)) => members.remove(key).is_some(),
        (Step::Place(index), Value::Array(elements)) if *index < elements.len() => {
            elements.remove(*index);
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;

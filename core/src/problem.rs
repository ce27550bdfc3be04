//! What is wrong with a configuration: every problem at once, each with its place.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::Serialize;

/// One thing that is wrong, told so that it can be mended without looking anything up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where, as `ruleSets[0].rules[1].when.header.regex`.
    pub path: String,
    /// What stands there and why it can not be used.
    pub found: String,
    /// What may stand there.
    pub allowed: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, found, allowed } = self;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        f.write_str(found)?;
        if !allowed.is_empty() {
            write!(f, "; allowed: {allowed}")?;
        }
        Ok(())
    }
}

/// All problems of one configuration; never empty where it is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one more.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds a problem at `path`.
    pub fn add<'t>(&mut self, path: &Path<'_>, found: impl Into<Cow<'t, str>>, allowed: impl Into<Cow<'t, str>>) {
        self.put(path, found.into(), allowed.into());
    }

    // Out of line: it is called from nearly a hundred places.
    #[inline(never)]
    fn put(&mut self, path: &Path<'_>, found: Cow<'_, str>, allowed: Cow<'_, str>) {
        let (found, allowed) = (found.into_owned(), allowed.into_owned());
        self.push(Problem { path: path.to_string(), found, allowed });
    }

    /// The problems in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `value` if nothing is wrong, else the problems.
    ///
    /// # Errors
    /// The problems themselves, when there is at least one.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Extend<Problem> for Problems {
    fn extend<I: IntoIterator<Item = Problem>>(&mut self, problems: I) {
        self.0.extend(problems);
    }
}

/// A place in a document, built while walking down and rendered only when there is a problem.
#[derive(Debug, Clone, Copy)]
pub enum Path<'a> {
    /// The document itself.
    Root,
    /// A member of an object.
    Field(&'a Path<'a>, &'a str),
    /// An element of a list.
    Index(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    /// The place of member `name` below this one.
    #[must_use]
    pub fn field(&'a self, name: &'a str) -> Path<'a> {
        Path::Field(self, name)
    }

    /// The place of element `index` below this one.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path::Index(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Field(Path::Root, name) => f.write_str(name),
            Path::Field(parent, name) => write!(f, "{parent}.{name}"),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// A text in quotes, with what can not be seen escaped: as `{:?}` has it, without the tables by which that knows every
/// script. The filter formats nothing with `{:?}`: what does so is left out of its module.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for char in self.0.chars() {
            if char.is_control() || matches!(char, '"' | '\\') {
                char.escape_default().try_for_each(|char| f.write_char(char))?;
            } else {
                f.write_char(char)?;
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_texts_read_as_in_a_program() {
        for text in ["", "alice", "a\"b\\c", "ä\n\r\t", "\u{0}\u{7f}\u{85}"] {
            assert_eq!(Quoted(text).to_string().replace("\\u{0}", "\\0"), format!("{text:?}"));
        }
    }
}

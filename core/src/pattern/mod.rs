//! Regular expressions, of which a rule wants to know one thing: whether a text fits from its beginning to its end.
//!
//! A library of the usual kind also finds where in a text and how, which made up a sixth of the module. Here a pattern is
//! the set of places that a text can have reached in it: each character is looked at once for each of them, so that no text,
//! however hostile, takes more than its length times the pattern's. What is accepted means what it means to the crate
//! `regex-lite`; the tests compare them. `docs/reference/patterns.md` is the syntax.

mod parse;

use crate::matcher::Polarity;

/// The most steps of a pattern.
const MOST_STEPS: usize = 2_048;

/// A pattern ready to be tried.
#[derive(Debug)]
pub(crate) struct Pattern {
    steps: Vec<Step>,
    classes: Vec<Class>,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct InvalidPattern(&'static str);

/// What is at one place of a pattern; after the last one lies its end. Ways are relative, so that steps can be moved.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A character of this class, then the next place.
    One(usize),
    /// The next place, and one further away.
    Fork(isize),
    /// Another place.
    Jump(isize),
    /// The next place, where this holds between two characters.
    Between(Between),
}

/// What may hold between two characters.
#[derive(Debug, Clone, Copy)]
enum Between {
    Start,
    End,
    /// The edge of a word (`Is`), or none.
    Edge(Polarity),
}

/// Some characters.
#[derive(Debug)]
struct Class {
    /// The first and last of each range.
    ranges: Vec<(char, char)>,
    polarity: Polarity,
    case: Case,
}

/// Whether `a` is also `A`; of the letters of ASCII.
#[derive(Debug, Clone, Copy)]
enum Case {
    Matters,
    Ignored,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, or that it is too large.
    pub(crate) fn new(text: &str) -> Result<Self, InvalidPattern> {
        parse::parse(text)
    }

    /// Whether the whole of `text` fits.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let mut seen = vec![false; self.steps.len() + 1];
        let mut reached = vec![0];
        let mut waiting = Vec::new();
        let (mut before, mut rest) = (None, text.chars());
        loop {
            let after = rest.next();
            while let Some(place) = reached.pop() {
                if seen.get_mut(place).is_none_or(|seen| std::mem::replace(seen, true)) {
                    continue;
                }
                match self.steps.get(place) {
                    None if after.is_none() => return true,
                    None => {}
                    Some(Step::One(class)) => waiting.push((place, *class)),
                    Some(Step::Fork(way)) => reached.extend([place + 1, place.wrapping_add_signed(*way)]),
                    Some(Step::Jump(way)) => reached.push(place.wrapping_add_signed(*way)),
                    Some(Step::Between(what)) => reached.extend(what.holds(before, after).then_some(place + 1)),
                }
            }
            let Some(char) = after else { return false };
            let has = |class: usize| self.classes.get(class).is_some_and(|class| class.has(char));
            reached.extend(waiting.drain(..).filter(|(_, class)| has(*class)).map(|(place, _)| place + 1));
            seen.fill(false);
            before = after;
        }
    }
}

impl Between {
    fn holds(self, before: Option<char>, after: Option<char>) -> bool {
        let in_word = |char: Option<char>| char.is_some_and(|char| char.is_ascii_alphanumeric() || char == '_');
        match self {
            Self::Start => before.is_none(),
            Self::End => after.is_none(),
            Self::Edge(polarity) => polarity.applied_to(in_word(before) != in_word(after)),
        }
    }
}

impl Class {
    fn has(&self, char: char) -> bool {
        let listed = |char: char| self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&char));
        self.polarity.applied_to(match self.case {
            Case::Matters => listed(char),
            Case::Ignored => listed(char.to_ascii_lowercase()) || listed(char.to_ascii_uppercase()),
        })
    }
}

#[cfg(test)]
mod tests;

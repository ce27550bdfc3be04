//! Compiled conditions. Compiling reports what is wrong; matching can not fail.

mod compile;
mod subject;
mod text;

pub(crate) use compile::compile;
use subject::SubjectId;
pub(crate) use subject::{Subjects, Values};
use text::Text;
pub(crate) use text::{Polarity, is_below};

/// A condition ready to be tried.
#[derive(Debug)]
pub(crate) enum Matcher {
    All(Box<[Matcher]>),
    Any(Box<[Matcher]>),
    Not(Box<Matcher>),
    Value { of: SubjectId, is: Text, polarity: Polarity },
}

impl Matcher {
    /// Whether a request with these values fulfils the condition.
    pub(crate) fn matches(&self, values: &Values<'_, '_>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|matcher| matcher.matches(values)),
            Self::Any(any) => any.iter().any(|matcher| matcher.matches(values)),
            Self::Not(matcher) => !matcher.matches(values),
            Self::Value { of, is, polarity } => {
                polarity.applied_to(values.of(*of).iter().any(|value| is.matches(value)))
            }
        }
    }
}

#[cfg(test)]
mod tests;

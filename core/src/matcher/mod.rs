//! Compiled conditions. Compiling reports what is wrong; matching can not fail.

mod compile;
mod text;

use crate::name::{ClaimName, CookieName, HeaderName, ParameterName};
use crate::view::View;

pub(crate) use compile::compile;
use text::Text;
pub(crate) use text::{Polarity, is_below};

/// A condition ready to be tried.
#[derive(Debug)]
pub(crate) enum Matcher {
    All(Box<[Matcher]>),
    Any(Box<[Matcher]>),
    Not(Box<Matcher>),
    Value { of: Subject, is: Text, polarity: Polarity },
}

/// What a condition looks at.
#[derive(Debug)]
pub(crate) enum Subject {
    Method,
    Path,
    Host,
    Header(HeaderName),
    Cookie(CookieName),
    Query(ParameterName),
    Claim(ClaimName),
}

impl Matcher {
    /// Whether `view` fulfils the condition.
    pub(crate) fn matches(&self, view: &View<'_>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|matcher| matcher.matches(view)),
            Self::Any(any) => any.iter().any(|matcher| matcher.matches(view)),
            Self::Not(matcher) => !matcher.matches(view),
            Self::Value { of, is, polarity } => polarity.applied_to(of.any_value(view, |value| is.matches(value))),
        }
    }
}

impl Subject {
    fn any_value(&self, view: &View<'_>, mut fits: impl FnMut(&[u8]) -> bool) -> bool {
        match self {
            Self::Method => fits(view.method()),
            Self::Path => fits(&view.path()),
            Self::Host => view.host(fits),
            Self::Header(name) => view.header_values(name.as_str()).any(fits),
            Self::Cookie(name) => view.cookies(name.as_str()).any(fits),
            Self::Query(name) => view.parameters(name.as_str()).any(|value| fits(&value)),
            Self::Claim(name) => view.claim(name).is_some_and(|value| fits(&value)),
        }
    }
}

#[cfg(test)]
mod tests;

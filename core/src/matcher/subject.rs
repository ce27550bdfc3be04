//! What conditions look at. Many conditions look at few things, so a request is searched for each of them once.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::name::{ClaimName, CookieName, HeaderName, ParameterName};
use crate::view::View;

/// What a condition looks at.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Method,
    Path,
    Host,
    Header(HeaderName),
    Cookie(CookieName),
    Query(ParameterName),
    Claim(ClaimName),
}

/// The subjects of all conditions of a router, each of them once.
#[derive(Debug, Default)]
pub(crate) struct Subjects(Vec<Subject>);

/// One of [`Subjects`], by its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SubjectId(usize);

impl Subjects {
    pub(super) fn place(&mut self, subject: Subject) -> SubjectId {
        let known = self.0.iter().position(|known| *known == subject);
        SubjectId(known.unwrap_or_else(|| {
            self.0.push(subject);
            self.0.len() - 1
        }))
    }
}

/// The values of subjects in one request, looked up when they are first asked for.
pub(crate) struct Values<'v, 'a> {
    view: &'v View<'a>,
    /// In the order of [`Subjects`].
    found: Vec<Found<'v>>,
}

struct Found<'v> {
    of: &'v Subject,
    values: OnceCell<Vec<Cow<'v, [u8]>>>,
}

impl<'v, 'a> Values<'v, 'a> {
    pub(crate) fn new(subjects: &'v Subjects, view: &'v View<'a>) -> Self {
        Self { view, found: subjects.0.iter().map(|of| Found { of, values: OnceCell::new() }).collect() }
    }

    pub(super) fn of(&self, SubjectId(place): SubjectId) -> &[Cow<'v, [u8]>] {
        let found = self.found.get(place);
        found.map_or(&[], |Found { of, values }| values.get_or_init(|| of.values(self.view)))
    }
}

impl Subject {
    #[inline(never)]
    fn values<'v>(&self, view: &'v View<'_>) -> Vec<Cow<'v, [u8]>> {
        let mut found = Vec::new();
        let mut add = |value: Cow<'v, [u8]>| found.push(value);
        match self {
            Self::Method => add(Cow::Borrowed(view.method())),
            Self::Path => add(view.path()),
            Self::Host => add(view.host(|host| Cow::Owned(host.to_vec()))),
            Self::Header(name) => view.header_values(name.as_str()).for_each(|value| add(Cow::Borrowed(value))),
            Self::Cookie(name) => view.cookies(name.as_str()).for_each(|value| add(Cow::Borrowed(value))),
            Self::Query(name) => {
                for value in view.parameters(name.as_str()) {
                    add(value);
                }
            }
            Self::Claim(name) => view.claim(name).map(Cow::Owned).into_iter().for_each(add),
        }
        found
    }
}

//! From conditions as written to matchers, with every problem reported.

use super::Matcher;
use super::subject::{Subject, SubjectId, Subjects};
use super::text::{Polarity, Text};
use crate::config::{Condition, KeyedMatch, PathMatch, StringMatch};
use crate::pattern::Pattern;
use crate::problem::{Path, Problems, Quoted};

/// The deepest nesting of `all`, `any` and `not`.
const DEEPEST: usize = 16;
/// The longest pattern, in bytes.
const LONGEST_PATTERN: usize = 1_000;

/// Compiles `condition`, whose subjects are from then on among `subjects`; `None` when something is wrong, which then stands
/// in `problems`.
pub(crate) fn compile(
    condition: &Condition,
    path: &Path<'_>,
    subjects: &mut Subjects,
    problems: &mut Problems,
) -> Option<Matcher> {
    nested(condition, path, subjects, problems, 0)
}

fn nested(
    condition: &Condition,
    path: &Path<'_>,
    subjects: &mut Subjects,
    problems: &mut Problems,
    depth: usize,
) -> Option<Matcher> {
    if depth > DEEPEST {
        problems.add(path, "conditions are nested too deeply", format!("at most {DEEPEST} levels"));
        return None;
    }
    match condition {
        Condition::All(all) => group(all, &path.field("all"), subjects, problems, depth).map(Matcher::All),
        Condition::Any(any) => group(any, &path.field("any"), subjects, problems, depth).map(Matcher::Any),
        Condition::Not(inner) => {
            let inner = nested(inner, &path.field("not"), subjects, problems, depth + 1);
            inner.map(|matcher| Matcher::Not(Box::new(matcher)))
        }
        Condition::Method(value) => plain(subjects.place(Subject::Method), value, &path.field("method"), problems),
        Condition::Host(value) => host(subjects.place(Subject::Host), value, &path.field("host"), problems),
        Condition::Path(value) => request_path(subjects.place(Subject::Path), value, &path.field("path"), problems),
        Condition::Header(value) => {
            let of = subjects.place(Subject::Header(value.name.clone()));
            keyed(of, value, &path.field("header"), problems)
        }
        Condition::Cookie(value) => {
            let of = subjects.place(Subject::Cookie(value.name.clone()));
            keyed(of, value, &path.field("cookie"), problems)
        }
        Condition::Query(value) => {
            let of = subjects.place(Subject::Query(value.name.clone()));
            keyed(of, value, &path.field("query"), problems)
        }
        Condition::Claim(value) => {
            let of = subjects.place(Subject::Claim(value.name.clone()));
            keyed(of, value, &path.field("claim"), problems)
        }
    }
}

fn group(
    members: &[Condition],
    path: &Path<'_>,
    subjects: &mut Subjects,
    problems: &mut Problems,
    depth: usize,
) -> Option<Box<[Matcher]>> {
    if members.is_empty() {
        problems.add(path, "is empty", "at least one condition");
        return None;
    }
    // Every member is compiled, so that every problem is reported, before any failure counts.
    let compiled: Vec<Option<Matcher>> = members
        .iter()
        .enumerate()
        .map(|(index, member)| nested(member, &path.index(index), subjects, problems, depth + 1))
        .collect();
    compiled.into_iter().collect()
}

/// The operators of a condition side by side, whichever type they were written in.
struct Operators<'a> {
    exact: Option<&'a String>,
    prefix: Option<&'a String>,
    suffix: Option<&'a String>,
    regex: Option<&'a String>,
    one_of: Option<&'a Vec<String>>,
    present: Option<bool>,
    names: &'static str,
}

impl Operators<'_> {
    fn compile(&self, path: &Path<'_>, problems: &mut Problems) -> Option<Text> {
        let bytes = |text: &String| text.as_bytes().into();
        let texts = [
            self.exact.map(|text| Text::Exact(bytes(text))),
            self.prefix.map(|text| Text::Prefix(bytes(text))),
            self.suffix.map(|text| Text::Suffix(bytes(text))),
            self.present.map(|_| Text::Present),
        ];
        let count =
            texts.iter().flatten().count() + usize::from(self.regex.is_some()) + usize::from(self.one_of.is_some());
        if count != 1 {
            problems.add(path, format!("has {count} operators"), format!("exactly one of {}", self.names));
            return None;
        }
        if let Some(pattern) = self.regex {
            return regex(pattern, &path.field("regex"), problems).map(Text::Pattern);
        }
        if let Some(values) = self.one_of {
            return one_of(values, &path.field("in"), problems);
        }
        for (text, name) in [(self.prefix, "prefix"), (self.suffix, "suffix")] {
            if text.is_some_and(String::is_empty) {
                problems.add(&path.field(name), "is empty", "at least one character; use present: true for any value");
                return None;
            }
        }
        texts.into_iter().flatten().next()
    }
}

fn plain(of: SubjectId, value: &StringMatch, path: &Path<'_>, problems: &mut Problems) -> Option<Matcher> {
    let StringMatch { exact, prefix, suffix, regex, one_of, invert } = value;
    let operators = Operators {
        exact: exact.as_ref(),
        prefix: prefix.as_ref(),
        suffix: suffix.as_ref(),
        regex: regex.as_ref(),
        one_of: one_of.as_ref(),
        present: None,
        names: "exact, prefix, suffix, regex, in",
    };
    let is = operators.compile(path, problems)?;
    Some(Matcher::Value { of, is, polarity: Polarity::inverted_if(*invert) })
}

// Hosts are compared in lower case, so what they are compared with is put in lower case here.
fn host(of: SubjectId, value: &StringMatch, path: &Path<'_>, problems: &mut Problems) -> Option<Matcher> {
    let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_ascii_lowercase());
    let value = StringMatch {
        exact: lower(&value.exact),
        prefix: lower(&value.prefix),
        suffix: lower(&value.suffix),
        regex: value.regex.clone(),
        one_of: value.one_of.as_ref().map(|all| all.iter().map(|text| text.to_ascii_lowercase()).collect()),
        invert: value.invert,
    };
    plain(of, &value, path, problems)
}

// Names are alike in memory, so out of line it is the same code for all of them.
#[inline(never)]
fn keyed<N>(of: SubjectId, value: &KeyedMatch<N>, path: &Path<'_>, problems: &mut Problems) -> Option<Matcher> {
    let KeyedMatch { name: _, exact, prefix, suffix, regex, one_of, present, invert } = value;
    let operators = Operators {
        exact: exact.as_ref(),
        prefix: prefix.as_ref(),
        suffix: suffix.as_ref(),
        regex: regex.as_ref(),
        one_of: one_of.as_ref(),
        present: *present,
        names: "exact, prefix, suffix, regex, in, present",
    };
    let is = operators.compile(path, problems)?;
    let absence_wanted = *present == Some(false);
    Some(Matcher::Value { of, is, polarity: Polarity::inverted_if(*invert != absence_wanted) })
}

fn request_path(of: SubjectId, value: &PathMatch, path: &Path<'_>, problems: &mut Problems) -> Option<Matcher> {
    let PathMatch { exact, prefix, regex: pattern, invert } = value;
    for (name, text) in [("exact", exact), ("prefix", prefix)] {
        if let Some(text) = text.as_ref().filter(|text| !text.starts_with('/')) {
            problems.add(&path.field(name), format!("{} does not start with '/'", Quoted(text)), "an absolute path");
            return None;
        }
    }
    let is = match (exact, prefix, pattern) {
        (Some(exact), None, None) => Text::Exact(exact.as_bytes().into()),
        (None, Some(prefix), None) => Text::Segments(prefix.trim_end_matches('/').as_bytes().into()),
        (None, None, Some(pattern)) => Text::Pattern(regex(pattern, &path.field("regex"), problems)?),
        _ => {
            let count = [exact, prefix, pattern].into_iter().flatten().count();
            problems.add(path, format!("has {count} operators"), "exactly one of exact, prefix, regex");
            return None;
        }
    };
    Some(Matcher::Value { of, is, polarity: Polarity::inverted_if(*invert) })
}

fn one_of(values: &[String], path: &Path<'_>, problems: &mut Problems) -> Option<Text> {
    if values.is_empty() {
        problems.add(path, "is empty", "at least one value");
        return None;
    }
    let mut sorted: Vec<Box<[u8]>> = Vec::with_capacity(values.len());
    for value in values {
        if let Err(at) = sorted.binary_search_by(|other| (**other).cmp(value.as_bytes())) {
            sorted.insert(at, value.as_bytes().into());
        }
    }
    Some(Text::In(sorted.into()))
}

fn regex(text: &str, path: &Path<'_>, problems: &mut Problems) -> Option<Pattern> {
    if text.len() > LONGEST_PATTERN {
        problems.add(path, format!("is {} bytes long", text.len()), format!("at most {LONGEST_PATTERN} bytes"));
        return None;
    }
    let pattern = Pattern::new(text);
    if let Err(error) = &pattern {
        let allowed = "a pattern in the syntax of docs/reference/patterns.md: no look-around, no back-references";
        problems.add(path, format!("{} is no regular expression: {error}", Quoted(text)), allowed);
    }
    pattern.ok()
}

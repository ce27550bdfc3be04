//! From text to steps.

use super::{Between, Case, Class, InvalidPattern, MOST_STEPS, Pattern, Step};
use crate::matcher::Polarity;

/// The deepest nesting of groups.
const DEEPEST: usize = 50;

const DIGITS: &[(char, char)] = &[('0', '9')];
const NO_DIGITS: &[(char, char)] = &[('\0', '/'), (':', char::MAX)];
const SPACES: &[(char, char)] = &[('\t', '\r'), (' ', ' ')];
const NO_SPACES: &[(char, char)] = &[('\0', '\u{8}'), ('\u{e}', '\u{1f}'), ('!', char::MAX)];
const WORDS: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
const NO_WORDS: &[(char, char)] = &[('\0', '/'), (':', '@'), ('[', '^'), ('`', '`'), ('{', char::MAX)];

type Parsed<T> = Result<T, InvalidPattern>;

pub(super) fn parse(text: &str) -> Parsed<Pattern> {
    let mut parser = Parser { rest: text, classes: Vec::new(), case: Case::Matters, dot: Dot::Line };
    let steps = parser.alternatives(0)?;
    match parser.rest {
        "" => Ok(Pattern { steps, classes: parser.classes }),
        _ => Err(InvalidPattern("a ')' closes no group")),
    }
}

struct Parser<'t> {
    rest: &'t str,
    classes: Vec<Class>,
    case: Case,
    dot: Dot,
}

/// What a dot stands for.
#[derive(Clone, Copy)]
enum Dot {
    /// All but the end of a line.
    Line,
    /// All.
    All,
}

/// What a backslash makes of the character behind it.
enum Escaped {
    Char(char),
    Class(&'static [(char, char)]),
    Edge(Polarity),
}

impl Parser<'_> {
    fn alternatives(&mut self, depth: usize) -> Parsed<Vec<Step>> {
        let (case, dot) = (self.case, self.dot);
        let mut all = vec![self.sequence(depth)?];
        while self.took("|") {
            all.push(self.sequence(depth)?);
        }
        (self.case, self.dot) = (case, dot);
        let all = all.into_iter().rev();
        all.reduce(|others, one| either(&one, &others)).map_or_else(|| Ok(Vec::new()), bounded)
    }

    fn sequence(&mut self, depth: usize) -> Parsed<Vec<Step>> {
        let mut steps = Vec::new();
        while let Some(mut part) = self.part(depth)? {
            while let Some((least, most)) = self.repetition()? {
                part = repeated(&part, least, most)?;
            }
            steps.extend(part);
        }
        bounded(steps)
    }

    /// What may be repeated; `None` at the end of a sequence.
    fn part(&mut self, depth: usize) -> Parsed<Option<Vec<Step>>> {
        let Some(first) = self.rest.chars().next().filter(|first| !matches!(first, '|' | ')')) else {
            return Ok(None);
        };
        self.skip(first);
        let step = match first {
            '(' => return self.group(depth),
            '[' => self.class()?,
            '.' => match self.dot {
                Dot::Line => self.one(vec![('\n', '\n')], Polarity::IsNot),
                Dot::All => self.one(Vec::new(), Polarity::IsNot),
            },
            '^' => Step::Between(Between::Start),
            '$' => Step::Between(Between::End),
            '\\' => match self.escaped()? {
                Escaped::Char(char) => self.one(vec![(char, char)], Polarity::Is),
                Escaped::Class(ranges) => self.one(ranges.to_vec(), Polarity::Is),
                Escaped::Edge(polarity) => Step::Between(Between::Edge(polarity)),
            },
            '*' | '+' | '?' | '{' => return Err(InvalidPattern("nothing stands before a repetition")),
            char => self.one(vec![(char, char)], Polarity::Is),
        };
        Ok(Some(vec![step]))
    }

    fn one(&mut self, ranges: Vec<(char, char)>, polarity: Polarity) -> Step {
        self.classes.push(Class { ranges, polarity, case: self.case });
        Step::One(self.classes.len() - 1)
    }

    /// `(...)`, `(?:...)`, `(?i:...)`; and `(?i)`, which holds for what follows it in its group.
    fn group(&mut self, depth: usize) -> Parsed<Option<Vec<Step>>> {
        let (case, dot) = (self.case, self.dot);
        if self.took("?") {
            self.flags()?;
            if self.took(")") {
                return self.part(depth);
            }
            self.took(":");
        }
        if depth == DEEPEST {
            return Err(InvalidPattern("groups are nested too deeply"));
        }
        let steps = self.alternatives(depth + 1)?;
        (self.case, self.dot) = (case, dot);
        if self.took(")") { Ok(Some(steps)) } else { Err(InvalidPattern("a '(' is not closed")) }
    }

    /// The flags between `(?` and the ':' or ')' that ends them: each at most once, and at least one before a ')'.
    fn flags(&mut self) -> Parsed<()> {
        let flags = self.rest.split_inclusive([':', ')']).next().unwrap_or_default();
        let (case, dot) = match flags {
            ":" => (self.case, self.dot),
            "i:" | "i)" => (Case::Ignored, self.dot),
            "s:" | "s)" => (self.case, Dot::All),
            "is:" | "si:" | "is)" | "si)" => (Case::Ignored, Dot::All),
            _ => return Err(InvalidPattern("of groups with '?' there are (?:...), (?i) and (?s); no look-around")),
        };
        (self.case, self.dot) = (case, dot);
        self.rest = self.rest.trim_start_matches(['i', 's']);
        Ok(())
    }

    /// How often what stands before is to be there, at least and at most.
    fn repetition(&mut self) -> Parsed<Option<(usize, Option<usize>)>> {
        let times = if self.took("*") {
            (0, None)
        } else if self.took("+") {
            (1, None)
        } else if self.took("?") {
            (0, Some(1))
        } else if self.took("{") {
            let least = self.number()?;
            let most = match (self.took(","), self.rest.starts_with('}')) {
                (false, _) => Some(least),
                (true, true) => None,
                (true, false) => Some(self.number()?),
            };
            if !self.took("}") || most.is_some_and(|most| most < least) {
                return Err(InvalidPattern("a repetition is {n}, {n,} or {n,m}, with m not below n"));
            }
            (least, most)
        } else {
            return Ok(None);
        };
        // Which of several ways is tried first makes no difference to whether there is one.
        self.took("?");
        Ok(Some(times))
    }

    fn number(&mut self) -> Parsed<usize> {
        let end = self.rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest;
        digits.parse().map_err(|_| InvalidPattern("a repetition has no number, or one that is too large"))
    }

    fn class(&mut self) -> Parsed<Step> {
        let polarity = if self.took("^") { Polarity::IsNot } else { Polarity::Is };
        let mut ranges = Vec::new();
        while ranges.is_empty() || !self.took("]") {
            let member = self.member()?;
            let is_range = self.rest.starts_with('-') && !self.rest.starts_with("-]");
            match member {
                Escaped::Char(first) if is_range => {
                    self.skip('-');
                    let last = if self.rest.starts_with('-') { None } else { Some(self.member()?) };
                    match last {
                        Some(Escaped::Char(last)) if first <= last => ranges.push((first, last)),
                        _ => return Err(InvalidPattern("a range of a class goes from one character to a later one")),
                    }
                }
                Escaped::Char(char) => ranges.push((char, char)),
                Escaped::Class(class) if !is_range => ranges.extend(class),
                Escaped::Class(_) | Escaped::Edge(_) => {
                    return Err(InvalidPattern("an escape stands where a character of a class is needed"));
                }
            }
        }
        Ok(self.one(ranges, polarity))
    }

    fn member(&mut self) -> Parsed<Escaped> {
        let Some(first) = self.rest.chars().next() else {
            return Err(InvalidPattern("a '[' is not closed"));
        };
        let is_operator = ["&&", "--", "~~"].iter().any(|operator| self.rest.starts_with(operator));
        self.skip(first);
        match first {
            '\\' => self.escaped(),
            '[' | ']' => Err(InvalidPattern("in a class, '[' and ']' need a backslash")),
            _ if is_operator => {
                Err(InvalidPattern("classes have no operations, and need a backslash before '&', '-' or '~'"))
            }
            char => Ok(Escaped::Char(char)),
        }
    }

    fn escaped(&mut self) -> Parsed<Escaped> {
        let Some(escaped) = self.rest.chars().next() else {
            return Err(InvalidPattern("nothing stands behind the last backslash"));
        };
        self.skip(escaped);
        Ok(match escaped {
            'd' => Escaped::Class(DIGITS),
            'D' => Escaped::Class(NO_DIGITS),
            's' => Escaped::Class(SPACES),
            'S' => Escaped::Class(NO_SPACES),
            'w' => Escaped::Class(WORDS),
            'W' => Escaped::Class(NO_WORDS),
            'b' => Escaped::Edge(Polarity::Is),
            'B' => Escaped::Edge(Polarity::IsNot),
            'n' => Escaped::Char('\n'),
            'r' => Escaped::Char('\r'),
            't' => Escaped::Char('\t'),
            '<' | '>' => return Err(InvalidPattern("an escape is not known here")),
            char if char.is_ascii_punctuation() => Escaped::Char(char),
            _ => return Err(InvalidPattern("an escape is not known here")),
        })
    }

    fn took(&mut self, what: &str) -> bool {
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip(&mut self, char: char) {
        self.rest = self.rest.strip_prefix(char).unwrap_or(self.rest);
    }
}

/// The way over so many steps.
fn over(steps: usize) -> isize {
    // Steps are bounded.
    isize::try_from(steps).unwrap_or_default()
}

fn bounded(steps: Vec<Step>) -> Parsed<Vec<Step>> {
    if steps.len() > MOST_STEPS { Err(InvalidPattern("it has more than 2048 steps")) } else { Ok(steps) }
}

fn either(one: &[Step], other: &[Step]) -> Vec<Step> {
    [&[Step::Fork(over(one.len() + 2))], one, &[Step::Jump(over(other.len() + 1))], other].concat()
}

fn repeated(part: &[Step], least: usize, most: Option<usize>) -> Parsed<Vec<Step>> {
    let (length, optional) = (part.len(), most.map(|most| most.saturating_sub(least)));
    let copies = least.saturating_add(optional.unwrap_or(1));
    if copies.saturating_mul(length + 2) > MOST_STEPS {
        return bounded(vec![Step::Jump(1); MOST_STEPS + 1]);
    }
    let mut steps = part.repeat(least);
    if let Some(optional) = optional {
        let perhaps = [&[Step::Fork(over(length + 1))], part].concat();
        steps.extend(perhaps.repeat(optional));
    } else {
        steps.push(Step::Fork(over(length + 2)));
        steps.extend(part);
        steps.push(Step::Jump(-over(length + 1)));
    }
    Ok(steps)
}

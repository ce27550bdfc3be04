//! JSON (RFC 8259) as a tree that borrows from its bytes.
//!
//! The filter reads its configuration with this, because a general parser would be a tenth of the module: it has floats,
//! which nothing here decides by, and its values own their texts. It must not know what documents mean. Strict: whatever
//! the RFC does not allow is refused, and so is nesting that would exhaust a stack.

use std::borrow::Cow;

use crate::problem::{Path, Problems};

/// The deepest nesting of lists and objects.
const DEEPEST: usize = 128;

/// Anything that can stand in a document.
#[derive(Debug, PartialEq)]
pub(crate) enum Json<'d> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number: which one, if it is whole and from 0 to 2⁶⁴ - 1, however it is written.
    Number(Option<u64>),
    /// A text.
    Text(Cow<'d, str>),
    /// A list.
    List(Vec<Self>),
    /// The members of an object, in their order; a name may occur twice.
    Object(Vec<(Cow<'d, str>, Self)>),
}

impl<'d> Json<'d> {
    /// Reads a whole document.
    ///
    /// # Errors
    /// The one problem that the bytes are no JSON, and where.
    pub(crate) fn parse(bytes: &'d [u8]) -> Result<Self, Problems> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| no_json(format!("not JSON: no UTF-8 from byte {} on", error.valid_up_to())))?;
        let mut parser = Parser { rest: text };
        let parsed = parser.value(0).and_then(|value| {
            parser.skip_space();
            if parser.rest.is_empty() { Ok(value) } else { Err(Expected("nothing more")) }
        });
        parsed.map_err(|Expected(expected)| refused(text, parser.rest, expected))
    }
}

fn refused(text: &str, rest: &str, expected: &str) -> Problems {
    let read = text.strip_suffix(rest).unwrap_or(text);
    let (line, start) = read.bytes().fold((1, 0), |(line, column), byte| match byte {
        b'\n' => (line + 1, 0),
        _ => (line, column + 1),
    });
    let end = if rest.is_empty() { ", found EOF" } else { "" };
    no_json(format!("not JSON: expected {expected}{end} at line {line} column {}", start + 1))
}

fn no_json(found: String) -> Problems {
    let mut problems = Problems::default();
    problems.add(&Path::Root, found, "a JSON object");
    problems
}

/// What should have stood where the parser stopped.
struct Expected(&'static str);

type Parsed<T> = Result<T, Expected>;

struct Parser<'d> {
    rest: &'d str,
}

impl<'d> Parser<'d> {
    fn value(&mut self, depth: usize) -> Parsed<Json<'d>> {
        self.skip_space();
        let words = [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
        for (word, value) in words {
            if self.took(word) {
                return Ok(value);
            }
        }
        match self.rest.bytes().next() {
            Some(b'"') => self.text().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Json::Number),
            Some(b'[' | b'{') if depth == DEEPEST => Err(Expected("fewer lists and objects inside each other")),
            Some(b'[') => {
                let mut list = Vec::new();
                self.several("]", "',' or ']'", |parser| {
                    list.push(parser.value(depth + 1)?);
                    Ok(())
                })?;
                Ok(Json::List(list))
            }
            Some(b'{') => {
                let mut members = Vec::new();
                self.several("}", "',' or '}'", |parser| {
                    let name = parser.text()?;
                    parser.skip_space();
                    parser.take(":", "':'")?;
                    members.push((name, parser.value(depth + 1)?));
                    Ok(())
                })?;
                Ok(Json::Object(members))
            }
            _ => Err(Expected("a value")),
        }
    }

    /// What stands between an opening bracket and `close`, separated by commas.
    fn several(
        &mut self,
        close: &str,
        expected: &'static str,
        mut one: impl FnMut(&mut Self) -> Parsed<()>,
    ) -> Parsed<()> {
        self.skip(1);
        self.skip_space();
        if self.took(close) {
            return Ok(());
        }
        loop {
            self.skip_space();
            one(self)?;
            self.skip_space();
            if self.took(close) {
                return Ok(());
            }
            self.take(",", expected)?;
        }
    }

    fn text(&mut self) -> Parsed<Cow<'d, str>> {
        self.take("\"", "a text in quotes")?;
        let mut unescaped = String::new();
        loop {
            let plain = self.skip_while(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
            if self.took("\"") {
                return Ok(if unescaped.is_empty() { plain.into() } else { (unescaped + plain).into() });
            }
            self.take("\\", "a closing quote, and no control characters before it")?;
            unescaped.push_str(plain);
            unescaped.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Parsed<char> {
        const ESCAPES: [(&str, char); 8] = [
            ("\"", '"'),
            ("\\", '\\'),
            ("/", '/'),
            ("b", '\u{8}'),
            ("f", '\u{c}'),
            ("n", '\n'),
            ("r", '\r'),
            ("t", '\t'),
        ];
        if let Some((_, char)) = ESCAPES.into_iter().find(|(escape, _)| self.took(escape)) {
            return Ok(char);
        }
        self.take("u", "an escape of JSON")?;
        let mut code = self.four_digits()?;
        // The first half of a character beyond U+FFFF, in UTF-16; a half alone is none.
        if (0xd800..0xdc00).contains(&code) && self.took("\\u") {
            let second = self.four_digits()?.wrapping_sub(0xdc00);
            code = if second < 0x400 { 0x1_0000 + ((code - 0xd800) << 10) + second } else { code };
        }
        char::from_u32(code).ok_or(Expected("a whole character"))
    }

    fn four_digits(&mut self) -> Parsed<u32> {
        (0..4).try_fold(0, |code, _| {
            let digit = self.rest.chars().next().and_then(|char| char.to_digit(16));
            self.skip(usize::from(digit.is_some()));
            Ok(code * 16 + digit.ok_or(Expected("four hexadecimal digits"))?)
        })
    }

    fn number(&mut self) -> Parsed<Option<u64>> {
        let negative = self.took("-");
        let zero_first = self.rest.starts_with('0');
        let whole = self.digits()?;
        if zero_first && whole.len() > 1 {
            return Err(Expected("no zero in front"));
        }
        let fraction = if self.took(".") { self.digits()? } else { "" };
        let exponent = if self.took("e") || self.took("E") { self.exponent()? } else { 0 };
        Ok(whole_number(whole, fraction, exponent).filter(|number| !negative || *number == 0))
    }

    fn digits(&mut self) -> Parsed<&'d str> {
        let digits = self.skip_while(|byte| byte.is_ascii_digit());
        if digits.is_empty() { Err(Expected("a digit")) } else { Ok(digits) }
    }

    /// The exponent of a number; those beyond any use are cut short.
    fn exponent(&mut self) -> Parsed<i64> {
        let sign = if self.took("-") { -1 } else { 1 };
        if sign == 1 {
            self.took("+");
        }
        let size = self.digits()?.bytes().fold(0, |size, byte| (size * 10 + i64::from(byte - b'0')).min(1 << 40));
        Ok(sign * size)
    }

    fn skip_space(&mut self) {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    fn skip_while(&mut self, fits: impl Fn(u8) -> bool) -> &'d str {
        let length = self.rest.bytes().position(|byte| !fits(byte)).unwrap_or(self.rest.len());
        self.skip(length)
    }

    fn skip(&mut self, length: usize) -> &'d str {
        let (skipped, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        skipped
    }

    fn take(&mut self, what: &str, expected: &'static str) -> Parsed<()> {
        if self.took(what) { Ok(()) } else { Err(Expected(expected)) }
    }

    fn took(&mut self, what: &str) -> bool {
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

/// The number that is written as `whole.fraction` × 10^`exponent`, exactly; `None` if it is not whole, or too large.
fn whole_number(whole: &str, fraction: &str, exponent: i64) -> Option<u64> {
    let mut significant = 0_u64;
    let mut zeros = 0_u32;
    for byte in whole.bytes().chain(fraction.bytes()) {
        zeros += 1;
        if byte != b'0' {
            significant = significant.checked_mul(10_u64.checked_pow(zeros)?)?.checked_add(u64::from(byte - b'0'))?;
            zeros = 0;
        }
    }
    if significant == 0 {
        return Some(0);
    }
    let places = exponent + i64::from(zeros) - i64::try_from(fraction.len()).ok()?;
    significant.checked_mul(10_u64.checked_pow(u32::try_from(places).ok()?)?)
}

#[cfg(test)]
mod tests;

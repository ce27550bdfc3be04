//! YAML (and JSON, which is YAML) with the line of every value kept.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::{Spanned, UserMessageFormatter};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The line in the file, from 1. Members of an object stand where their key does.
    line: u64,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Scalar(Value),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Reads all documents of a file; empty ones are left out.
    ///
    /// # Errors
    /// The first problem of syntax: its line, where known, and what is wrong.
    pub(super) fn read(text: &str) -> Result<Vec<Self>, (Option<u64>, String)> {
        // YAML 1.2: `yes`, `on` and `y` are texts, which is what a header value of that kind is meant to be.
        let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
        serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
            (error.location().map(|location| location.line()), error.render_with_formatter(&UserMessageFormatter))
        })
    }

    /// The line of what stands at `path`, as in `spec.rules[0].when`, or of the innermost part of it that is there.
    pub(super) fn line_of(&self, path: &str) -> u64 {
        let mut node = self;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            let next = match &node.content {
                Content::Scalar(_) => None,
                Content::List(elements) => {
                    let place = step.strip_suffix(']').and_then(|place| place.parse::<usize>().ok());
                    place.and_then(|place| elements.get(place))
                }
                Content::Object(_) => node.member(step),
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node.line
    }

    /// A member of this object.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match &self.content {
            Content::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, member)| member),
            Content::Scalar(_) | Content::List(_) => None,
        }
    }

    /// The text of a member of this object.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match &self.member(name)?.content {
            Content::Scalar(Value::String(text)) => Some(text),
            Content::Scalar(_) | Content::List(_) | Content::Object(_) => None,
        }
    }

    /// The names of the members of this object; none when it is something else.
    pub(super) fn members(&self) -> impl Iterator<Item = &str> {
        let members = match &self.content {
            Content::Object(members) => members.as_slice(),
            Content::Scalar(_) | Content::List(_) => &[],
        };
        members.iter().map(|(key, _)| key.as_str())
    }

    /// The value without its places.
    pub(super) fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(elements) => elements.iter().map(Self::value).collect(),
            Content::Object(members) => members.iter().map(|(key, node)| (key.clone(), node.value())).collect(),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Self { line: spanned.referenced.line(), content: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Content, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number that is finite is allowed"))?;
        Ok(Content::Scalar(Value::Number(number)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Content, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Content::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut members = Vec::new();
        while let Some((key, node)) = map.next_entry::<Spanned<String>, Node>()? {
            members.push((key.value, Node { line: key.referenced.line(), ..node }));
        }
        Ok(Content::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "# a comment\n---\nkind: Lane\nspec:\n  rules:\n  - name: one\n  - name: two\n    when:\n      header: {name: x, exact: \"10\"}\n---\n---\nkind: GrayRelease\nspec: {weight: 0.05}\n";

    #[test]
    fn every_value_knows_its_line_in_the_file() {
        let documents = Node::read(TWO).unwrap();
        let [lane, release] = documents.as_slice() else { panic!("{documents:?}") };
        assert_eq!(lane.line_of(""), 3);
        assert_eq!(lane.line_of("spec.rules[1]"), 7);
        assert_eq!(lane.line_of("spec.rules[1].when.header.exact"), 9);
        assert_eq!(lane.line_of("spec.rules[1].weight"), 7, "what is missing is told where it is missed");
        assert_eq!(release.line_of("spec.weight"), 13);
    }

    #[test]
    fn values_are_those_of_json() {
        let documents = Node::read(TWO).unwrap();
        assert_eq!(documents[1].value(), serde_json::json!({"kind": "GrayRelease", "spec": {"weight": 0.05}}));
        let json = r#"{"kind": "Lane", "list": [1, -2, true, null, "x"]}"#;
        assert_eq!(Node::read(json).unwrap()[0].value(), serde_json::from_str::<Value>(json).unwrap());
    }

    #[test]
    fn only_true_and_false_are_booleans() {
        assert_eq!(Node::read("[yes, on, y, true]").unwrap()[0].value(), serde_json::json!(["yes", "on", "y", true]));
    }

    #[test]
    fn broken_syntax_is_told_with_its_line() {
        for text in ["kind: Lane\nspec: [1, 2\n", "a: 1\na: 2\n", "a: *b\n"] {
            let (line, found) = Node::read(text).unwrap_err();
            assert!(line.is_some() && !found.is_empty(), "{text:?}: {line:?} {found}");
        }
    }
}

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// What we have read, in the form of a general parser, which keeps the last of members with one name.
fn own(json: &Json<'_>) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => json!({"whole number": number}),
        Json::Text(text) => text.as_ref().into(),
        Json::List(elements) => elements.iter().map(own).collect(),
        Json::Object(members) => members.iter().map(|(name, value)| (name.clone().into_owned(), own(value))).collect(),
    }
}

/// What a general parser has read, as far as we read it.
fn general(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            json!({"whole number": number.as_u64().or_else(|| number.as_f64().and_then(crate::integer::whole))})
        }
        Value::Array(elements) => elements.iter().map(general).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), general(value))).collect(),
        other => other.clone(),
    }
}

/// Whether both parsers take `text`, and then make the same of it.
fn agree(text: &str) -> bool {
    let both = (Json::parse(text.as_bytes()).ok(), serde_json::from_str::<Value>(text).ok());
    assert_eq!(both.0.as_ref().map(own), both.1.as_ref().map(general), "{text}");
    both.0.is_some()
}

/// Whether a number in `text` may be one that a double can not hold, which a general parser rounds or refuses.
fn is_beyond_doubles(text: &str) -> bool {
    let mut numbers = text.split(|char: char| !matches!(char, '0'..='9' | '.' | '+' | '-' | 'e' | 'E'));
    numbers.any(|number| {
        let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, ""));
        digits.len() > 15 || exponent.len() > 2
    })
}

fn problem(bytes: &[u8]) -> String {
    Json::parse(bytes).unwrap_err().to_string()
}

#[test]
fn what_the_rfc_allows_is_taken() {
    for text in [
        "null",
        " true ",
        "false",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "[1,[2,{}]]",
        r#"{"a":{"b":[null]},"c":0}"#,
        "\t\r\n[1 , 2]\n",
        r#""""#,
        r#""a""#,
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u00e4\u4F60\ud83d\ude00x""#,
        "\"ä你😀\u{7f}\"",
        r#"{"\u0061":1}"#,
        "0",
        "-0",
        "7",
        "-7",
        "10000",
        "10000.0",
        "1e4",
        "1E+4",
        "1.5",
        "0.5e1",
        "100e-2",
        "10e-2",
        "0.0",
        "0e9",
        "1e300",
        "9007199254740991",
        "18446744073709551615",
        "0.00000000000000000000000000000000",
    ] {
        assert!(agree(text), "{text}");
    }
}

#[test]
fn what_the_rfc_does_not_allow_is_refused() {
    for text in [
        "",
        " ",
        "nul",
        "nullx",
        "True",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":1}",
        "1 1",
        "{}{}",
        "\u{feff}{}",
        "'a'",
        "\"",
        "\"a",
        "\"\n\"",
        "\"\u{1f}\"",
        r#""\x""#,
        r#""\"#,
        r#""\u12""#,
        r#""\u12g4""#,
        r#""\u+123""#,
        r#""\ud800""#,
        r#""\ud800a""#,
        r#""\ud800\u0061""#,
        r#""\udc00""#,
        "-",
        "+1",
        "01",
        "-01",
        "00",
        "1.",
        ".1",
        "1e",
        "1e+",
        "0x1",
        "1.e1",
        "--1",
        "NaN",
        "Infinity",
        "/**/1",
        "[1]]",
    ] {
        assert!(!agree(text), "{text}");
    }
}

#[test]
fn numbers_are_read_exactly_where_doubles_are_not() {
    for (text, number) in [
        ("0.99999999999999999999", None),
        ("18446744073709551614.0", Some(u64::MAX - 1)),
        ("1e19", Some(10_000_000_000_000_000_000)),
        ("18446744073709551616", None),
        ("1e20", None),
        ("1e99999999999999999999", None),
        ("0e99999999999999999999", Some(0)),
        ("1e-400", None),
        ("479.5e-0798", None),
        ("0.1e0310", None),
        ("1e-99999999999999999999", None),
    ] {
        assert_eq!(Json::parse(text.as_bytes()), Ok(Json::Number(number)), "{text}");
    }
}

#[test]
fn nesting_ends_somewhere() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Json::parse(nested(DEEPEST).as_bytes()).is_ok());
    assert!(
        problem(nested(DEEPEST + 1).as_bytes())
            .contains("expected fewer lists and objects inside each other at line 1 column 129")
    );
    assert!(Json::parse("{\"a\":".repeat(1_000_000).as_bytes()).is_err());
}

#[test]
fn a_refusal_tells_where_and_what_was_expected() {
    for (bytes, told) in [
        (&b""[..], "expected a value, found EOF at line 1 column 1"),
        (b"{\"a", "expected a closing quote, and no control characters before it, found EOF at line 1 column 4"),
        (b"{\n  \"a\": 1\n  \"b\": 2}", "expected ',' or '}' at line 3 column 3"),
        (b"{} {}", "expected nothing more at line 1 column 4"),
        (b"{}\xff", "no UTF-8 from byte 2 on"),
    ] {
        assert_eq!(problem(bytes), format!("not JSON: {told}; allowed: a JSON object"));
    }
}

proptest! {
    #[test]
    fn texts_near_json_are_read_as_a_general_parser_reads_them(
        text in r#"([\[\]{}:, \n]|"[a\\\\"u0-9d]{0,6}"|-?[0-9]{1,3}(\.[0-9]{1,2})?([eE][+-]?[0-9])?|null|true|false){0,12}"#
    ) {
        if !is_beyond_doubles(&text) {
            agree(&text);
        }
    }

    #[test]
    fn no_bytes_make_parsing_fail(bytes: Vec<u8>) {
        let _ = Json::parse(&bytes);
    }
}

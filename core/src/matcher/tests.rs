use std::cell::Cell;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::compile::compile;
use super::*;
use crate::config::{Condition, HeaderNames};
use crate::name::ClaimName;
use crate::problem::{Path, Problems};
use crate::request::{Headers, Line, Request};
use crate::view::View;

fn compiled(condition: Value) -> Result<(Matcher, Subjects), Problems> {
    let condition: Condition = serde_json::from_value(condition).unwrap();
    let (mut subjects, mut problems) = (Subjects::default(), Problems::default());
    let matcher = compile(&condition, &Path::Root, &mut subjects, &mut problems);
    problems.or(()).map(|()| (matcher.unwrap(), subjects))
}

fn problems(condition: Value) -> Vec<(String, String)> {
    compiled(condition).unwrap_err().into_iter().map(|problem| (problem.path, problem.allowed)).collect()
}

fn holds(condition: Value, headers: &Headers) -> bool {
    let lines: Vec<_> = headers.headers().collect();
    let (matcher, subjects) = compiled(condition).unwrap();
    matcher.matches(&Values::new(&subjects, &View::of(headers, &lines, &HeaderNames::default())))
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!({"method": {"exact": "GET"}}), |inner, _| json!({"not": inner}))
}

#[test]
fn a_condition_that_can_not_be_meant_is_a_problem_at_its_place() {
    for (condition, path, allowed) in [
        (json!({"all": []}), "all", "at least one condition"),
        (json!({"any": [{"not": {"all": []}}]}), "any[0].not.all", "at least one condition"),
        (json!({"method": {}}), "method", "exactly one of exact, prefix, suffix, regex, in"),
        (json!({"header": {"name": "a"}}), "header", "exactly one of exact, prefix, suffix, regex, in, present"),
        (json!({"cookie": {"name": "a", "exact": "b", "present": true}}), "cookie", "exactly one of"),
        (json!({"path": {"exact": "/a", "regex": "/b"}}), "path", "exactly one of exact, prefix, regex"),
        (json!({"path": {"prefix": "a"}}), "path.prefix", "an absolute path"),
        (json!({"path": {"exact": ""}}), "path.exact", "an absolute path"),
        (json!({"query": {"name": "a", "prefix": ""}}), "query.prefix", "at least one character"),
        (json!({"header": {"name": "a", "suffix": ""}}), "header.suffix", "at least one character"),
        (json!({"claim": {"name": "a", "in": []}}), "claim.in", "at least one value"),
        (json!({"host": {"regex": "("}}), "host.regex", "a pattern in the syntax of"),
        (json!({"host": {"regex": "a)(b"}}), "host.regex", "a pattern in the syntax of"),
        (json!({"header": {"name": "a", "regex": "(?=a)"}}), "header.regex", "no look-around"),
        (json!({"header": {"name": "a", "regex": "x".repeat(1_001)}}), "header.regex", "at most 1000 bytes"),
        (json!({"header": {"name": "a", "regex": "(((a{100}){100}){100}){100}"}}), "header.regex", "a pattern"),
    ] {
        let found = problems(condition.clone());
        assert_eq!(found.len(), 1, "{condition}: {found:?}");
        assert_eq!(found[0].0, path, "{condition}");
        assert!(found[0].1.contains(allowed), "{condition}: {found:?}");
    }
}

#[test]
fn every_member_of_a_group_is_looked_at_even_after_a_problem() {
    let condition = json!({"all": [{"any": []}, {"method": {"exact": "GET"}}, {"host": {"regex": "["}}]});
    let paths: Vec<String> = problems(condition).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["all[0].any", "all[2].host.regex"]);
}

#[test]
fn sixteen_levels_are_allowed_and_no_more() {
    assert!(compiled(nested(16)).is_ok());
    assert_eq!(problems(nested(17))[0].1, "at most 16 levels");
}

#[test]
fn a_value_too_long_for_a_pattern_does_not_match_it() {
    let condition = json!({"header": {"name": "a", "regex": "a*"}});
    let of = |length: usize| Headers::from([("a", "a".repeat(length))]);
    assert!(holds(condition.clone(), &of(8 * 1024)));
    assert!(!holds(condition, &of(8 * 1024 + 1)));
}

#[test]
fn a_pattern_takes_lines_for_what_they_are() {
    let condition = json!({"header": {"name": "a", "regex": "a"}});
    for value in ["a\n", "\na", "a\nb"] {
        assert!(!holds(condition.clone(), &Headers::from([("a", value)])), "{value:?}");
    }
}

#[test]
fn a_subject_is_looked_up_once_however_many_conditions_look_at_it() {
    struct Counting(Cell<u32>);
    impl Request for Counting {
        fn headers(&self) -> impl Iterator<Item = Line<'_>> {
            std::iter::empty()
        }
        fn claim(&self, name: &ClaimName) -> Option<Vec<u8>> {
            self.0.update(|asked| asked + 1);
            (name.as_str() == "team").then(|| b"blue".to_vec())
        }
    }
    let team = |exact: &str| json!({"claim": {"name": "team", "exact": exact}});
    let role = json!({"claim": {"name": "role", "present": true}});
    let (matcher, subjects) =
        compiled(json!({"all": [{"not": team("red")}, {"not": role}, team("blue"), {"any": [role, team("blue")]}]}))
            .unwrap();
    let request = Counting(Cell::new(0));
    assert!(matcher.matches(&Values::new(&subjects, &View::of(&request, &[], &HeaderNames::default()))));
    assert_eq!(request.0.get(), 2, "one time for each claim");
}

/// A header with any value, and an operator with any text, which are equal now and then.
fn value_and_text() -> impl Strategy<Value = (String, String)> {
    prop_oneof![("[a-c]{0,4}", "[a-c]{1,4}"), ".{0,8}".prop_map(|text| (text.clone(), format!("{text}a")))]
}

proptest! {
    #[test]
    fn operators_mean_what_they_mean_for_texts((value, text) in value_and_text()) {
        let headers = Headers::from([("h", &value)]);
        let with = |operator: &str, operand: Value| holds(json!({"header": {"name": "h", operator: operand}}), &headers);
        prop_assert_eq!(with("exact", json!(text)), value == text);
        prop_assert_eq!(with("prefix", json!(text)), value.starts_with(&text));
        prop_assert_eq!(with("suffix", json!(text)), value.ends_with(&text));
        prop_assert_eq!(with("in", json!(["ab", text, "c"])), ["ab", &text, "c"].contains(&value.as_str()));
        prop_assert_eq!(with("regex", json!(regex_lite::escape(&text))), value == text);
        prop_assert!(with("present", json!(true)) && !with("present", json!(false)));
    }

    #[test]
    fn inverted_is_not_and_groups_are_those_of_logic(values in prop::collection::vec("[a-c]", 0..3), text in "[a-c]", other in "[a-c]") {
        let headers: Headers = values.iter().map(|value| ("h", value)).collect();
        let is = |text: &str, invert: bool| json!({"header": {"name": "h", "exact": text, "invert": invert}});
        let holds = |condition: Value| holds(condition, &headers);
        let (one, two) = (is(&text, false), is(&other, false));
        prop_assert_eq!(holds(one.clone()), values.contains(&text));
        prop_assert_eq!(holds(is(&text, true)), !holds(one.clone()));
        prop_assert_eq!(holds(json!({"not": one})), !holds(one.clone()));
        prop_assert_eq!(holds(json!({"all": [one, two]})), holds(one.clone()) && holds(two.clone()));
        prop_assert_eq!(holds(json!({"any": [one, two]})), holds(one.clone()) || holds(two.clone()));
        let neither = json!({"all": [{"not": one}, {"not": two}]});
        prop_assert_eq!(holds(json!({"not": {"any": [one, two]}})), holds(neither));
    }

    #[test]
    fn a_path_prefix_takes_itself_and_what_is_below(segments in prop::collection::vec("[a-c]{1,2}", 1..5), length in 0..5_usize) {
        let length = length.min(segments.len());
        let path = format!("/{}", segments.join("/"));
        let prefix = format!("/{}", segments[..length].join("/"));
        let headers = |path: &str| Headers::from([(":path", path)]);
        let condition = json!({"path": {"prefix": prefix}});
        prop_assert!(holds(condition.clone(), &headers(&path)));
        let below = format!("{path}/more?x#y");
        prop_assert!(holds(condition.clone(), &headers(&below)));
        if length > 0 {
            let beside = format!("{prefix}x");
            prop_assert!(!holds(condition, &headers(&beside)));
        }
    }
}

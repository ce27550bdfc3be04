use serde::Deserialize;

use super::*;
use crate::name::LaneName;
use crate::percentage::Percentage;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer {
    #[expect(dead_code, reason = "only read")]
    lane: LaneName,
    #[expect(dead_code, reason = "only read")]
    list: Vec<Inner>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    #[expect(dead_code, reason = "only read")]
    weight: Percentage,
    #[expect(dead_code, reason = "only read")]
    lane: LaneName,
}

fn paths(document: Value) -> Vec<String> {
    from_value::<Outer>(document).unwrap_err().iter().map(|problem| problem.path.clone()).collect()
}

#[test]
fn a_sound_document_is_read() {
    assert!(from_value::<Outer>(json!({"lane": "a", "list": [{"weight": 5, "lane": "b"}]})).is_ok());
}

#[test]
fn every_problem_is_told_once_at_its_place_in_the_document_as_it_was_given() {
    let document = json!({
        "lane": "A",
        "lanes": [],
        "list": [5, {"weight": 101, "lane": "b"}, {"lane": "c"}, {"weight": "1%", "lane": 7, "x": 1}]
    });
    let mut paths = paths(document);
    paths.sort();
    let expected = ["lane", "lanes", "list[0]", "list[1].weight", "list[2]", "list[3].lane", "list[3].x"];
    assert_eq!(paths, expected);
}

#[test]
fn what_is_no_object_at_all_is_one_problem() {
    assert_eq!(paths(json!(5)), [""]);
}

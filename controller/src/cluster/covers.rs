//! Whether an object has what we want of it.

use serde_json::Value;

/// Whether `live` says all that `wanted` says. What else an object says is its other writers' business; lists are taken
/// as a whole, as API servers do with those of Istio.
pub(super) fn covers(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| live.get(name).is_some_and(|live| covers(live, wanted)))
        }
        (Value::Array(live), Value::Array(wanted)) => {
            live.len() == wanted.len() && live.iter().zip(wanted).all(|(live, wanted)| covers(live, wanted))
        }
        (Value::Number(live), Value::Number(wanted)) => live.as_f64() == wanted.as_f64(),
        (live, wanted) => live == wanted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn foreign_members_do_not_matter_and_ours_do() {
        let live = json!({"a": 1, "b": {"c": [1, 2]}, "foreign": true});
        assert!(covers(&live, &json!({"a": 1.0, "b": {"c": [1, 2]}})));
        for wanted in [json!({"a": 2}), json!({"b": {"c": [1]}}), json!({"d": null})] {
            assert!(!covers(&live, &wanted), "{wanted}");
        }
    }
}

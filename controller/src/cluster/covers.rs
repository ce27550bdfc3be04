//! Whether an object has what we want of it.

use serde_json::{Map, Value};

/// What may be in the elements of a list that we wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Elements {
    /// More than we said: API servers add defaults.
    Defaulted,
    /// What we said: whatever there is more has come from somebody else.
    AsWritten,
}

/// Whether `live` says all that `wanted` says. What else an object says is its other writers' business; lists are taken
/// as a whole, as API servers do with those of Istio.
pub(super) fn covers(live: &Value, wanted: &Value, elements: Elements) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| live.get(name).is_some_and(|live| covers(live, wanted, elements)))
        }
        (Value::Array(live), Value::Array(wanted)) => {
            let same = |(live, wanted): (&Value, &Value)| match elements {
                Elements::Defaulted => covers(live, wanted, elements),
                Elements::AsWritten => is_same(live, wanted),
            };
            live.len() == wanted.len() && live.iter().zip(wanted).all(same)
        }
        (live, wanted) => is_same(live, wanted),
    }
}

/// Whether both say the same; Istio makes doubles of numbers.
pub(super) fn is_same(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => {
            live.len() == wanted.len()
                && wanted.iter().all(|(name, wanted)| live.get(name).is_some_and(|live| is_same(live, wanted)))
        }
        (Value::Array(live), Value::Array(wanted)) => {
            live.len() == wanted.len() && live.iter().zip(wanted).all(|(live, wanted)| is_same(live, wanted))
        }
        (Value::Number(live), Value::Number(wanted)) => live.as_f64() == wanted.as_f64(),
        (live, wanted) => live == wanted,
    }
}

/// The merge patch (RFC 7386) that takes out of `live` every member that `wanted` has not; `None`: there is none.
pub(super) fn removal(live: &Value, wanted: &Value) -> Option<Value> {
    let (Value::Object(live), Value::Object(wanted)) = (live, wanted) else { return None };
    let foreign = live.iter().filter_map(|(name, live)| match wanted.get(name) {
        None => Some((name.clone(), Value::Null)),
        Some(wanted) => removal(live, wanted).map(|removal| (name.clone(), removal)),
    });
    let foreign: Map<String, Value> = foreign.collect();
    (!foreign.is_empty()).then_some(Value::Object(foreign))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn foreign_members_do_not_matter_and_ours_do() {
        let live = json!({"a": 1, "b": {"c": [1, 2]}, "foreign": true});
        assert!(covers(&live, &json!({"a": 1.0, "b": {"c": [1, 2]}}), Elements::AsWritten));
        for wanted in [json!({"a": 2}), json!({"b": {"c": [1]}}), json!({"d": null})] {
            assert!(!covers(&live, &wanted, Elements::AsWritten), "{wanted}");
        }
    }

    #[test]
    fn foreign_members_of_elements_matter_where_nobody_adds_defaults() {
        let (live, wanted) = (json!([{"a": 1, "default": true}]), json!([{"a": 1}]));
        assert!(covers(&live, &wanted, Elements::Defaulted));
        assert!(!covers(&live, &wanted, Elements::AsWritten));
    }

    #[test]
    fn a_removal_names_what_is_foreign_and_nothing_else() {
        let live = json!({"a": 1, "b": {"c": 1, "x": {"y": 1}}, "z": []});
        assert_eq!(removal(&live, &json!({"a": 2, "b": {"c": 1}})), Some(json!({"b": {"x": null}, "z": null})));
        assert_eq!(removal(&live, &live), None);
    }
}

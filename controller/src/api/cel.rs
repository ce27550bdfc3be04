//! The rules that an API server checks at admission, in CEL, each with the field at fault.
//!
//! They say what CEL says simply about one object. The planner says the same and more, and has the last word.

use serde_json::{Value, json};

/// A strict lane with a fallback contradicts itself.
pub(super) fn strict_lanes_do_not_fall_back() -> Value {
    json!({
        "rule": "!has(self.isolation) || self.isolation != 'strict' || !has(self.fallback) || size(self.fallback) == 0",
        "message": "a strict lane never falls back: no fallback, or isolation permissive",
        "fieldPath": ".fallback"
    })
}

/// `base` is how "in no lane" is written.
pub(super) fn base_is_no_lane() -> Value {
    json!({
        "rule": "!has(self.lane) || self.lane != 'base'",
        "message": "base is reserved for no lane",
        "fieldPath": ".lane"
    })
}

/// The name that the rule of the object's own weight has.
pub(super) fn weight_is_no_rule() -> Value {
    json!({
        "rule": "self.name != 'weight'",
        "message": "weight is the name of the rule that the object's own weight becomes",
        "fieldPath": ".name"
    })
}

/// Where all weights are whole numbers. Texts such as `"0.05%"` are added up by the planner: what CEL would cost to read
/// them exceeds what an API server allows, which counts every one as being as long as a whole request.
pub(super) fn weights_are_100_percent() -> Value {
    json!({
        "rule": "self.exists(w, type(w.weight) != int) || self.map(w, int(w.weight)).sum() == 100",
        "message": "the weights must add up to 100%"
    })
}

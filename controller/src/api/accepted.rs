//! What an object said when that was accepted last.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What the object said when that was accepted last. It stays in force while what the object says now is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accepted<S> {
    /// The generation of the object that said so.
    pub generation: i64,
    /// What it said.
    #[schemars(schema_with = "as_the_spec")]
    pub spec: S,
}

/// The schema of the spec was held against it already, by whoever accepted it.
fn as_the_spec(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

impl<S: Clone + PartialEq> Accepted<S> {
    /// Notes in `known` that `spec` was accepted, as what an object of `generation` says.
    pub fn note(known: &mut Option<Self>, generation: i64, spec: &S) {
        if !known.as_ref().is_some_and(|known| known.generation == generation && known.spec == *spec) {
            *known = Some(Self { generation, spec: spec.clone() });
        }
    }
}

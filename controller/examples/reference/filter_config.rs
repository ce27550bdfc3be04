//! The JSON Schema of a filter's configuration, for editors and for whoever writes one by hand.

use graylane_core::FilterConfig;
use graylane_core::config::Condition;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// What custom resources have in place of a condition within a condition, for their schemas can not refer to themselves.
const OPEN: &str = "x-kubernetes-preserve-unknown-fields";

/// The page.
pub(crate) fn page() -> String {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let condition = generator.subschema_for::<Condition>();
    let mut schema = generator.into_root_schema_for::<FilterConfig>().to_value();
    if let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        definitions.insert("Condition".to_owned(), condition.to_value());
    }
    close(&mut schema);
    format!("{schema:#}\n")
}

/// Lets conditions within conditions be conditions, of which each has exactly the members that are known.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) if members.contains_key(OPEN) => *schema = json!({"$ref": "#/$defs/Condition"}),
        Value::Object(members) => {
            if members.contains_key("maxProperties") {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

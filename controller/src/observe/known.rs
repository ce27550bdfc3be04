//! Objects written for a later version of Graylane.
//!
//! An upgrade installs new definitions before it replaces the controller, and a way back leaves them: for a while objects
//! have fields that the controller does not know. Left out altogether, a release would look deleted and its traffic would
//! move; so only the fields are left out, as an API server with the older definition would have done ("pruning", in the
//! Kubernetes documentation of custom resources).

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::api::DynamicObject;
use kube::{CustomResourceExt, ResourceExt};
use serde_json::Value;
use tracing::warn;

/// Where an object keeps what it said when that was accepted last, which no schema describes again.
const ACCEPTED: &str = "/status/accepted/spec";

/// What a definition of ours has below the root of its objects.
#[derive(Debug)]
pub(super) struct Known(BTreeMap<String, JSONSchemaProps>);

impl Known {
    /// What the definition of `T` has.
    pub(super) fn of<T: CustomResourceExt>() -> Self {
        let schemas = T::crd().spec.versions.into_iter().next().and_then(|version| version.schema);
        Self(schemas.and_then(|schemas| schemas.open_api_v3_schema?.properties).unwrap_or_default())
    }

    /// Leaves out of an object what the definition does not have, and says so.
    pub(super) fn keep(&self, object: &mut DynamicObject) {
        let mut unknown = Vec::new();
        for (name, schema) in &self.0 {
            if let Some(part) = object.data.get_mut(name) {
                prune(part, schema, name, &mut unknown);
            }
        }
        if let (Some(schema), Some(part)) = (self.0.get("spec"), object.data.pointer_mut(ACCEPTED)) {
            prune(part, schema, "status.accepted.spec", &mut unknown);
        }
        if !unknown.is_empty() {
            let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
            let fields = unknown.join(", ");
            warn!(
                namespace,
                name,
                fields,
                "fields are not known to this version of the controller and count as absent; is it to be upgraded?"
            );
        }
    }
}

fn prune(value: &mut Value, schema: &JSONSchemaProps, path: &str, unknown: &mut Vec<String>) {
    if schema.x_kubernetes_preserve_unknown_fields == Some(true) {
        return;
    }
    match value {
        Value::Object(members) => {
            let known = schema.properties.as_ref();
            let others = match &schema.additional_properties {
                Some(JSONSchemaPropsOrBool::Schema(others)) => Some(others.as_ref()),
                Some(JSONSchemaPropsOrBool::Bool(_)) => return,
                None => None,
            };
            if known.is_none() && others.is_none() {
                return;
            }
            members.retain(|name, member| {
                let path = format!("{path}.{name}");
                let schema = known.and_then(|known| known.get(name)).or(others);
                match schema {
                    Some(schema) => prune(member, schema, &path, unknown),
                    None => unknown.push(path),
                }
                schema.is_some()
            });
        }
        Value::Array(items) => {
            if let Some(JSONSchemaPropsOrArray::Schema(schema)) = &schema.items {
                for (index, item) in items.iter_mut().enumerate() {
                    prune(item, schema, &format!("{path}[{index}]"), unknown);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use graylane_core::diagnose;
    use serde_json::json;

    use super::*;
    use crate::api::GrayRelease;

    fn release(change: impl FnOnce(&mut Value)) -> DynamicObject {
        let mut object = json!({
            "apiVersion": "graylane.io/v1alpha1",
            "kind": "GrayRelease",
            "metadata": {"name": "checkout", "namespace": "shop", "labels": {"any": "thing"}},
            "spec": {
                "workloads": [{"service": "cart", "deployment": "cart"}],
                "rules": [{"name": "r", "when": {"not": {"header": {"name": "a", "exact": "b"}}}}],
                "strategy": {"canary": {"steps": [{"setWeight": 10}, {"pause": {}}]}},
            },
            "status": {"phase": "Pausing", "proxies": {"total": 3}},
        });
        change(&mut object);
        serde_json::from_value(object).unwrap()
    }

    fn read(object: &DynamicObject) -> GrayRelease {
        diagnose::from_value(serde_json::to_value(object).unwrap()).unwrap()
    }

    #[test]
    fn fields_of_a_later_version_count_as_absent_and_the_release_stays() {
        let mut later = release(|object| {
            object["spec"]["onSomethingNew"] = json!("Hold");
            object["spec"]["workloads"][0]["kind"] = json!("StatefulSet");
            object["spec"]["strategy"]["canary"]["steps"][1]["pause"] = json!({"until": "noon"});
            object["status"]["proxies"]["weather"] = json!({"is": "fine"});
            object["status"]["accepted"] = json!({"generation": 1, "spec": object["spec"]});
        });
        Known::of::<GrayRelease>().keep(&mut later);
        let earlier = release(|object| {
            object["status"]["accepted"] = json!({"generation": 1, "spec": object["spec"]});
        });
        assert_eq!(read(&later), read(&earlier));
    }

    #[test]
    fn what_is_known_stays_as_it_is() {
        let mut object = release(|_| {});
        Known::of::<GrayRelease>().keep(&mut object);
        assert_eq!(serde_json::to_value(&object).unwrap(), serde_json::to_value(release(|_| {})).unwrap());
    }
}
